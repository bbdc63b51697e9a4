import Base
import Store

/// The words of current documents in SQLite's FTS5; all SQL of the search. The number of a row stands for one version of a document:
/// whoever looks at another version does not find it by this row.
enum SearchStore {
    /// The first 64 bits of the digest.
    static func row(of entry: CatalogEntry) -> Int { Int(truncatingIfNeeded: UInt64(entry.digest.prefix(16), radix: 16) ?? 0) }

    /// In a transaction of the sync; `previous` is the version that has been found until now.
    static func put(_ entry: CatalogEntry, replacing previous: CatalogEntry?, in connection: Connection) throws(PAOError) {
        for row in Set([row(of: entry), row(of: previous ?? entry)]) {
            try connection.run("DELETE FROM catalog_search WHERE rowid = ?", row)
        }
        if entry.isWithdrawn { return }
        let words = [entry.id, entry.category, entry.ownerTeam ?? "", entry.kind.rawValue].joined(separator: " ")
        try connection.run(
            "INSERT INTO catalog_search (rowid, name, words, tags, description) VALUES (?, ?, ?, ?, ?)", row(of: entry), entry.name, words,
            entry.tags.joined(separator: " "), entry.description)
    }

    /// Whether rows are missing: the table came with an update of the program.
    static func isBehind(_ entries: [CatalogEntry], in connection: Connection) throws(PAOError) -> Bool {
        let rows = try connection.first("SELECT count(*) FROM catalog_search")?.int(0) ?? 0
        return rows != entries.count { !$0.isWithdrawn }
    }

    /// Up to `mostWeighed` rows are weighed one by one: a word in the name counts most, then id, category, owner and tags, then the
    /// description. Of more, those with all words in the name come first. The words themselves are not read, which is most of what a
    /// search of many hits would cost; weighing is most of the rest.
    static func hits(_ expression: String, in connection: Connection) throws(PAOError) -> SearchHits {
        let all = try rows(expression, "", in: connection)
        return all.count > mostWeighed
            ? .many(named: try rows("name : (\(expression))", "", in: connection), all: all)
            : .few(try rows(expression, "ORDER BY bm25(catalog_search, 10, 6, 6, 1)", in: connection))
    }

    private static let mostWeighed = 1000

    private static func rows(_ expression: String, _ order: String, in connection: Connection) throws(PAOError) -> [Int] {
        var rows: [Int] = []
        try connection.forEach("SELECT rowid FROM catalog_search WHERE catalog_search MATCH ? \(order)", expression) {
            row throws(PAOError) in rows.append(row.int(0))
        }
        return rows
    }

    /// Each word as the beginning of one; nil where there is none. Nothing of the text is an operator.
    static func expression(_ text: String) -> String? {
        let words = text.split(whereSeparator: \.isWhitespace).prefix(20).filter { $0.contains { $0.isLetter || $0.isNumber } }
        if words.isEmpty { return nil }
        return words.map { "\"\(plain($0.prefix(100)))\"*" }.joined(separator: " ")
    }

    /// Scalar by scalar: a quote with a combining mark is another character, but still a quote to SQLite.
    private static func plain(_ word: Substring) -> String {
        String(String.UnicodeScalarView(word.unicodeScalars.filter { $0 != "\"" && $0 != "\0" }))
    }
}

/// Rows of the search.
enum SearchHits: Sendable {
    /// Best first.
    case few([Int])
    /// In no order; `named` are among `all`.
    case many(named: [Int], all: [Int])

    /// Where the rows are in a list, which is `placesByRow`; the best first, and in the list's order what is equally good.
    func places(_ placesByRow: [Int: Int]) -> [Int] {
        switch self {
        case .few(let rows): return rows.compactMap { placesByRow[$0] }
        case .many(let named, let all):
            let first = named.compactMap { placesByRow[$0] }.sorted()
            let isFirst = Set(first)
            return first + all.compactMap { placesByRow[$0] }.filter { !isFirst.contains($0) }.sorted()
        }
    }
}

/// Asks the words for a snapshot.
struct CatalogSearch: Sendable {
    let store: Store
    let log: Log

    /// None where the text holds no word, or the database cannot be read.
    func hits(_ text: String) -> SearchHits {
        guard let expression = SearchStore.expression(text) else { return .few([]) }
        do throws(PAOError) {
            return try store.read { connection throws(PAOError) in try SearchStore.hits(expression, in: connection) }
        } catch {
            log(.error, "the catalog cannot be searched", ["reason": .string(error.description)])
            return .few([])
        }
    }
}
