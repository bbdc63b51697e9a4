/// Which part of a list is asked for. Lists are walked by key, never by offset: `after` holds the sort keys of the last row seen.
package struct PageRequest: Sendable {
    package var limit: Int
    package var after: [String]?
    package var countsTotal: Bool

    package init(limit: Int = 50, after: [String]? = nil, countsTotal: Bool = false) {
        self.limit = limit
        self.after = after
        self.countsTotal = countsTotal
    }
}

package struct Page<Item: Sendable>: Sendable {
    package var items: [Item]
    /// The sort keys of the last item when there are more; nil on the last page.
    package var next: [String]?
    package var total: Int?

    /// From `limit + 1` rows: the surplus one only tells that there are more.
    package init(_ rows: [Item], limit: Int, total: Int? = nil, key: (Item) -> [String]) {
        items = Array(rows.prefix(limit))
        next = rows.count > limit ? items.last.map(key) : nil
        self.total = total
    }

    package func map<T>(_ transform: (Item) -> T) -> [T] { items.map(transform) }
}
