import Base

/// The catalog as one sync left it. Readers keep the snapshot they started with: they see all of one sync and nothing of another.
package final class CatalogSnapshot: Sendable {
    /// Counts the switches since the start of the server.
    package let sequence: Int
    /// The commit of the Git repository; of a plain directory, a digest of all its files. nil before the first sync.
    package let commit: String?
    /// Current and stale ones by name, then id, without regard to case.
    package let entries: [CatalogEntry]
    package let withdrawn: [CatalogEntry]
    /// By file and place.
    package let findings: [CatalogFinding]
    private let byID: [String: CatalogEntry]
    private let idByName: [String: String]
    /// Places in `entries`.
    private let bySearchRow: [Int: Int]
    /// Of `entries`.
    let texts: SearchTexts
    private let bundlesByItem: [String: [CatalogEntry]]
    private let documents: DocumentCache
    private let search: CatalogSearch

    init(
        sequence: Int, commit: String?, entries all: [CatalogEntry], findings: [CatalogFinding], documents: DocumentCache,
        search: CatalogSearch
    ) {
        self.sequence = sequence
        self.commit = commit
        self.findings = findings
        self.documents = documents
        self.search = search
        let sorted = all.map { (key: SortKey($0), entry: $0) }.sorted { $0.key < $1.key }.map(\.entry)
        entries = sorted.filter { !$0.isWithdrawn }
        withdrawn = sorted.filter(\.isWithdrawn)
        byID = Dictionary(all.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        idByName = Dictionary(entries.map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })
        bySearchRow = Dictionary(
            entries.enumerated().map { (SearchStore.row(of: $0.element), $0.offset) }, uniquingKeysWith: { first, _ in first })
        texts = SearchTexts(entries)
        bundlesByItem = Self.bundles(entries)
    }

    private static func bundles(_ entries: [CatalogEntry]) -> [String: [CatalogEntry]] {
        var bundles: [String: [CatalogEntry]] = [:]
        for bundle in entries where bundle.kind == .bundle {
            for item in Set(bundle.components.map(\.catalogItem)) { bundles[item, default: []].append(bundle) }
        }
        return bundles
    }

    /// Withdrawn ones too. The flat dialect names documents as people see them, so a name does where no id fits.
    package func entry(_ id: String) -> CatalogEntry? { byID[id] ?? idByName[id].flatMap { byID[$0] } }

    /// What new requests are made from: nil for what is not there or withdrawn (and, logged, for what the database cannot give).
    package func document(id: String) -> CatalogDocument? {
        guard let entry = entry(id), !entry.isWithdrawn else { return nil }
        return documents.find(id: entry.id, digest: entry.digest)
    }

    /// Best first; what is equally good, by name. A row of the search is of one version, so what another catalog has is not found here.
    func hits(_ text: String) -> [CatalogEntry] { search.hits(text).places(bySearchRow).map { entries[$0] } }

    /// Of current and stale documents of all kinds.
    package var ids: [String] { entries.map(\.id) }

    /// Every bundle that holds the item, required or optional (S1's `get_catalog_item_with_bundle_context`).
    package func bundles(holding item: CatalogEntry) -> [CatalogEntry] {
        let named = item.name == item.id ? [] : bundlesByItem[item.name] ?? []
        return (bundlesByItem[item.id] ?? []) + named
    }

    /// Updates and upgrades that name the item as their target.
    package func operations(on item: CatalogEntry) -> [CatalogEntry] {
        entries.filter { entry in entry.targets.contains { $0.catalogItem == item.id || $0.catalogItem == item.name } }
    }
}

/// Order for people: without regard to case, then by id.
struct SortKey: Comparable, Sendable {
    let name: String
    let id: String

    init(name: String, id: String) {
        self.name = name
        self.id = id
    }

    init(_ entry: CatalogEntry) { self.init(name: entry.sortName, id: entry.id) }

    static func < (left: SortKey, right: SortKey) -> Bool {
        left.name == right.name ? left.id < right.id : left.name < right.name
    }
}
