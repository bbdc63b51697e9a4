package import Base
package import Store

/// What one sync did; also a row of `catalog_sync_status`.
package struct SyncResult: Sendable {
    package enum Status: String, Sendable { case completed, failed }

    package struct Counts: Sendable, Equatable {
        package var added = 0
        package var updated = 0
        package var removed = 0

        package init(added: Int = 0, updated: Int = 0, removed: Int = 0) {
            self.added = added
            self.updated = updated
            self.removed = removed
        }
    }

    package var status: Status
    package var source: String
    package var branch: String
    package var commit: String?
    package var startedAt: Timestamp
    package var counts: [CatalogKind: Counts] = [:]
    package var errors = 0
    package var warnings = 0
    /// Why it failed.
    package var message: String?
    /// Whether readers see another catalog than before.
    package var isChanged = false

    package var json: JSON {
        var json: JSON = [
            "status": .string(status.rawValue), "source": .string(source), "branch": .string(branch), "commit": .optional(commit),
            "startedAt": .string(startedAt.description), "changed": .bool(isChanged), "errors": .int(errors), "warnings": .int(warnings),
            "message": .optional(message),
        ]
        for (kind, key) in [(CatalogKind.item, "items"), (.bundle, "bundles"), (.update, "updateItems"), (.upgrade, "upgradeItems")] {
            let counts = self.counts[kind] ?? Counts()
            json[key] = ["added": .int(counts.added), "updated": .int(counts.updated), "removed": .int(counts.removed)]
        }
        return json
    }
}

/// What others do with a sync.
package struct CatalogHooks: Sendable {
    /// In the transaction of a sync that changed something or failed: events and audit rows.
    package var recorded: @Sendable (SyncResult, Connection) throws(PAOError) -> Void
    /// After readers see the new catalog.
    package var switched: @Sendable (CatalogSnapshot) -> Void

    package init(
        recorded: @escaping @Sendable (SyncResult, Connection) throws(PAOError) -> Void = { _, _ in },
        switched: @escaping @Sendable (CatalogSnapshot) -> Void = { _ in }
    ) {
        self.recorded = recorded
        self.switched = switched
    }
}
