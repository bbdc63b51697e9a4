package import Base

/// A list in SQL, newest first, walked by key: `SELECT columns FROM source WHERE ... ORDER BY key DESC LIMIT n + 1`.
package struct ListQuery {
    private let columns: String
    private let source: String
    /// The columns of the sort key, of text; together they are unique.
    private let key: [String]
    private let isAscending: Bool
    private var conditions: [String] = []
    private var values: [SQLValue] = []

    package init(columns: String, source: String, key: [String], isAscending: Bool = false) {
        self.columns = columns
        self.source = source
        self.key = key
        self.isAscending = isAscending
    }

    package mutating func filter(_ sql: String, _ bound: (any SQLBindable)?...) {
        conditions.append(sql)
        values += bound.map { $0?.sqlValue ?? .null }
    }

    package mutating func filter(_ sql: String, values bound: [SQLValue]) {
        conditions.append(sql)
        values += bound
    }

    /// One of several texts; an empty list means no filter.
    package mutating func filter(_ column: String, isOneOf texts: [String]) {
        guard !texts.isEmpty else { return }
        if texts.count == 1 { return filter("\(column) = ?", texts[0]) }
        filter("\(column) IN (\(texts.map { _ in "?" }.joined(separator: ", ")))", values: texts.map(SQLValue.text))
    }

    /// The page's text and values, with one row more than the limit. Throws `malformed` for a key that is not of this list.
    package func page(_ page: PageRequest) throws(PAOError) -> (sql: String, values: [SQLValue]) {
        var (conditions, values) = (conditions, values)
        if let after = page.after {
            guard after.count == key.count else { throw PAOError(.invalidParameter, "The cursor does not belong to this list.") }
            let marks = key.map { _ in "?" }.joined(separator: ", ")
            conditions.append("(\(key.joined(separator: ", "))) \(isAscending ? ">" : "<") (\(marks))")
            values += after.map(SQLValue.text)
        }
        let clause = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        let direction = isAscending ? "ASC" : "DESC"
        let order = " ORDER BY \(key.map { "\($0) \(direction)" }.joined(separator: ", ")) LIMIT \(page.limit + 1)"
        return ("SELECT \(columns) FROM \(source)\(clause)\(order)", values)
    }

    package func total(in connection: Connection) throws(PAOError) -> Int {
        let clause = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        return try connection.first("SELECT COUNT(*) FROM \(source)\(clause)", values: values)?.int(0) ?? 0
    }
}
