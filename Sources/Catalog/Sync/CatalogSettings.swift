package struct CatalogSettings: Sendable {
    package var source: any CatalogSource
    package var pollInterval: Duration
    /// Each wait is shorter by up to this part, so that many servers do not ask at once, and none later than it says.
    package var jitter: Double
    /// Documents kept decoded in memory.
    package var cachedDocuments: Int

    package init(
        source: any CatalogSource, pollInterval: Duration = .seconds(60), jitter: Double = 0.1, cachedDocuments: Int = 256
    ) {
        self.source = source
        self.pollInterval = pollInterval
        self.jitter = jitter
        self.cachedDocuments = cachedDocuments
    }
}
