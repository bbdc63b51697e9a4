package import Base

/// One step of the schema. Steps are append-only: their numbers rise, and the text of one that was released never changes.
package struct Migration: Sendable {
    package let number: Int
    package let name: String
    package let sql: String

    package init(number: Int, name: String, sql: String) {
        self.number = number
        self.name = name
        self.sql = sql
    }

    /// SHA-256 of the text, hexadecimal.
    package var checksum: String { Hash.sha256(Array(sql.utf8)).hex }
}

package struct MigrationStatus: Sendable, Equatable {
    package let number: Int
    package let name: String
    /// nil: still to come.
    package let appliedAt: Timestamp?
}

/// Brings a database to the schema of this binary, each step in a transaction of its own: a crash leaves it at one step or the next.
struct Migrator {
    private struct Applied {
        let number: Int
        let at: Timestamp
        let checksum: String
    }

    let connection: Connection
    let migrations: [Migration]
    let time: TimeSource
    let log: Log

    /// The steps still to come. Throws `data` where the database is newer than this binary, or was migrated by other texts.
    func pending() throws(PAOError) -> [Migration] {
        let applied = try applied()
        if let last = applied.last, last.number > migrations.last?.number ?? 0 {
            throw PAOError(
                .data, "The database has schema version \(last.number), newer than this program's \(migrations.last?.number ?? 0).",
                hint: "Install the version of pao that wrote it, or a newer one.")
        }
        for (step, known) in zip(applied, migrations) where step.number != known.number || step.checksum != known.checksum {
            throw PAOError(
                .data, "Schema step \(known.number) (\(known.name)) of the database is not the one of this program.",
                detail: "stored: \(step.number) \(step.checksum), program: \(known.number) \(known.checksum)",
                hint: "The table schema_migrations was changed, or another build wrote it. " + PAOError.restoreHint)
        }
        return Array(migrations.dropFirst(applied.count))
    }

    func status() throws(PAOError) -> [MigrationStatus] {
        let times = Dictionary(try applied().map { ($0.number, $0.at) }, uniquingKeysWith: { first, _ in first })
        return migrations.map { MigrationStatus(number: $0.number, name: $0.name, appliedAt: times[$0.number]) }
    }

    /// Throws `data`, naming the step; the database stays at the one before it.
    func apply(_ pending: [Migration]) throws(PAOError) {
        try connection.execute(script: Self.table)
        for migration in pending {
            do throws(PAOError) {
                try apply(migration)
            } catch {
                if error.code == .storageFull || error.code == .unavailable { throw error }
                throw PAOError(
                    .data, "Schema step \(migration.number) (\(migration.name)) failed; the database stays as it was before it.",
                    detail: error.description, hint: "Start the version of pao that was used before, and report this.")
            }
            log(.info, "schema migrated", ["step": .int(migration.number), "name": .string(migration.name)])
        }
    }

    /// Foreign keys are off while tables are rebuilt, and looked through before the commit (SQLite's own procedure for ALTER TABLE).
    private func apply(_ migration: Migration) throws(PAOError) {
        try connection.run("PRAGMA foreign_keys=OFF")
        defer { _ = try? connection.run("PRAGMA foreign_keys=ON") }
        try connection.run("BEGIN IMMEDIATE")
        defer { connection.rollBack() }
        try connection.execute(script: migration.sql)
        if let row = try connection.first("PRAGMA foreign_key_check") {
            throw PAOError(.data, "A foreign key of table \(row.text(0)) has no target.")
        }
        try connection.run(
            "INSERT INTO schema_migrations (version, description, applied_at, checksum) VALUES (?, ?, ?, ?)",
            migration.number, migration.name, time.now(), migration.checksum)
        try StoreFailpoint.migrating.reach()
        try connection.run("COMMIT")
        try StoreFailpoint.migrated.reach()
    }

    private func applied() throws(PAOError) -> [Applied] {
        guard try connection.first("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'") != nil else { return [] }
        return try connection.rows("SELECT version, applied_at, checksum FROM schema_migrations ORDER BY version")
            .map { Applied(number: $0.int(0), at: $0.timestamp(1), checksum: $0.text(2)) }
    }

    private static let table = """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            version INTEGER PRIMARY KEY,
            description TEXT NOT NULL,
            applied_at TEXT NOT NULL,
            checksum TEXT NOT NULL
        ) STRICT
        """
}
