import Glibc

/// What a list of the catalog is asked for. Every filter that is given must hold.
package struct CatalogQuery: Sendable {
    package enum Sort: String, Sendable, CaseIterable {
        case name
        case nameDescending = "-name"
    }

    /// All words must occur in name, id, description, category, owner or tags.
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
    package struct Cursor: Sendable, Equatable {
        package var name: String
        package var id: String

        package init(name: String, id: String) {
            self.name = name
            self.id = id
        }
    }

    package init(
        search: String? = nil, category: String? = nil, owner: String? = nil, tags: [String] = [],
        kinds: Set<CatalogKind> = [.item, .bundle], status: Lifecycle.Status? = nil, sort: Sort = .name, limit: Int = 50,
        after: Cursor? = nil
    ) {
        self.search = search
        self.category = category
        self.owner = owner
        self.tags = tags
        self.kinds = kinds
        self.status = status
        self.sort = sort
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
        let words = SearchWords(query.search ?? "")
        var found = entries.filter { query.admits($0) && words.occur(in: $0) }
        if query.sort == .nameDescending { found.reverse() }
        let total = found.count
        if let after = query.after {
            let key = SortKey(name: after.name, id: after.id)
            found = found.filter { query.sort == .name ? key < SortKey($0) : SortKey($0) < key }
        }
        let page = Array(found.prefix(max(0, query.limit)))
        let last = found.count > page.count ? page.last : nil
        return CatalogPage(entries: page, next: last.map { CatalogQuery.Cursor(name: $0.sortName, id: $0.id) }, total: total)
    }

    /// How many current entries there are of each category, for the filters of a page.
    package func categories(kinds: Set<CatalogKind> = [.item, .bundle]) -> [(category: String, count: Int)] {
        var counts: [String: Int] = [:]
        for entry in entries where kinds.contains(entry.kind) { counts[entry.category, default: 0] += 1 }
        return counts.sorted { $0.key < $1.key }.map { (category: $0.key, count: $0.value) }
    }
}

extension CatalogQuery {
    fileprivate func admits(_ entry: CatalogEntry) -> Bool {
        kinds.contains(entry.kind) && (category == nil || category == entry.category) && (owner == nil || owner == entry.ownerTeam)
            && (status == nil || status == entry.lifecycle.status) && tags.allSatisfy(entry.tags.contains)
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
