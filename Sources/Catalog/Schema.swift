/// The tables of the catalog (S0, S1, S2's additions): ids are the documents' own, times ISO 8601 text. What S0 keeps as columns of
/// JSON beside the definition is computed from it.
package enum CatalogSchema {
    package static let sql = """
        CREATE TABLE catalog_items (
            id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
            name TEXT NOT NULL,
            version TEXT NOT NULL,
            description TEXT NOT NULL,
            owner TEXT,
            owner_contact TEXT,
            tags TEXT NOT NULL CHECK (json_valid(tags)),
            category TEXT NOT NULL,
            definition TEXT NOT NULL CHECK (json_valid(definition)),
            presentation TEXT GENERATED ALWAYS AS (json_extract(definition, '$.presentation')) VIRTUAL,
            fulfillment TEXT GENERATED ALWAYS AS (json_extract(definition, '$.fulfillment')) VIRTUAL,
            digest TEXT NOT NULL,
            source_file_path TEXT NOT NULL,
            source_file_hash TEXT NOT NULL,
            source_line INTEGER NOT NULL,
            git_sha TEXT,
            is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
            is_stale INTEGER NOT NULL CHECK (is_stale IN (0, 1)),
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX catalog_items_name ON catalog_items (name, id);
        CREATE INDEX catalog_items_owner ON catalog_items (owner);
        CREATE INDEX catalog_items_category ON catalog_items (category);
        CREATE INDEX catalog_items_created ON catalog_items (created_at DESC, id);

        CREATE TABLE catalog_bundles (
            id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
            name TEXT NOT NULL,
            version TEXT NOT NULL,
            description TEXT NOT NULL,
            owner TEXT,
            owner_contact TEXT,
            tags TEXT NOT NULL CHECK (json_valid(tags)),
            category TEXT NOT NULL,
            definition TEXT NOT NULL CHECK (json_valid(definition)),
            bundle_definition TEXT GENERATED ALWAYS AS (json_extract(definition, '$.components')) VIRTUAL,
            presentation TEXT GENERATED ALWAYS AS (json_extract(definition, '$.presentation')) VIRTUAL,
            digest TEXT NOT NULL,
            source_file_path TEXT NOT NULL,
            source_file_hash TEXT NOT NULL,
            source_line INTEGER NOT NULL,
            git_sha TEXT,
            is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
            is_stale INTEGER NOT NULL CHECK (is_stale IN (0, 1)),
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX catalog_bundles_name ON catalog_bundles (name, id);
        CREATE INDEX catalog_bundles_owner ON catalog_bundles (owner);

        \(operations("update_items", isDestructive: false))
        \(operations("upgrade_items", isDestructive: true))
        CREATE TABLE catalog_versions (
            kind TEXT NOT NULL CHECK (kind IN ('CatalogItem', 'CatalogBundle', 'UpdateItem', 'UpgradeItem')),
            id TEXT NOT NULL,
            version TEXT NOT NULL,
            digest TEXT NOT NULL CHECK (length(digest) = 64),
            definition TEXT NOT NULL CHECK (json_valid(definition)),
            source_file_path TEXT NOT NULL,
            source_line INTEGER NOT NULL,
            source_map TEXT CHECK (source_map IS NULL OR json_valid(source_map)),
            synced_at TEXT NOT NULL,
            PRIMARY KEY (id, digest)
        ) STRICT;
        CREATE INDEX catalog_versions_history ON catalog_versions (id, synced_at);
        CREATE TRIGGER catalog_versions_are_kept BEFORE UPDATE ON catalog_versions
        BEGIN SELECT RAISE(ABORT, 'a version of a catalog document never changes'); END;

        CREATE TABLE catalog_sync_status (
            id INTEGER PRIMARY KEY,
            sync_started_at TEXT NOT NULL,
            sync_completed_at TEXT,
            status TEXT NOT NULL CHECK (status IN ('running', 'completed', 'failed')),
            repository_url TEXT NOT NULL,
            branch TEXT NOT NULL,
            commit_hash TEXT,
            items_added INTEGER NOT NULL DEFAULT 0,
            items_updated INTEGER NOT NULL DEFAULT 0,
            items_removed INTEGER NOT NULL DEFAULT 0,
            bundles_added INTEGER NOT NULL DEFAULT 0,
            bundles_updated INTEGER NOT NULL DEFAULT 0,
            bundles_removed INTEGER NOT NULL DEFAULT 0,
            update_items_added INTEGER NOT NULL DEFAULT 0,
            update_items_updated INTEGER NOT NULL DEFAULT 0,
            update_items_removed INTEGER NOT NULL DEFAULT 0,
            upgrade_items_added INTEGER NOT NULL DEFAULT 0,
            upgrade_items_updated INTEGER NOT NULL DEFAULT 0,
            upgrade_items_removed INTEGER NOT NULL DEFAULT 0,
            error_count INTEGER NOT NULL DEFAULT 0,
            warning_count INTEGER NOT NULL DEFAULT 0,
            error_message TEXT
        ) STRICT;
        CREATE INDEX catalog_sync_status_completed ON catalog_sync_status (sync_completed_at DESC);
        """

    /// Update and upgrade items differ in what counts where the document does not say.
    private static func operations(_ table: String, isDestructive: Bool) -> String {
        let standard = isDestructive ? 1 : 0
        return """
            CREATE TABLE \(table) (
                id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
                name TEXT NOT NULL,
                version TEXT NOT NULL,
                description TEXT NOT NULL,
                owner TEXT,
                owner_contact TEXT,
                tags TEXT NOT NULL CHECK (json_valid(tags)),
                category TEXT NOT NULL,
                definition TEXT NOT NULL CHECK (json_valid(definition)),
                targets TEXT GENERATED ALWAYS AS (json_extract(definition, '$.targets')) VIRTUAL,
                destructive INTEGER GENERATED ALWAYS AS (coalesce(json_extract(definition, '$.targets.destructive'), \(standard))) VIRTUAL,
                downtime_required INTEGER
                    GENERATED ALWAYS AS (coalesce(json_extract(definition, '$.targets.downtimeRequired'), \(standard))) VIRTUAL,
                estimated_duration TEXT GENERATED ALWAYS AS (json_extract(definition, '$.targets.estimatedDuration')) VIRTUAL,
                presentation TEXT GENERATED ALWAYS AS (json_extract(definition, '$.presentation')) VIRTUAL,
                fulfillment TEXT GENERATED ALWAYS AS (json_extract(definition, '$.fulfillment')) VIRTUAL,
                digest TEXT NOT NULL,
                source_file_path TEXT NOT NULL,
                source_file_hash TEXT NOT NULL,
                source_line INTEGER NOT NULL,
                git_sha TEXT,
                is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
                is_stale INTEGER NOT NULL CHECK (is_stale IN (0, 1)),
                created_at TEXT NOT NULL,
                updated_at TEXT NOT NULL
            ) STRICT;
            CREATE INDEX \(table)_name ON \(table) (name, id);
            """
    }
}

extension CatalogSchema {
    /// Full text of the current documents. `prefix` makes the beginning of a word as quick to find as a whole one.
    package static let search = """
        CREATE VIRTUAL TABLE catalog_search USING fts5(
            id UNINDEXED, digest UNINDEXED, name, words, tags, description,
            tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
        );
        """

    /// The words alone: a row's number says which version it is of. The next sync fills it.
    package static let searchByVersion = """
        DROP TABLE catalog_search;
        CREATE VIRTUAL TABLE catalog_search USING fts5(
            name, words, tags, description, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
        );
        """
}
