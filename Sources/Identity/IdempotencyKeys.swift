package import Base
package import Store

/// Answers to creating calls, kept for 24 hours by caller and `Idempotency-Key`, so that a repeated call gets the first one's answer.
package struct IdempotencyKeys: Sendable {
    package struct Answer: Sendable, Equatable {
        package let status: Int
        package let location: String?
        package let body: [UInt8]

        package init(status: Int, location: String?, body: [UInt8]) {
            self.status = status
            self.location = location
            self.body = body
        }
    }

    package static let lifetime = Duration.seconds(86_400)

    package init() {}

    /// The stored answer to the same call; nil when the key is new. Call it in the transaction that does the work, so that of two
    /// calls at once one does it and the other finds its answer. Throws `malformed` for a key that is empty, longer than 255 bytes or
    /// not printable ASCII, and `invalid` when the key came with another body.
    package func lookUp(_ key: String, principal: String, digest: [UInt8], in tx: Connection) throws(PAOError) -> Answer? {
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw PAOError(.malformed, "Idempotency-Key must be 1 to 255 printable ASCII characters without spaces.")
        }
        let row = try tx.first(
            "SELECT digest, status, location, response FROM idempotency_keys WHERE principal = ? AND key = ? AND created_at > ?",
            principal, key, tx.timestamp - Self.lifetime)
        guard let row else { return nil }
        guard row.blob(0) == digest else {
            throw PAOError(.invalid, "The Idempotency-Key was used for another call already; use a new one.")
        }
        return Answer(status: row.int(1), location: row.optionalText(2), body: row.blob(3))
    }

    /// In the same transaction, once the work is done.
    package func store(_ answer: Answer, key: String, principal: String, digest: [UInt8], in tx: Connection) throws(PAOError) {
        try tx.run(
            """
            INSERT INTO idempotency_keys (principal, key, digest, status, location, response, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (principal, key) DO UPDATE SET digest = excluded.digest, status = excluded.status,
                location = excluded.location, response = excluded.response, created_at = excluded.created_at
            """, principal, key, digest, answer.status, answer.location, answer.body, tx.timestamp)
        try IdentityFailpoint.answerKept.reach()
    }

    package func removeExpired(in tx: Connection) throws(PAOError) {
        try tx.run("DELETE FROM idempotency_keys WHERE created_at <= ?", tx.timestamp - Self.lifetime)
    }
}
