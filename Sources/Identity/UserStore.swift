import Base
import Store

/// The SQL of users.
enum UserStore {
    private static let columns = "id, login, name, email, is_active, last_login, created_at"

    private static func user(_ row: Row) -> User {
        User(
            id: row.text(0), login: row.text(1), name: row.text(2), email: row.optionalText(3), isActive: row.bool(4),
            lastLogin: row.optionalTimestamp(5), createdAt: row.timestamp(6))
    }

    static func user(_ id: String, in connection: Connection) throws(PAOError) -> User? {
        try connection.first("SELECT \(columns) FROM users WHERE id = ?", id).map(user)
    }

    static func user(login: String, in connection: Connection) throws(PAOError) -> User? {
        try connection.first("SELECT \(columns) FROM users WHERE login = ?", login).map(user)
    }

    static func existing(_ id: String, in connection: Connection) throws(PAOError) -> User {
        guard let user = try user(id, in: connection) else { throw .notFound("The user \(id)") }
        return user
    }

    /// By login, after one.
    static func page(after login: String, limit: Int, in connection: Connection) throws(PAOError) -> [User] {
        try connection.rows("SELECT \(columns) FROM users WHERE login > ? ORDER BY login LIMIT ?", login, limit).map(user)
    }

    static func insert(_ new: NewUser, id: String, passwordHash: String?, in tx: Connection) throws(PAOError) {
        try tx.run(
            "INSERT INTO users (id, login, name, email, password_hash, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            id, new.login, new.name, new.email, passwordHash, tx.timestamp, tx.timestamp)
    }

    static func passwordHash(of id: String, in connection: Connection) throws(PAOError) -> String? {
        try connection.first("SELECT password_hash FROM users WHERE id = ?", id)?.optionalText(0)
    }

    static func setPasswordHash(_ hash: String, of id: String, in tx: Connection) throws(PAOError) {
        try tx.run("UPDATE users SET password_hash = ?, updated_at = ? WHERE id = ?", hash, tx.timestamp, id)
    }

    static func setActive(_ isActive: Bool, id: String, in tx: Connection) throws(PAOError) {
        try tx.run("UPDATE users SET is_active = ?, updated_at = ? WHERE id = ?", isActive, tx.timestamp, id)
    }

    static func noteLogin(_ id: String, in tx: Connection) throws(PAOError) {
        try tx.run("UPDATE users SET last_login = ? WHERE id = ?", tx.timestamp, id)
    }
}
