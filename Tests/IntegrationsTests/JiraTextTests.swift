import Base
import Integrations
import Testing

struct JiraTextTests {
    private static func instance(_ version: JiraInstance.APIVersion) -> JiraInstance {
        JiraInstance(name: "main", baseURL: "https://jira.example", apiVersion: version, authentication: .bearer(token: "t"))
    }

    private func wiki(_ markdown: String) -> String { Self.instance(.v2).text(markdown).string ?? "" }

    /// The content of the document.
    private func adf(_ markdown: String) -> String { Self.instance(.v3).text(markdown)["content"]?.description ?? "" }

    static let markup: [(markdown: String, wiki: String)] = [
        ("", ""), ("plain", "plain"), ("one\ntwo\n\nthree", "one\ntwo\n\nthree"), ("# Title\ntext", "h1. Title\n\ntext"),
        ("###### Six", "h6. Six"),
        ("####### seven", "\\#\\#\\#\\#\\#\\#\\# seven"), ("#no", "\\#no"),
        ("**bold** *it* _it_ `code`", "*bold* _it_ _it_ {{code}}"), ("***both***", "*_both_*"), ("**a *b* c**", "*a* *_b_* *c*"),
        ("in**mid**word", "in{*}mid{*}word"), ("snake_case_name", "snake\\_case\\_name"), ("a * b * c", "a \\* b \\* c"),
        ("**open", "\\*\\*open"),
        ("`open", "`open"), ("``a`b``", "{{a`b}}"), ("[text](https://x.example/a_b)", "[text|https://x.example/a_b]"),
        ("[no](javascript:alert(1))", "\\[no\\](javascript:alert\\(1))"), ("[a]", "\\[a\\]"),
        ("see https://x.example/a_b.", "see [https://x.example/a_b]."),
        ("[x](https://h/a|b]c)", "[x|https://h/a%7Cb%5Dc]"),
        ("- a\n- b\n  - c\n  - d\n- e", "* a\n* b\n** c\n** d\n* e"), ("1. a\n2. b", "# a\n# b"),
        ("- a\n  1. b\n     - c", "* a\n*# b\n*#* c"),
        ("- a\nb\n\ntext", "* a\nb\n\ntext"), ("- **k**: v", "* *k*: v"),
        ("```\nlet a = \"{x}\" * 2\n```", "{code}\nlet a = \"{x}\" * 2\n{code}"), ("```json\n{}\n```", "{code:json}\n{}\n{code}"),
        ("```brainfuck\n+\n```", "{code}\n+\n{code}"), ("```\nopen", "{code}\nopen\n{code}"),
        ("```\na\n\nb\n```\nafter", "{code}\na\n\nb\n{code}\n\nafter"),
        ("```\n{code}\n```", "{noformat}\n{code}\n{noformat}"), ("```\n{code} {noformat}\n```", "{{\\{code\\} \\{noformat\\}}}"),
        ("line\\\nbreak", "line\nbreak"), ("tab\u{0}\u{7}", "tab"),
    ]

    @Test("Markdown becomes wiki markup", arguments: JiraTextTests.markup)
    func wikiMarkup(_ row: (markdown: String, wiki: String)) {
        #expect(wiki(row.markdown) == row.wiki)
    }

