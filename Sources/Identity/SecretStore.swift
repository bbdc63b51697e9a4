import Base
import Store

struct SecretRow: Sendable {
    let name: String
    let version: Int
    let sealed: SealedValue

    /// Binds a sealed value to its place: it opens in no other row and as no other version.
    static func context(_ name: String, _ version: Int) -> String { "secrets|\(name)|\(version)" }

    func open(with sealer: Sealer) throws(PAOError) -> String {
        String(decoding: try sealer.open(sealed, context: Self.context(name, version)), as: UTF8.self)
    }
}

/// The SQL of secrets.
enum SecretStore {
    private static func row(_ row: Row) -> SecretRow {
        SecretRow(name: row.text(0), version: row.int(1), sealed: SealedValue(keyID: row.text(2), bytes: row.blob(3)))
    }

    static func row(_ name: String, in connection: Connection) throws(PAOError) -> SecretRow? {
        try connection.first("SELECT name, version, key_id, value FROM secrets WHERE name = ?", name).map(row)
    }

    static func rows(notSealedBy keyID: String, in connection: Connection) throws(PAOError) -> [SecretRow] {
        try connection.rows("SELECT name, version, key_id, value FROM secrets WHERE key_id <> ?", keyID).map(row)
    }

    static func list(in connection: Connection) throws(PAOError) -> [SecretEntry] {
        try connection.rows("SELECT name, version, created_at, updated_at, updated_by FROM secrets ORDER BY name").map {
            SecretEntry(
                name: $0.text(0), version: $0.int(1), createdAt: $0.timestamp(2), updatedAt: $0.timestamp(3), updatedBy: $0.text(4))
        }
    }

    static func save(_ name: String, version: Int, _ sealed: SealedValue, by actor: Actor, in tx: Connection) throws(PAOError) {
        try tx.run(
            """
            INSERT INTO secrets (name, version, value, key_id, created_at, updated_at, updated_by) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET version = excluded.version, value = excluded.value, key_id = excluded.key_id,
                updated_at = excluded.updated_at, updated_by = excluded.updated_by
            """, name, version, sealed.bytes, sealed.keyID, tx.timestamp, tx.timestamp, actor.login)
    }

    static func rewrap(_ name: String, _ sealed: SealedValue, in tx: Connection) throws(PAOError) {
        try tx.run("UPDATE secrets SET value = ?, key_id = ? WHERE name = ?", sealed.bytes, sealed.keyID, name)
    }

    static func delete(_ name: String, in tx: Connection) throws(PAOError) -> Bool {
        try tx.run("DELETE FROM secrets WHERE name = ?", name) > 0
    }
}
