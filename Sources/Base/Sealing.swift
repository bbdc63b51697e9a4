import CSodium
import Glibc
import Synchronization

/// Argon2id (RFC 9106) of libsodium. One hash takes some 160 ms and 64 MiB, so at most two run at once, on threads of their own:
/// the cooperative pool is never blocked.
package final class PasswordHasher: Sendable {
    /// `memory` in bytes.
    package struct Cost: Sendable {
        package var passes: Int
        package var memory: Int

        package init(passes: Int, memory: Int) {
            self.passes = passes
            self.memory = memory
        }

        package static let standard = Cost(passes: 3, memory: 64 << 20)
        /// The least that libsodium takes; for tests that are not about the cost.
        package static let least = Cost(passes: 1, memory: 8192)
    }

    private struct Queue {
        var threads = 0
        var waiting: [@Sendable () -> Void] = []
    }

    private let cost: Cost
    private let concurrency: Int
    private let capacity: Int
    private let queue = Mutex(Queue())

    /// More than `capacity` waiting callers are refused at once.
    package init(cost: Cost = .standard, concurrency: Int = 2, capacity: Int = 64) {
        self.cost = cost
        self.concurrency = concurrency
        self.capacity = capacity
    }

    /// The text form `$argon2id$v=19$m=...`, with its salt and cost. Throws `unavailable` when too many wait or memory is short.
    package func hash(_ password: String) async throws(PAOError) -> String {
        let cost = cost
        guard let text = try await run({ Self.hash(password, cost: cost) }) else {
            throw PAOError(.unavailable, "The password could not be processed now.", detail: "argon2id: no memory", retryAfter: 5)
        }
        return text
    }

    /// False for a wrong password and for a text that is not a hash. Throws `unavailable` when too many wait.
    package func verify(_ password: String, hash: String) async throws(PAOError) -> Bool {
        try await run {
            let bytes = password.utf8.map(CChar.init(bitPattern:))
            return crypto_pwhash_str_verify(hash, bytes, UInt64(bytes.count)) == 0
        }
    }

    /// Whether a hash was made with another cost than today's.
    package func needsRehash(_ hash: String) -> Bool {
        crypto_pwhash_str_needs_rehash(hash, UInt64(cost.passes), cost.memory) != 0
    }

    private static func hash(_ password: String, cost: Cost) -> String? {
        var text = [CChar](repeating: 0, count: crypto_pwhash_strbytes())
        let bytes = password.utf8.map(CChar.init(bitPattern:))
        let status = crypto_pwhash_str_alg(
            &text, bytes, UInt64(bytes.count), UInt64(cost.passes), cost.memory, crypto_pwhash_alg_argon2id13())
        guard status == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(PAOError) -> Value {
        let answer: Value? = await withCheckedContinuation { continuation in
            if !submit({ continuation.resume(returning: work()) }) { continuation.resume(returning: nil) }
        }
        guard let answer else {
            throw PAOError(.unavailable, "Too many sign-ins at once; try again in a few seconds.", retryAfter: 5)
        }
        return answer
    }

    private func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        let (accepted, startsThread) = queue.withLock { queue in
            guard queue.waiting.count < capacity else { return (false, false) }
            queue.waiting.append(job)
            guard queue.threads < concurrency else { return (true, false) }
            queue.threads += 1
            return (true, true)
        }
        if startsThread { startThread() }
        return accepted
    }

    /// Where no thread is to be had, the caller's does the work.
    private func startThread() {
        if !Thread.detached("pao-passwords", drain) { drain() }
    }

    private func drain() {
        while let job = next() { job() }
    }

    private func next() -> (@Sendable () -> Void)? {
        queue.withLock { queue in
            if queue.waiting.isEmpty {
                queue.threads -= 1
                return nil
            }
            return queue.waiting.removeFirst()
        }
    }
}

/// 32 bytes for XChaCha20-Poly1305. Its id is taken from a digest, so that it need not be stored with the key.
package struct SealingKey: Sendable {
    package static let length = 32
    package let id: String
    fileprivate let bytes: [UInt8]

    /// nil for any other length.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.length else { return nil }
        self.bytes = bytes
        id = String(Hash.sha256(Array("pao sealing key".utf8) + bytes).hex.prefix(8))
    }
}

/// What is stored of a sealed value: the id of its key, and nonce and ciphertext.
package struct SealedValue: Sendable, Equatable {
    package let keyID: String
    package let bytes: [UInt8]

    package init(keyID: String, bytes: [UInt8]) {
        self.keyID = keyID
        self.bytes = bytes
    }

    /// One column's worth of text: `sealed.<key id>.<base64url>`.
    package var text: String { "sealed.\(keyID).\(Base64.encodeURL(bytes))" }

    package init?(text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "sealed", let bytes = Base64.decode(String(parts[2])) else { return nil }
        self.init(keyID: String(parts[1]), bytes: bytes)
    }
}

/// Seals values at rest with XChaCha20-Poly1305 (AEAD). `context` names the place of a value (table, key, version) and is bound to
/// it: a sealed value that was copied to another place does not open there.
package struct Sealer: Sendable {
    private let current: SealingKey
    private let keys: [String: SealingKey]
    private let random: RandomSource

    /// `older` only open.
    package init(current: SealingKey, older: [SealingKey] = [], random: RandomSource) {
        self.current = current
        self.keys = Dictionary((older + [current]).map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        self.random = random
    }

    package var currentKeyID: String { current.id }

    package func seal(_ plain: [UInt8], context: String) -> SealedValue {
        let nonce = random.bytes(Int(crypto_aead_xchacha20poly1305_ietf_npubbytes()))
        var cipher = [UInt8](repeating: 0, count: plain.count + crypto_aead_xchacha20poly1305_ietf_abytes())
        let context = Array(context.utf8)
        crypto_aead_xchacha20poly1305_ietf_encrypt(
            &cipher, nil, plain, UInt64(plain.count), context, UInt64(context.count), nil, nonce, current.bytes)
        return SealedValue(keyID: current.id, bytes: nonce + cipher)
    }

    /// Throws `data` when the key is not there, the value was changed, or it was sealed for another context.
    package func open(_ sealed: SealedValue, context: String) throws(PAOError) -> [UInt8] {
        guard let key = keys[sealed.keyID] else {
            throw PAOError(
                .data, "A sealed value cannot be opened.", detail: "no key \(sealed.keyID) for \(context)",
                hint: "Restore the master key that belongs to this database.")
        }
        let nonceLength = crypto_aead_xchacha20poly1305_ietf_npubbytes()
        let overhead = nonceLength + crypto_aead_xchacha20poly1305_ietf_abytes()
        var plain = [UInt8](repeating: 0, count: max(0, sealed.bytes.count - overhead))
        let cipher = Array(sealed.bytes.dropFirst(nonceLength))
        let place = Array(context.utf8)
        guard sealed.bytes.count >= overhead,
            crypto_aead_xchacha20poly1305_ietf_decrypt(
                &plain, nil, nil, cipher, UInt64(cipher.count), place, UInt64(place.count), sealed.bytes, key.bytes) == 0
        else { throw PAOError(.data, "A sealed value cannot be opened.", detail: "authentication failed for \(context)") }
        return plain
    }
}
