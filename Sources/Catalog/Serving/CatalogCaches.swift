package import Base
import Store

/// What the catalog keeps at hand, for as long as S2 says. None of it can be what a sync has replaced: documents and forms are named by
/// the digest of their version, listings by the switch that they were made after.
package final class CatalogCaches: Sendable {
    struct Listing: Hashable, Sendable {
        var sequence: Int
        var query: CatalogQuery
    }

    let documents: DocumentCache
    package let forms: TimedCache<String, JSON>
    let listings: TimedCache<Listing, CatalogPage>

    init(store: Store, settings: CatalogSettings, time: TimeSource, log: Log) {
        documents = DocumentCache(
            store: store, cache: TimedCache(capacity: settings.cachedDocuments, lifetime: .seconds(3600), time: time), log: log)
        forms = TimedCache(capacity: settings.cachedDocuments, lifetime: .seconds(2 * 3600), time: time)
        listings = TimedCache(capacity: 512, lifetime: .seconds(6 * 3600), time: time)
    }

    /// By what they hold.
    package var statistics: [(name: String, statistics: CacheStatistics)] {
        [("items", documents.statistics), ("forms", forms.statistics), ("listings", listings.statistics)]
    }
}
