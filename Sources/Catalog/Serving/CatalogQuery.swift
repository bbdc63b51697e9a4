package import Base
import Glibc

/// What a list of the catalog is asked for. Every filter that is given must hold.
package struct CatalogQuery: Sendable, Hashable {
    package enum Sort: String, Sendable, CaseIterable {
        case name
        case nameDescending = "-name"
        /// By category, then name.
        case category
        /// What the search fits best first; without a search as by name.
        case relevance
    }

    /// Each word must begin a word of name, id, description, category, owner or tags; where nothing fits, occur inside of one.
    package var search: String?
    package var category: String?
    package var owner: String?
    /// All of them.
    package var tags: [String]
    package var kinds: Set<CatalogKind>
    package var status: Lifecycle.Status?
    package var sort: Sort
    package var limit: Int
    /// The position after which the page begins.
    package var after: Cursor?

    /// The sort keys of the last entry of a page.
    package struct Cursor: Sendable, Hashable {
        package var name: String
        package var id: String

        package init(name: String, id: String) {
            self.name = name
            self.id = id
        }
    }

    package init(
        search: String? = nil, category: String? = nil, owner: String? = nil, tags: [String] = [],
        kinds: Set<CatalogKind> = [.item, .bundle], status: Lifecycle.Status? = nil, sort: Sort? = nil, limit: Int = 50,
        after: Cursor? = nil
    ) {
        self.search = search
        self.category = category
        self.owner = owner
        self.tags = tags
        self.kinds = kinds
        self.status = status
        self.sort = sort ?? (search == nil ? .name : .relevance)
        self.limit = limit
        self.after = after
    }
}

package struct CatalogPage: Sendable {
    package var entries: [CatalogEntry]
    /// nil on the last page.
    package var next: CatalogQuery.Cursor?
    /// Of all pages.
    package var total: Int
}

extension CatalogSnapshot {
    package func list(_ query: CatalogQuery) -> CatalogPage {
        let matching = SearchMatch(query.search, in: self)
        var found = entries.filter { query.admits($0) && matching.holds($0) }.map { (key: query.key(of: $0, matching), entry: $0) }
        switch query.sort {
        case .name: break
        case .nameDescending: found.reverse()
        case .category, .relevance: found.sort { $0.key < $1.key }
        }
        let total = found.count
        if let after = query.after {
            let key = SortKey(name: after.name, id: after.id)
            found = found.filter { query.sort == .nameDescending ? $0.key < key : key < $0.key }
        }
        let page = found.prefix(max(0, query.limit))
        let last = found.count > page.count ? page.last : nil
        return CatalogPage(
            entries: page.map(\.entry), next: last.map { CatalogQuery.Cursor(name: $0.key.name, id: $0.key.id) }, total: total)
    }

    /// For each filter, its values and how many entries would be found with each, all other filters held.
    package func facets(_ query: CatalogQuery, offered kinds: Set<CatalogKind>) -> [CatalogFacet] {
        let matching = SearchMatch(query.search, in: self)
        let found = entries.filter(matching.holds)
        func facet(_ name: String, _ open: (inout CatalogQuery) -> Void, _ values: (CatalogEntry) -> [String]) -> CatalogFacet {
            var others = query
            open(&others)
            var counts: [String: Int] = [:]
            for entry in found where others.admits(entry) { for value in values(entry) { counts[value, default: 0] += 1 } }
            return CatalogFacet(name: name, counts: counts)
        }
        return [
            facet("kind", { $0.kinds = kinds }, { [$0.kind.rawValue] }), facet("category", { $0.category = nil }, { [$0.category] }),
            facet("owner", { $0.owner = nil }, { $0.ownerTeam.map { [$0] } ?? [] }), facet("tags", { _ in }, \.tags),
            facet("status", { $0.status = nil }, { [$0.lifecycle.status.rawValue] }),
        ]
    }
}

/// The values of one filter, the most frequent first.
package struct CatalogFacet: Sendable {
    package let name: String
    package let values: [(value: String, count: Int)]

    init(name: String, counts: [String: Int]) {
        self.name = name
        values = counts.map { (value: $0.key, count: $0.value) }.sorted { ($1.count, $0.value) < ($0.count, $1.value) }
    }

    /// A filter of more values than this is one that nobody picks from.
    private static let mostShown = 50

    package var json: JSON {
        .array(values.prefix(Self.mostShown).map { ["value": .string($0.value), "count": .int($0.count)] })
    }
}

extension CatalogQuery {
    fileprivate func admits(_ entry: CatalogEntry) -> Bool {
        kinds.contains(entry.kind) && (category == nil || category == entry.category) && (owner == nil || owner == entry.ownerTeam)
            && (status == nil || status == entry.lifecycle.status) && tags.allSatisfy(entry.tags.contains)
    }

    fileprivate func key(of entry: CatalogEntry, _ matching: SearchMatch) -> SortKey {
        switch sort {
        case .name, .nameDescending: SortKey(entry)
        case .category: SortKey(name: "\(entry.category)\u{0}\(entry.sortName)", id: entry.id)
        case .relevance: SortKey(name: "\(matching.place(of: entry))\u{0}\(entry.sortName)", id: entry.id)
        }
    }
}

/// Which entries a search finds, and in which order.
private struct SearchMatch {
    private enum Way {
        case everything
        /// By id: the place among the hits, padded so that it sorts as text.
        case places([String: String])
        case inside(SearchWords)
    }

    private let way: Way

    init(_ text: String?, in snapshot: CatalogSnapshot) {
        guard let text else {
            way = .everything
            return
        }
        let hits = snapshot.hits(text)
        way = hits.isEmpty ? .inside(SearchWords(text)) : .places(hits)
    }

    func holds(_ entry: CatalogEntry) -> Bool {
        switch way {
        case .everything: true
        case .places(let places): places[entry.id] != nil
        case .inside(let words): words.occur(in: entry)
        }
    }

    func place(of entry: CatalogEntry) -> String {
        if case .places(let places) = way { places[entry.id] ?? "" } else { "" }
    }
}

/// Words of a search, compared without regard to case.
private struct SearchWords {
    /// Ended by NUL, as `searchText` is.
    private let words: [[CChar]]

    init(_ text: String) { words = text.lowercased().split(whereSeparator: \.isWhitespace).map { Array(String($0).utf8CString) } }

    func occur(in entry: CatalogEntry) -> Bool {
        words.isEmpty
            || entry.searchText.withUnsafeBufferPointer { text in
                guard let text = text.baseAddress else { return false }
                return words.allSatisfy { strstr(text, $0) != nil }
            }
    }
}
