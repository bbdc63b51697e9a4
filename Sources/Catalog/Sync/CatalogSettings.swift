package import Base
package import Store

package struct CatalogSettings: Sendable {
    package var source: any CatalogSource
    package var pollInterval: Duration
    /// Each wait is longer by up to this.
    package var jitter: Duration
    /// Documents kept decoded in memory.
    package var cachedDocuments: Int

    package init(
        source: any CatalogSource, pollInterval: Duration = .seconds(60), jitter: Duration = .seconds(5), cachedDocuments: Int = 256
    ) {
        self.source = source
        self.pollInterval = pollInterval
        self.jitter = jitter
        self.cachedDocuments = cachedDocuments
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
