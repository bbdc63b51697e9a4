package import Base
import Store

/// A signed-in browser.
package struct Session: Sendable, Equatable {
    package let id: String
    package let userID: String
    package let address: String?
    package let agent: String?
    package let createdAt: Timestamp
    /// May lag by a minute.
    package let lastAccessedAt: Timestamp
    package let expiresAt: Timestamp

    package static let idleLimit = Duration.seconds(8 * 3600)
    package static let lifetime = Duration.seconds(7 * 86_400)
}

/// The SQL of sessions.
enum SessionStore {
    private static let columns = "id, user_id, address, agent, created_at, last_accessed_at, expires_at"

    private static func session(_ row: Row) -> Session {
        Session(
            id: row.text(0), userID: row.text(1), address: row.optionalText(2), agent: row.optionalText(3), createdAt: row.timestamp(4),
            lastAccessedAt: row.timestamp(5), expiresAt: row.timestamp(6))
    }

    static func insert(_ session: Session, digest: [UInt8], in tx: Connection) throws(PAOError) {
        try tx.run(
            """
            INSERT INTO user_sessions (id, user_id, session_token_hash, address, agent, created_at, last_accessed_at, expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """, session.id, session.userID, digest, session.address, session.agent, session.createdAt, session.lastAccessedAt,
            session.expiresAt)
    }

    static func session(digest: [UInt8], in connection: Connection) throws(PAOError) -> Session? {
        try connection.first("SELECT \(columns) FROM user_sessions WHERE session_token_hash = ?", digest).map(session)
    }

    static func session(_ id: String, in connection: Connection) throws(PAOError) -> Session? {
        try connection.first("SELECT \(columns) FROM user_sessions WHERE id = ?", id).map(session)
    }

    /// Newest first.
    static func sessions(of userID: String, in connection: Connection) throws(PAOError) -> [Session] {
        try connection.rows("SELECT \(columns) FROM user_sessions WHERE user_id = ? ORDER BY created_at DESC, id DESC", userID).map(session)
    }

    static func delete(_ id: String, in tx: Connection) throws(PAOError) {
        try tx.run("DELETE FROM user_sessions WHERE id = ?", id)
    }

    static func deleteAll(of userID: String, but kept: String?, in tx: Connection) throws(PAOError) {
        try tx.run("DELETE FROM user_sessions WHERE user_id = ? AND id IS NOT ?", userID, kept)
    }

    static func deleteExpired(in tx: Connection) throws(PAOError) {
        try tx.run(
            "DELETE FROM user_sessions WHERE expires_at <= ? OR last_accessed_at <= ?", tx.timestamp, tx.timestamp - Session.idleLimit)
    }

    static func noteUse(_ id: String, at: Timestamp, in tx: Connection) throws(PAOError) {
        try tx.run("UPDATE user_sessions SET last_accessed_at = ? WHERE id = ?", at, id)
    }
}
