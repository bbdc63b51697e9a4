import Testing

@testable import Base
@testable import Identity

@Suite("Idempotency keys")
struct IdempotencyTests {
    private let keys = IdempotencyKeys()
    private let answer = IdempotencyKeys.Answer(status: 201, location: "/api/v1/requests/req-1", body: [123, 125])

    private func call(_ world: World, _ key: String, by principal: String = "ann", body: UInt8 = 1) async throws -> IdempotencyKeys.Answer?
    {
        try await world.write { [keys, answer] tx throws(PAOError) in
            let known = try keys.lookUp(key, principal: principal, digest: [body], in: tx)
            if known == nil { try keys.store(answer, key: key, principal: principal, digest: [body], in: tx) }
            return known
        }
    }

    @Test("the same call gets the same answer, another caller or key does its own work")
    func replay() async throws {
        let world = try await World()
        #expect(try await call(world, "k") == nil)
        #expect(try await call(world, "k") == answer)
        #expect(try await call(world, "k", by: "bob") == nil)
        #expect(try await call(world, "k2") == nil)
    }

    @Test("the same key with another body is refused")
    func conflict() async throws {
        let world = try await World()
        _ = try await call(world, "k")
        #expect(await code { _ = try await call(world, "k", body: 2) } == .invalid)
    }

    @Test("a key is free again after a day, swept or not", arguments: [true, false])
    func expiry(swept: Bool) async throws {
        let world = try await World()
        _ = try await call(world, "k")
        world.clock.advance(.seconds(86_399))
        #expect(try await call(world, "k") == answer)
        world.clock.advance(.seconds(1))
        if swept { try await world.write { [keys] tx throws(PAOError) in try keys.removeExpired(in: tx) } }
        #expect(try await call(world, "k", body: 2) == nil)
        #expect(try await call(world, "k", body: 2) == answer)
    }

    @Test("of many calls at once one does the work")
    func race() async throws {
        let world = try await World()
        let fresh = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 { group.addTask { ((try? await call(world, "k")) ?? nil) == nil } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(fresh == 1)
    }

    @Test("a key is 1 to 255 printable characters", arguments: ["", "a b", "ä", "\u{7F}", String(repeating: "k", count: 256)])
    func form(key: String) async throws {
        let world = try await World()
        #expect(await code { _ = try await call(world, key) } == .malformed)
    }
}
