import Base
import Store

/// The SQL of tokens.
enum TokenStore {
    private static let columns = "id, kind, name, user_id, scopes, created_at, expires_at, revoked_at, last_used_at"

    private static func token(_ row: Row) -> Token {
        Token(
            id: row.text(0), kind: Token.Kind(rawValue: row.text(1)) ?? .user, name: row.text(2), userID: row.text(3),
            scopes: RoleStore.permissions(row.json(4)), createdAt: row.timestamp(5), expiresAt: row.timestamp(6),
            revokedAt: row.optionalTimestamp(7), lastUsedAt: row.optionalTimestamp(8))
    }

    static func insert(_ token: Token, digest: [UInt8], by actor: Actor, in tx: Connection) throws(PAOError) {
        try tx.run(
            """
            INSERT INTO api_tokens (id, kind, name, token_hash, user_id, scopes, created_by, created_at, expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, token.id, token.kind.rawValue, token.name, digest, token.userID, token.scopes.json, actor.login, token.createdAt,
            token.expiresAt)
    }

    static func token(_ id: String, in connection: Connection) throws(PAOError) -> Token? {
        try connection.first("SELECT \(columns) FROM api_tokens WHERE id = ?", id).map(token)
    }

    static func token(digest: [UInt8], in connection: Connection) throws(PAOError) -> Token? {
        try connection.first("SELECT \(columns) FROM api_tokens WHERE token_hash = ?", digest).map(token)
    }

    /// Newest first.
    static func tokens(of userID: String, in connection: Connection) throws(PAOError) -> [Token] {
        try connection.rows("SELECT \(columns) FROM api_tokens WHERE user_id = ? ORDER BY created_at DESC, id DESC", userID).map(token)
    }

    static func revoke(_ id: String, in tx: Connection) throws(PAOError) -> Bool {
        try tx.run("UPDATE api_tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", tx.timestamp, id) > 0
    }

    static func noteUse(_ id: String, at: Timestamp, in tx: Connection) throws(PAOError) {
        try tx.run("UPDATE api_tokens SET last_used_at = ? WHERE id = ?", at, id)
    }
}
