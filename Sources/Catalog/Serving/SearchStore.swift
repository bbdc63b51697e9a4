import Base
import Store

/// The words of current documents in SQLite's FTS5; all SQL of the search. A row belongs to the version that it was made of: whoever
/// looks at another version of the document does not find it by this row.
enum SearchStore {
    struct Hit: Sendable {
        let id: String
        let digest: String
    }

    /// In a transaction of the sync.
    static func put(_ entry: CatalogEntry, in connection: Connection) throws(PAOError) {
        let row = number(of: entry.id)
        try connection.run("DELETE FROM catalog_search WHERE rowid = ?", row)
        if entry.isWithdrawn { return }
        let words = [entry.id, entry.category, entry.ownerTeam ?? "", entry.kind.rawValue].joined(separator: " ")
        try connection.run(
            "INSERT INTO catalog_search (rowid, id, digest, name, words, tags, description) VALUES (?, ?, ?, ?, ?, ?, ?)", row, entry.id,
            entry.digest, entry.name, words, entry.tags.joined(separator: " "), entry.description)
    }

    /// Whether rows are missing: the table came with an update of the program.
    static func isBehind(_ entries: [CatalogEntry], in connection: Connection) throws(PAOError) -> Bool {
        let rows = try connection.first("SELECT count(*) FROM catalog_search")?.int(0) ?? 0
        return rows != entries.count { !$0.isWithdrawn }
    }

    /// Best first: a word in the name counts most, then id, category, owner and tags, then the description.
    static func hits(_ expression: String, in connection: Connection) throws(PAOError) -> [Hit] {
        try connection.rows(
            """
            SELECT id, digest FROM catalog_search WHERE catalog_search MATCH ?
            ORDER BY bm25(catalog_search, 0, 0, 10, 6, 6, 1), id
            """, expression
        ).map { Hit(id: $0.text(0), digest: $0.text(1)) }
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

    /// A document keeps its row number: the first bytes of its id's SHA-256.
    private static func number(of id: String) -> Int {
        Int(truncatingIfNeeded: Hash.sha256(Array(id.utf8)).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}

/// Asks the words for a snapshot.
struct CatalogSearch: Sendable {
    let store: Store
    let log: Log

    /// Best first; nothing where the text holds no word, or the database cannot be read.
    func hits(_ text: String) -> [SearchStore.Hit] {
        guard let expression = SearchStore.expression(text) else { return [] }
        do throws(PAOError) {
            return try store.read { connection throws(PAOError) in try SearchStore.hits(expression, in: connection) }
        } catch {
            log(.error, "the catalog cannot be searched", ["reason": .string(error.description)])
            return []
        }
    }
}
