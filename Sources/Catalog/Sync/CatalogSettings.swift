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
