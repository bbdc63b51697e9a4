package import Base

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
        var found: [Found] = []
        for (place, entry) in matching.entries.enumerated() where query.admits(entry) { found.append(Found(place: place, entry: entry)) }
        if query.sort == .category || (query.sort != .relevance && matching.isRanked) { found = query.sorted(found) }
        if query.sort == .nameDescending { found.reverse() }
        let total = found.count
        if let after = query.after {
            let key = SortKey(name: after.name, id: after.id)
            found = found.filter { query.sort == .nameDescending ? query.key(of: $0) < key : key < query.key(of: $0) }
        }
        let page = found.prefix(max(0, query.limit))
        let last = found.count > page.count ? page.last.map(query.key) : nil
        return CatalogPage(
            entries: page.map(\.entry), next: last.map { CatalogQuery.Cursor(name: $0.name, id: $0.id) }, total: total)
    }

    /// For each filter, its values and how many entries would be found with each, all other filters held.
    package func facets(_ query: CatalogQuery, offered kinds: Set<CatalogKind>) -> [CatalogFacet] {
        let matching = SearchMatch(query.search, in: self)
        let found = matching.entries
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

    fileprivate func sorted(_ found: [Found]) -> [Found] {
        found.map { (key: key(of: $0), found: $0) }.sorted { $0.key < $1.key }.map(\.found)
    }

    fileprivate func key(of found: Found) -> SortKey {
        let entry = found.entry
        switch sort {
        case .name, .nameDescending: return SortKey(entry)
        case .category: return SortKey(name: "\(entry.category)\u{0}\(entry.sortName)", id: entry.id)
        case .relevance:
            let place = String(found.place)
            return SortKey(name: String(repeating: "0", count: max(0, 7 - place.utf8.count)) + place, id: entry.id)
        }
    }
}

/// An entry and its place in what the search found.
private struct Found {
    let place: Int
    let entry: CatalogEntry
}

/// What a search leaves of a catalog.
private struct SearchMatch {
    /// Best first where `isRanked`, else by name.
    let entries: [CatalogEntry]
    let isRanked: Bool

    init(_ text: String?, in snapshot: CatalogSnapshot) {
        guard let text else {
            (entries, isRanked) = (snapshot.entries, false)
            return
        }
        let hits = snapshot.hits(text)
        isRanked = !hits.isEmpty
        entries = isRanked ? hits : snapshot.texts.places(of: text).map { snapshot.entries[$0] }
    }
}
