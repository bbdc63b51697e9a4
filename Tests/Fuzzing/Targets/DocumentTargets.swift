import Base

@testable import Documents

extension FuzzTarget {
    static let documentTargets = [
        FuzzTarget(
            "yaml",
            texts: [
                "kind: CatalogItem\nmetadata: &m {id: a, tags: [x, 'y', \"z\\u00e9\"]}\nspec:\n  <<: *m\n  text: |\n    a\n    b\n  n: [012, 1.5e3, .5, 0xFF, ~]\n",
                "- &a {b: 1}\n- *a\n- ? x\n  : y\n- !!int '3'\n--- >-\n folded\n text\n",
            ], files: ["Tests/CatalogTests/Fixtures/spec-flat.yaml"],
            words: [
                "&a ", "*a", "<<: ", "- ", "\n", "\n  ", ": ", "|", ">", "\"", "'", "!!", "{", "}", "[", "]", "%YAML 1.2\n", "---\n",
                "...\n",
                "\\x", "1e999", "-0", "? ", "!!binary ", "\t", "\u{FEFF}", "\u{85}", "#",
            ], yaml),
        FuzzTarget(
            "selector", texts: ["$.a.b[0]['c-d']", "/a~1b/0/~0", "$.items[*].id", "a.b[-1]", "$[\"x\"][*]"],
            words: ["$", ".", "[", "]", "*", "'", "\"", "/", "~0", "~1", "-1", "999999999", "\\"], selector),
        FuzzTarget(
            "pattern",
            texts: [
                "^[a-z][a-z0-9-]{2,28}$\nabc", "^(?:[a-z\\d]+|\\p{L}{2,3}?)(?<n>x)\\k<n>\\u0041$\naxxA",
                "^(a+)+$\naaaaaaaaaaaaaaaaaaaaaaaa!",
            ],
            words: [
                "(", ")", "[", "]", "{", "}", "\\", "*", "+?", "?", "\\u{", "(?<=", "(?!", "(?<n>", "\\k<n>", "\\1", "{99999}", "{0,65535}",
                "\\p{",
                "\\cA", "[^]", "|", "^", "$", "\\b", "\\d", "\\S", "-", "\\x41", "&&", "[:alpha:]", "(*UTF)", "\\Q", "(?R)", "(?1)", "\\K",
                "\\G",
            ], pattern),
    ]

    private static func yaml(_ input: [UInt8]) throws {
        let documents: [YAMLNode]
        do throws(YAMLFault) {
            documents = try YAML.read(input).documents
        } catch {
            return try demand(isInside(error.position.line, error.position.column, of: input), "\(error) is at no place of the text")
        }
        for document in documents where document.json != .null { try roundTrip(document.json) }
    }

    private static func roundTrip(_ value: JSON) throws {
        let written = YAML.write(value)
        let again = try? YAML.parse(Array(written.utf8)).documents.first?.json
        try demand(again == value, "is not what its writing says: \(value) is\n\(written)")
    }

    /// Lines and columns count from 1; the place behind the last character is one, and so is the line behind the last.
    static func isInside(_ line: Int, _ column: Int, of input: [UInt8]) -> Bool {
        let breaks =
            input.count { $0 == 0x0A || $0 == 0x0D } + input.text.unicodeScalars.count { [0x85, 0x2028, 0x2029].contains($0.value) }
        return (1...breaks + 2).contains(line) && (1...input.count + 2).contains(column)
    }

    private static let selected: JSON = [
        "a": ["b": [["c-d": 1], ["c": 2]]], "items": [["id": 1], ["id": 2]], "": ["~/": 5], "a/b": [[1]],
    ]

    private static func selector(_ input: [UInt8]) throws {
        let text = input.text
        if let selector = try? JSONSelector.parse(text) {
            _ = selector.select(in: selected)
            _ = selector.select(in: [[[1, [2]]]])
        }
        guard let tokens = JSONPointer.tokens(text) else { return }
        _ = JSONPointer.value(at: tokens, in: selected)
        let written = tokens.map { "/" + JSONPointer.escape($0) }.joined()
        try demand(JSONPointer.tokens(written) == tokens, "\(text) is written \(written)")
    }

    private static func pattern(_ input: [UInt8]) throws {
        let (source, subject) = input.halves
        guard let pattern = try? Pattern(source) else { return }
        let outcome = pattern.search(subject)
        try demand(pattern.search(subject) == outcome, "\(source) changes its mind about \(subject.debugDescription)")
        try demand(
            !pattern.matchesWhole(subject) || outcome != .noMatch, "\(source) matches the whole of \(subject.debugDescription), not in it")
    }
}