    static let documents: [(markdown: String, content: String)] = [
        ("", #"[{"type":"paragraph"}]"#), ("plain", #"[{"type":"paragraph","content":[{"type":"text","text":"plain"}]}]"#),
        ("# T", #"[{"type":"heading","attrs":{"level":1},"content":[{"type":"text","text":"T"}]}]"#),
        ("a\nb", #"[{"type":"paragraph","content":[{"type":"text","text":"a"},{"type":"hardBreak"},{"type":"text","text":"b"}]}]"#),
        ("***b***", #"[{"type":"paragraph","content":[{"type":"text","text":"b","marks":[{"type":"strong"},{"type":"em"}]}]}]"#),
        ("**`c`**", #"[{"type":"paragraph","content":[{"type":"text","text":"c","marks":[{"type":"code"}]}]}]"#),
        (
            "[t](https://h/)",
            #"[{"type":"paragraph","content":[{"type":"text","text":"t","marks":[{"type":"link","attrs":{"href":"https://h/"}}]}]}]"#
        ),
        ("```sql\nx\n```", #"[{"type":"codeBlock","attrs":{"language":"sql"},"content":[{"type":"text","text":"x"}]}]"#),
        ("```\n```", #"[{"type":"codeBlock"}]"#),
        (
            "- a\n  1. b",
            #"[{"type":"bulletList","content":[{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"a"}]},"#
                + #"{"type":"orderedList","content":[{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"b"}]}]}]}]}]}]"#
        ),
    ]

    @Test("Markdown becomes Atlassian Document Format", arguments: JiraTextTests.documents)
    func atlassianDocument(_ row: (markdown: String, content: String)) {
        #expect(adf(row.markdown) == row.content)
    }

    static let values: [(value: String, wiki: String)] = [
        ("{code}", "\\{code\\}"), ("*a* _b_ -c- +d+ ^e^ ~f~ ??g??", "\\*a\\* \\_b\\_ \\-c\\- \\+d\\+ \\^e\\^ \\~f\\~ \\?\\?g\\?\\?"),
        ("[~admin]", "\\[\\~admin\\]"), ("[a|https://evil]", "\\[a\\|https://evil\\]"), ("!x.png!", "\\!x.png\\!"),
        ("|a|b|", "\\|a\\|b\\|"),
        ("{{secrets.X}}", "\\{\\{secrets.X\\}\\}"), ("${x} %{y}", "$\\{x\\} %\\{y\\}"), ("\"'<b>&amp;", "\"'<b>&#38;amp;"),
        ("a\\b\\\\c", "a&#92;b&#92;&#92;c"),
        ("one\n# two\nh1. three\nbq. four\n- five\n----", "one\n\\# two\nh1&#46; three\nbq&#46; four\n\\- five\n\\-\\-\\-\\-"),
        (":) ;) (x) (flagoff) (a b) prod-db-01 R & D", "&#58;) &#59;) \\(x) \\(flagoff) (a b) prod-db-01 R & D"),
        ("```\ncode", "```\ncode"), ("`x`", "`x`"),
        ("**b**", "\\*\\*b\\*\\*"), ("é 漢 🙂", "é 漢 🙂"),
    ]

    /// What the template engine does to a value.
    private func escaped(_ value: String) -> String {
        value.reduce(into: "") { result, character in
            let isPunctuation = character.isASCII && (character.isPunctuation || character.isSymbol)
            result += isPunctuation ? "\\\(character)" : String(character)
        }
    }

    @Test("a value of a user shows literally in wiki markup", arguments: JiraTextTests.values)
    func valueInWiki(_ row: (value: String, wiki: String)) {
        #expect(wiki(escaped(row.value)) == row.wiki)
    }

    @Test("a value of a user shows literally in a document, wherever it stands", arguments: JiraTextTests.values)
    func valueInDocument(_ row: (value: String, wiki: String)) throws {
        for (before, after) in [
            ("", ""), ("- key: ", ""), ("**", "**"), ("`", "`"), ("```\n", "\n```"), ("# ", ""), ("[", "](https://h/)"),
        ] {
            // In fenced code templates write values as they are.
            let value = before.hasPrefix("```") ? row.value : escaped(row.value)
            let document = Self.instance(.v3).text(before + value + after)
            let text = texts(of: document).joined().filter { $0 != "\n" }
            let label = before == "- key: " ? "key: " : ""
            #expect(text == label + row.value.filter { $0 != "\n" } || row.value.contains("\n"), "in \(before)")
        }
    }

    private func texts(of node: JSON) -> [String] {
        (node["text"]?.string.map { [$0] } ?? []) + (node["content"]?.array ?? []).flatMap(texts)
    }

    @Test("hostile text takes linear time")
    func linear() {
        let start = ContinuousClock.now
        for piece in ["*", "_", "`", "[", "**a ", "`a``", "[](", "\\", "- ", "https://", "*_", "[a]("] {
            _ = wiki(String(repeating: piece, count: 10_000 / piece.utf8.count))
        }
        #expect(ContinuousClock.now - start < .seconds(10))
    }
}
