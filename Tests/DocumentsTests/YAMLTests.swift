import Base
import Testing

@testable import Documents

private func parsed(_ text: String) throws -> JSON { try YAML.parse(Array(text.utf8)).documents.first?.json ?? .string("no document") }

private func fault(_ text: String) -> YAMLFault? {
    do {
        _ = try YAML.read(Array(text.utf8))
        return nil
    } catch { return error }
}

private let longKeys: JSON = [
    String(repeating: "long", count: 400): 1, String(repeating: "l", count: 1100): ["a": [2]],
]

@Suite struct YAMLTests {
    @Test(
        "resolves plain scalars by the core schema",
        arguments: [
            ("no", "no"), ("on", "on"), ("yes", "yes"), ("y", "y"), ("true", true), ("True", true), ("FALSE", false), ("tRue", "tRue"),
            ("null", nil), ("~", nil), ("", nil), ("NULL", nil), ("nUll", "nUll"), ("12", 12), ("-3", -3), ("+7", 7), ("012", 12),
            ("0o17", 15), ("0xFF", 255), ("0o8", "0o8"), ("0x", "0x"), ("-0x1", "-0x1"), ("1_000", "1_000"), ("0b1", "0b1"),
            ("1.5", 1.5), (".5", 0.5), ("5.", 5), ("1e3", 1000), ("-1.5E-2", -0.015), ("1.", 1), (".", "."), ("1:30", "1:30"),
            ("2024-01-01", "2024-01-01"), ("1.2.3", "1.2.3"), ("<<", "<<"), ("=", "="), ("e5", "e5"), ("+", "+"), (".e1", ".e1"),
            ("'12'", "12"), ("\"true\"", "true"), ("!!str 12", "12"), ("!!int \"12\"", 12), ("!!float 3", 3), ("! 12", "12"), ("''", ""),
        ] as [(String, JSON)])
    func scalars(text: String, value: JSON) throws {
        #expect(try parsed("[\(text)]")[0] ?? nil == value)
    }

    @Test("keeps big and precise numbers exact")
    func exactNumbers() throws {
        #expect(try parsed("[123456789012345678901234567890, 1.10]").description == "[123456789012345678901234567890,1.10]")
    }

    @Test("warns about a leading zero, and only about that")
    func leadingZero() throws {
        let stream = try YAML.parse(Array("a: 012\nb: 0\nc: 0.5\nd: '012'\n".utf8))
        #expect(stream.warnings.map(\.position) == [Position(line: 1, column: 4)])
    }

    @Test(
        "refuses what the catalog does not take",
        arguments: [
            ("a: .inf", "yaml-number", 1, 4), ("a: -.INF", "yaml-number", 1, 4), ("a: .nan", "yaml-number", 1, 4),
            ("a: 1e400", "yaml-number", 1, 4), ("a: 0xFFFFFFFFFFFFFFFFF", "yaml-number", 1, 4),
            ("a: 1\nb: 2\na: 3", "yaml-duplicate-key", 3, 1), ("{true: 1, 'true': 2}", "yaml-duplicate-key", 1, 11),
            ("a: !x 1", "yaml-tag", 1, 4), ("a: !!binary aGk=", "yaml-tag", 1, 4), ("a: !!int x", "yaml-tag", 1, 4),
            ("a: !!seq {}", "yaml-tag", 1, 4), ("? [a]\n: 1", "yaml-key", 1, 3), ("a: *b", "yaml-alias", 1, 4),
            ("a: &a [*a]", "yaml-alias", 1, 8), ("a: &a {b: {c: *a}}", "yaml-alias", 1, 15), ("<<: 1", "yaml-merge", 1, 5),
            ("<<: [{}, 2]", "yaml-merge", 1, 10), ("a: b: c", "yaml-syntax", 1, 5), ("\u{1}", "yaml-syntax", 1, 1),
            ("a: |\n  ü\n  ö\u{7}", "yaml-syntax", 3, 4), ("%YAML 2.0\n---\na", "yaml-syntax", 1, 1), ("[a", "yaml-syntax", 2, 1),
        ])
    func refusals(text: String, rule: String, line: Int, column: Int) {
        let found = fault(text)
        #expect(found?.rule == rule)
        #expect(found?.position == Position(line: line, column: column))
    }

