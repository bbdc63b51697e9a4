import Base
import Store

/// Documents by digest: the ones used last in memory, every version ever synced in the database. What a digest names never changes,
/// so nothing here can be out of date.
final class DocumentCache: Sendable {
    private let store: Store
    private let cache: TimedCache<String, CatalogDocument>
    private let log: Log

    init(store: Store, cache: TimedCache<String, CatalogDocument>, log: Log) {
        self.store = store
        self.cache = cache
        self.log = log
    }

    var statistics: CacheStatistics { cache.statistics }

    /// Throws `notFound`, and `data` where the stored definition cannot be read.
    func document(id: String, digest: String) throws(PAOError) -> CatalogDocument {
        if let document = cache.value(of: digest), document.id == id { return document }
        let stored = try store.read { connection throws(PAOError) in
            try connection.first(
                "SELECT definition, source_file_path, source_line, source_map FROM catalog_versions WHERE id = ? AND digest = ?", id, digest
            )
        }
        guard let stored else { throw PAOError(.notFound, "There is no such version of the catalog document \(id).") }
        let source = CatalogDocument.Source(path: stored.text(1), line: stored.int(2))
        let places = SourceMap(stored.optionalJSON(3) ?? .null)
        let document = try DocumentDecoder.decode(definition: stored.json(0), source: source, places: places)
        cache.keep(document, as: digest)
        return document
    }

    func find(id: String, digest: String) -> CatalogDocument? {
        do throws(PAOError) {
            return try document(id: id, digest: digest)
        } catch {
            log(.error, "a catalog document cannot be read", ["id": .string(id), "reason": .string(error.description)])
            return nil
        }
    }
}
