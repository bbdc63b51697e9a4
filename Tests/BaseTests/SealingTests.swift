import Testing

@testable import Base

@Suite("Sealing and password hashes")
struct SealingTests {
    private func key(_ byte: UInt8) throws -> SealingKey { try #require(SealingKey([UInt8](repeating: byte, count: 32))) }

    @Test("what is sealed opens again, and no two seals are alike")
    func roundTrip() throws {
        let sealer = Sealer(current: try key(1), random: .system)
        for plain in [[], [7], Array("a secret".utf8)] as [[UInt8]] {
            let sealed = sealer.seal(plain, context: "here")
            #expect(try sealer.open(sealed, context: "here") == plain)
            #expect(SealedValue(text: sealed.text) == sealed)
            #expect(sealer.seal(plain, context: "here") != sealed)
        }
    }

    @Test("another context, a changed byte, a cut value and a foreign key do not open")
    func refused() throws {
        let sealer = Sealer(current: try key(1), random: .system)
        let sealed = sealer.seal(Array("a secret".utf8), context: "here")
        var changed = sealed.bytes
        changed[30] ^= 1
        #expect(throws: PAOError.self) { try sealer.open(sealed, context: "there") }
        #expect(throws: PAOError.self) { try sealer.open(SealedValue(keyID: sealed.keyID, bytes: changed), context: "here") }
        for count in [0, 10, 30, 40] {
            #expect(throws: PAOError.self) {
                try sealer.open(SealedValue(keyID: sealed.keyID, bytes: Array(sealed.bytes.prefix(count))), context: "here")
            }
        }
        #expect(throws: PAOError.self) { try Sealer(current: try key(2), random: .system).open(sealed, context: "here") }
    }

    @Test("an older key opens what it sealed")
    func olderKey() throws {
        let sealed = Sealer(current: try key(1), random: .system).seal([1, 2], context: "x")
        #expect(try Sealer(current: try key(2), older: [try key(1)], random: .system).open(sealed, context: "x") == [1, 2])
    }

    @Test("only 32 bytes are a key", arguments: [0, 31, 33]) func keyLength(count: Int) {
        #expect(SealingKey([UInt8](repeating: 1, count: count)) == nil)
    }

    @Test("the standard cost is argon2id with 64 MiB and three passes, and only the right password fits")
    func standardCost() async throws {
        let hasher = PasswordHasher()
        let hash = try await hasher.hash("correct horse battery")
        #expect(hash.hasPrefix("$argon2id$v=19$m=65536,t=3,p=1$"))
        #expect(try await hasher.verify("correct horse battery", hash: hash))
        #expect(try await !hasher.verify("correct horse batterz", hash: hash))
        #expect(try await !hasher.verify("", hash: hash))
        #expect(try await !hasher.verify("correct horse battery", hash: "no hash"))
        #expect(!hasher.needsRehash(hash))
        #expect(PasswordHasher(cost: .least).needsRehash(hash))
    }

    @Test("a crowd is served in turn, and what exceeds the queue is refused")
    func crowd() async {
        let hasher = PasswordHasher(cost: PasswordHasher.Cost(passes: 2, memory: 8 << 20), concurrency: 2, capacity: 10)
        let codes = await withTaskGroup(of: PAOError.Code?.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    do {
                        _ = try await hasher.hash("x")
                        return nil
                    } catch { return (error as? PAOError)?.code }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.filter { $0 == nil }.count >= 10)
        #expect(codes.allSatisfy { $0 == nil || $0 == .unavailable })
    }
}