    @Test("names line and column in the error of parse")
    func errorText() {
        #expect { try YAML.parse(Array("a: 1\na: 2".utf8)) } throws: { error in
            guard let error = error as? PAOError else { return false }
            return error.code == .malformed && error.message.contains("line 2, column 1") && error.findings.first?.field == "2:1"
        }
    }

    @Test(
        "refuses bytes that are not UTF-8",
        arguments: [[0xFF, 0xFE, 0x61, 0], [0x61, 0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80]] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) { #expect(throws: PAOError.self) { try YAML.parse(bytes) } }

    @Test("takes a byte order mark, directives of 1.1 and 1.2, and several documents")
    func streams() throws {
        let stream = try YAML.parse(Array("\u{FEFF}%YAML 1.2\n---\na: 1\n...\n%YAML 1.1\n---\n- b\n---\n".utf8))
        #expect(stream.documents.map(\.json) == [["a": 1], ["b"], nil])
        #expect(try YAML.parse([]).documents.isEmpty)
    }

    @Test("merges: own keys win, the first of several wins, nodes keep their places")
    func merges() throws {
        let text = "base: &b {a: 1, b: 2}\nmore: &m {b: 3, c: 4}\nuse:\n  b: 9\n  <<: [*b, *m]\n  d: 5\n"
        let node = try #require(try YAML.parse(Array(text.utf8)).documents.first)
        #expect(node["use"]?.json == ["a": 1, "b": 9, "c": 4, "d": 5])
        #expect(node.position(at: "/use/c") == Position(line: 2, column: 20))
        #expect(node.position(at: "/use/b") == Position(line: 4, column: 6))
    }

    @Test("finds the nearest existing place of a JSON pointer")
    func places() throws {
        let node = try #require(try YAML.parse(Array("a:\n  - x\n  - b/c: 1\n".utf8)).documents.first)
        #expect(node.position(at: "/a/1/b~1c") == Position(line: 3, column: 10))
        #expect(node.position(at: "/a/1/b~1c", key: true) == Position(line: 3, column: 5))
        #expect(node.position(at: "/a/7/z") == Position(line: 2, column: 3))
        #expect(node.node(at: [.key("a"), .index(0)])?.string == "x")
    }

    @Test("takes 64 levels and no more, aliases expanded")
    func depth() {
        func nested(_ levels: Int) -> String { String(repeating: "[", count: levels) + String(repeating: "]", count: levels) }
        #expect(fault(nested(64)) == nil)
        #expect(fault(nested(65))?.rule == "yaml-limit")
        #expect(
            fault("a: &a \(nested(40))\nb: \(String(repeating: "[", count: 30))*a\(String(repeating: "]", count: 30))")?.rule
                == "yaml-limit")
    }

    @Test("takes a thousand documents and no more")
    func manyDocuments() {
        #expect(fault(String(repeating: "--- a\n", count: 1000)) == nil)
        let found = fault(String(repeating: "--- a\n", count: 1001))
        #expect(found?.rule == "yaml-limit" && found?.position == Position(line: 1001, column: 1))
    }

    @Test("answers bombs quickly", .timeLimit(.minutes(1)))
    func bombs() {
        var laughs = "a0: &a0 [lol]\n"
        for level in 1...9 {
            laughs += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",") + "]\n"
        }
        var merges = "m0: &m0 {k: 1}\n"
        for level in 1...60 { merges += "m\(level): &m\(level) {<<: [*m\(level - 1), *m\(level - 1)], k\(level): 1}\n" }
        let manyKeys = (0..<150_000).map { "k\($0):" }.joined(separator: "\n").prefix(1 << 20)
        let texts = [
            laughs, merges, String(manyKeys), String(repeating: "[", count: 1 << 20), String(repeating: "a: ", count: 300_000),
            String(repeating: "- ", count: 500_000), String(repeating: "{", count: 1 << 20), String(repeating: "? ", count: 500_000),
            String(repeating: "&a ", count: 300_000), String(repeating: " ", count: 2 << 20), String(repeating: "[\"a\",", count: 200_000),
        ]
        for text in texts {
            let start = processorTime()
            #expect(fault(text) != nil)
            // A release build answers within 200 ms; a debug build takes up to ten times as long.
            #expect(processorTime() - start < .milliseconds(2000), "\(text.prefix(40))")
        }
    }

    @Test(
        "writes what it reads back",
        arguments: [
            ["kind": "CatalogItem", "list": [1, ["a": nil, "b": [[], [:]]], [["x", "y"], ["z"]]], "empty": [:], "none": []],
            ["text": "two\nlines\n", "kept": "a\n\n", "stripped": "a\nb", "tab": "a\n\tb", "lead": " a\nb", "cr": "a\r\nb", "blank": "\n"],
            [
                "", "no", "Yes", "true", "null", "~", "012", "1.5", ".5", "0x1F", "- a", "a: b", "a #b", "a:", "#a", "{{x}}", "'q'",
                "\"q\"",
                "é", "\u{85}", "\u{2028}", "\u{FEFF}", "😀", "a\\b", "---", "...", "2024-01-01", "%a", "@a", "`a", "*a", "&a", "!a", "|",
                ">", "/x",
            ],
            "scalar", "a\nb\n", [], [:], [[[1]]], ["<<": 1, "": 2, "a b": 3, "k\nl": 4], ["n": 1e30, "m": -0.5],
            longKeys,
        ] as [JSON])
    func roundTrip(value: JSON) throws {
        let text = YAML.write(value)
        #expect(try parsed(text) == value, "\(text)")
    }

    @Test("mutated documents neither trap nor hang")
    func mutations() throws {
        let seeds = [
            "kind: CatalogItem\nmetadata: &m {id: a, tags: [x, 'y', \"z\\u00e9\"]}\nspec:\n  <<: *m\n  text: |\n    a\n    b\n  n: [012, 1.5e3, .5, 0xFF, ~]\n",
            "- &a {b: 1}\n- *a\n- ? x\n  : y\n- !!int '3'\n--- >-\n folded\n text\n",
        ].map { Array($0.utf8) }
        let dictionary = [
            "&a ", "*a", "<<: ", "- ", "\n", ": ", "|", ">", "\"", "'", "!!", "{", "}", "[", "]", "%YAML 1.2\n", "---\n", "\\x", "1e999",
            "-0",
        ]
        var random = SeededRandom(seed: 1)
        for _ in 0..<4000 {
            let text = random.mutated(seeds.randomElement(using: &random) ?? [], dictionary: dictionary)
            guard let stream = try? YAML.read(text) else { continue }
            for document in stream.documents where document.json != .null {
                let again = try YAML.parse(Array(YAML.write(document.json).utf8)).documents.first?.json
                #expect(again == document.json, "\(String(decoding: text, as: UTF8.self))")
            }
        }
    }
}
