import Base
import Store

/// All SQL of the catalog.
enum CatalogStore {
    static func table(of kind: CatalogKind) -> String {
        switch kind {
        case .item: "catalog_items"
        case .bundle: "catalog_bundles"
        case .update: "update_items"
        case .upgrade: "upgrade_items"
        }
    }

    // MARK: Versions

    /// A version that is there already stays as it is.
    static func keep(_ version: PendingVersion, in connection: Connection) throws(PAOError) {
        try connection.run(
            """
            INSERT INTO catalog_versions (kind, id, version, digest, definition, source_file_path, source_line, source_map, synced_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id, digest) DO NOTHING
            """,
            version.kind.rawValue, version.id, version.version, version.digest, version.definition, version.source.path,
            version.source.line, version.sourceMap, connection.timestamp)
    }

    static func versions(of id: String, limit: Int, in connection: Connection) throws(PAOError) -> [CatalogVersion] {
        try connection.rows(
            "SELECT version, digest, synced_at FROM catalog_versions WHERE id = ? ORDER BY synced_at DESC, rowid DESC LIMIT ?", id, limit
        ).map { CatalogVersion(version: $0.text(0), digest: $0.text(1), syncedAt: $0.timestamp(2)) }
    }

    static func versionCount(in connection: Connection) throws(PAOError) -> Int {
        try connection.first("SELECT count(*) FROM catalog_versions")?.int(0) ?? 0
    }

    // MARK: Entries

    /// Every document that was ever in the catalog, with withdrawn ones.
    static func entries(in connection: Connection) throws(PAOError) -> [CatalogEntry] {
        var entries: [String: CatalogEntry] = [:]
        for kind in CatalogKind.allCases {
            try connection.forEach(
                """
                SELECT definition, digest, source_file_path, source_line, source_file_hash, is_active, is_stale
                FROM \(table(of: kind))
                """
            ) { row throws(PAOError) in
                guard let entry = entry(row) else { return }
                if entries[entry.id] == nil || !entry.isWithdrawn { entries[entry.id] = entry }
            }
        }
        return Array(entries.values)
    }

    private static func entry(_ row: Row) -> CatalogEntry? {
        let definition = row.json(0)
        let state: CatalogEntry.State = row.bool(5) ? (row.bool(6) ? .stale : .current) : .withdrawn
        return CatalogEntry(
            definition: definition, digest: row.text(1), source: CatalogDocument.Source(path: row.text(2), line: row.int(3)), state: state,
            fileHash: row.text(4), links: CatalogLinks(stored: definition, line: row.int(3)))
    }

    /// Puts the entry's row; its definition comes from `catalog_versions`.
    static func put(
        _ entry: CatalogEntry, replacing previous: CatalogEntry?, commit: String?, in connection: Connection
    ) throws(PAOError) {
        try connection.run(
            """
            INSERT INTO \(table(of: entry.kind)) (id, name, version, description, owner, owner_contact, tags, category, definition,
                digest, source_file_path, source_file_hash, source_line, git_sha, is_active, is_stale, created_at, updated_at)
            SELECT id, ?, version, ?, ?, ?, ?, ?, definition, digest, ?, ?, ?, ?, ?, ?, ?, ?
            FROM catalog_versions WHERE id = ? AND digest = ?
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, version = excluded.version, description = excluded.description,
                owner = excluded.owner, owner_contact = excluded.owner_contact, tags = excluded.tags, category = excluded.category,
                definition = excluded.definition, digest = excluded.digest, source_file_path = excluded.source_file_path,
                source_file_hash = excluded.source_file_hash, source_line = excluded.source_line, git_sha = excluded.git_sha,
                is_active = excluded.is_active, is_stale = excluded.is_stale, updated_at = excluded.updated_at
            """,
            entry.name, entry.description, entry.ownerTeam, entry.ownerContact, JSON.array(entry.tags.map(JSON.string)), entry.category,
            entry.source.path, entry.fileHash, entry.source.line, commit, !entry.isWithdrawn, entry.isStale, connection.timestamp,
            connection.timestamp, entry.id, entry.digest)
        try SearchStore.put(entry, replacing: previous, in: connection)
        guard let previous, previous.kind != entry.kind else { return }
        try connection.run("UPDATE \(table(of: previous.kind)) SET is_active = 0 WHERE id = ?", entry.id)
    }

    // MARK: Sync history

    static func record(_ result: SyncResult, in connection: Connection) throws(PAOError) {
        var columns = ["sync_started_at", "sync_completed_at", "status", "repository_url", "branch", "commit_hash"]
        var values: [SQLValue] = [
            .text(result.startedAt.description), .text(connection.timestamp.description), .text(result.status.rawValue),
            .text(result.source), .text(result.branch), result.commit.map(SQLValue.text) ?? .null,
        ]
        for kind in CatalogKind.allCases {
            let counts = result.counts[kind] ?? SyncResult.Counts()
            let prefix = [.item: "items", .bundle: "bundles", .update: "update_items", .upgrade: "upgrade_items"][kind] ?? "items"
            columns += ["\(prefix)_added", "\(prefix)_updated", "\(prefix)_removed"]
            values += [.integer(counts.added), .integer(counts.updated), .integer(counts.removed)]
        }
        columns += ["error_count", "warning_count", "error_message"]
        values += [.integer(result.errors), .integer(result.warnings), result.message.map(SQLValue.text) ?? .null]
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        try connection.run("INSERT INTO catalog_sync_status (\(columns.joined(separator: ", "))) VALUES (\(marks))", values: values)
        try connection.run("DELETE FROM catalog_sync_status WHERE id <= (SELECT max(id) FROM catalog_sync_status) - 1000")
    }

    /// Newest first.
    static func history(limit: Int, in connection: Connection) throws(PAOError) -> [JSON] {
        try connection.rows(
            """
            SELECT id, sync_started_at, sync_completed_at, status, repository_url, branch, commit_hash, items_added, items_updated,
                items_removed, bundles_added, bundles_updated, bundles_removed, update_items_added, update_items_updated,
                update_items_removed, upgrade_items_added, upgrade_items_updated, upgrade_items_removed, error_count, warning_count,
                error_message
            FROM catalog_sync_status ORDER BY id DESC LIMIT ?
            """, limit
        ).map(syncJSON)
    }

    private static func syncJSON(_ row: Row) -> JSON {
        func counts(_ start: Int) -> JSON {
            ["added": .int(row.int(start)), "updated": .int(row.int(start + 1)), "removed": .int(row.int(start + 2))]
        }
        return [
            "id": .int(row.int(0)), "startedAt": .string(row.text(1)), "completedAt": .optional(row.optionalText(2)),
            "status": .string(row.text(3)), "repositoryUrl": .string(row.text(4)), "branch": .string(row.text(5)),
            "commit": .optional(row.optionalText(6)), "items": counts(7), "bundles": counts(10), "updateItems": counts(13),
            "upgradeItems": counts(16), "errors": .int(row.int(19)), "warnings": .int(row.int(20)),
            "message": .optional(row.optionalText(21)),
        ]
    }
}

/// A document that was read and is not stored yet; holds bytes only.
struct PendingVersion: Sendable {
    let kind: CatalogKind
    let id: String
    let version: String
    let digest: String
    let definition: String
    let source: CatalogDocument.Source
    let sourceMap: String

    init(_ document: CatalogDocument) {
        kind = document.kind
        id = document.id
        version = document.metadata.version.description
        digest = document.digest
        definition = document.definition.description
        source = document.source
        sourceMap = SourceMap(of: document).text
    }
}
