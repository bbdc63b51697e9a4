import Glibc

/// All words of a list of entries in lower case, one text after another in one piece of memory: finding what occurs anywhere in them, which
/// no index can tell, is a matter of reading it once.
struct SearchTexts: Sendable {
    /// Each ends in NUL.
    private let texts: [CChar]
    private let starts: [Int]

    init(_ entries: [CatalogEntry]) {
        var (texts, starts): ([CChar], [Int]) = ([], [])
        for entry in entries {
            starts.append(texts.count)
            let words = [entry.name, entry.id, entry.description, entry.category, entry.ownerTeam ?? ""] + entry.tags
            texts += words.joined(separator: "\n").lowercased().utf8CString
        }
        (self.texts, self.starts) = (texts, starts)
    }

    /// Of the entries in which every word of the text occurs, without regard to case.
    func places(of text: String) -> [Int] {
        // The longest word first: it is in the fewest texts.
        let words = text.lowercased().split(whereSeparator: \.isWhitespace).map { Array(String($0).utf8CString) }.sorted {
            $0.count > $1.count
        }
        return texts.withUnsafeBufferPointer { texts in
            guard let first = texts.baseAddress else { return [] }
            return starts.indices.filter { place in words.allSatisfy { strstr(first + starts[place], $0) != nil } }
        }
    }
}
