import Base
import Testing

@testable import Documents

@Suite struct FormatTests {
    @Test(
        "accepts and refuses by the standard of each format",
        arguments: [
            (
                "date-time",
                ["2026-11-21T10:00:00Z", "1963-06-19t08:30:06.283185z", "1998-12-31T23:59:60Z", "1990-12-31T15:59:50.123-08:00"],
                [
                    "2026-11-21 10:00:00Z", "2026-13-01T00:00:00Z", "2026-11-21T10:00:00", "2026-11-21T24:00:00Z", "1998-12-31T22:59:60Z",
                    "2021-02-29T00:00:00Z", "",
                ]
            ),
            (
                "duration", ["P4DT12H30M5S", "P1Y", "PT36H", "P1W", "PT0S", "P1Y2M3D"],
                ["P", "PT", "P1", "4DT", "P1D2H", "P2D1Y", "P1YT", "P1Y2W", "PT1D", "P1Y1D", "P২Y", "-P1D", "PT1H1S"]
            ),
            (
                "email",
                [
                    "joe.bloggs@example.com", "te~st@example.com", "\"joe bloggs\"@example.com", "joe@[127.0.0.1]", "joe@[IPv6:::1]",
                    "a+b@x.de",
                ],
                [
                    "2962", ".test@example.com", "te..st@example.com", "test.@example.com", "joe bloggs@example.com",
                    "joe@invalid=domain.com", "joe@[127.0.0.300]", "ö@example.com", "@a.de", "a@",
                ]
            ),
            ("idn-email", ["실례@실례.테스트", "joe@example.com"], ["2962", "a@b c"]),
            (
                "idn-hostname", ["실례.테스트", "a。b", "bücher.example", "l·l", "ゝ・", "क्‍ष", "example.com"],
                ["〮실례.테스트", "-ü", "ü-", "ab--ü", "a·l", "\u{302}a", "・", "", ".", "ü..a", "ａ", "\u{660}\u{6f0}"]
            ),
            (
                "ipv4", ["192.168.0.1", "0.0.0.0"],
                ["127.0.0.0.1", "256.256.256.256", "127.0", "0x7f000001", "087.10.0.1", "1.2.3.4/24", " 1.2.3.4", "1২7.0.0.1"]
            ),
            (
                "ipv6",
                [
                    "::1", "::", "::42:ff:1", "d6::", "1:d6::42", "1::d6:192.168.0.1", "::ffff:192.168.0.1", "1:2:3:4:5:6:7:8",
                    "1:2::192.168.0.1", "1:2:3:4:5:6:7::",
                ],
                [
                    "12345::", "1:1:1:1:1:1:1:1:1", ":2:3:4:5:6:7:8", "1:2:3:4:5:6:7:", "1::d6::42", "::1%eth0", "fe80::/64",
                    "::192.168.256.1", "1:2:3:4:5:::8", "127.0.0.1", ":", "", "'::1", "::12345", "1:2:3:4:1.2.3", "1.2.3.4::1",
                ]
            ),
            (
                "uri",
                [
                    "http://foo.bar/?baz=qux#quux", "ldap://[2001:db8::7]/c=GB?objectClass?one", "mailto:John.Doe@example.com",
                    "tel:+1-816-555-1212", "urn:oasis:names", "http://-.~_!$&'()*+,;=:%40:80%2f::::::@example.com", "http://x?",
                ],
                [
                    "//foo.bar/", "/abc", "\\\\WINDOWS", "abc", "http:// shouldfail.com", ":// x", "bar,baz:x y", "http://a b",
                    "https://[@example.org/", "http://example.com:yy", "http://x/%2", "1http://x", "http://ünï", "^http://a", "http://a\"",
                    "http://a{b}",
                ]
            ),
            (
                "iri", ["http://ƒøø.ßår/?∂éœ=πîx#πîüx", "http://[2001:db8::1]/"],
                ["/abc", "http://2001:0db8:85a3:0000:0000:8a2e:0370:7334", "\\\\x", "âππ"]
            ),
            ("iri-reference", ["âππ", "#ƒrägmênt", "//ƒøø"], ["\\\\WINDOWS", "#ƒräg\\mênt"]),
            (
                "uuid", ["2EB8AA08-AA98-11EA-B4AA-73B441D16380", "00000000-0000-0000-0000-000000000000"],
                [
                    "2eb8aa08-aa98-11ea-b4aa-73b441d1638", "2eb8aa08aa9811eab4aa73b441d16380", "2eb8-aa08-aa98-11ea-b4aa73b44-1d16380",
                    "2eb8aa08-aa98-11ea-b4ga-73b441d16380",
                ]
            ),
            ("json-pointer", ["", "/foo/bar~0/baz~1/%a", "/", "/foo/", "/~1.1"], ["/~", "/~2", "#", "a", "#/a"]),
            ("relative-json-pointer", ["1", "0/foo", "2/0/a", "0#"], ["/foo", "-1/a", "+1", "01/a", "0##", ""]),
            (
                "regex", ["([abc])+\\s+$", "^\\p{Letter}+$", "(?<y>a)\\k<y>", "[^]"],
                ["^(abc]", "\\a", "\\Z", "a++", "(?i)x", "(?>a)", "[a", "*a", "a{2,1}"]
            ),
        ] as [(String, [String], [String])])
    func formats(name: String, valid: [String], invalid: [String]) throws {
        let schema = try JSONSchema.compile(["format": .string(name)])
        for text in valid { #expect(schema.validate(.string(text)).isEmpty, "\(text)") }
        for text in invalid { #expect(!schema.validate(.string(text)).isEmpty, "\(text)") }
    }
}

@Suite struct PatternTests {
    @Test(
        "reads ECMA-262 as a browser does",
        arguments: [
            ("^a$", ["a"], ["a\n", "ab"]), ("^\\d+$", ["09"], ["०", ""]), ("^\\w$", ["_", "Z"], ["é"]),
            ("^\\s$", [" ", "\u{A0}", "\u{FEFF}", "\u{2029}", "\u{B}"], ["\u{1}", "x"]),
            ("^\\S$", ["x", "é"], [" ", "\u{A0}"]), ("^[\\S]$", ["x"], ["\u{2003}"]), ("^[^\\s]$", ["x"], ["\u{3000}"]),
            ("^\\cC$", ["\u{3}"], ["C"]), ("^.$", ["x", "😀"], ["\n", "\u{2028}", "\r"]),
            ("\\u{1F600}", ["😀"], ["x"]), ("\\uD83D\\uDE00", ["😀"], []), ("^\\p{Lu}\\P{Lu}$", ["Aa"], ["aA"]),
            ("^\\p{Script=Greek}+$", ["αβγ"], ["abc"]), ("^[[a]]$", ["[]", "a]"], ["a"]), ("[]", [], ["", "a"]),
            ("^(a)?b\\1$", ["b", "aba"], ["ab"]), ("^[\\w.-]+\\.\\-$", ["a.-"], []), ("^\\/\\x41\\t$", ["/A\t"], []),
            ("x{,2}", ["x{,2}"], ["xx"]), ("^a{2}?$", ["aa"], ["a"]),
        ] as [(String, [String], [String])])
    func patterns(source: String, matching: [String], other: [String]) throws {
        let pattern = try Pattern(source)
        for text in matching { #expect(pattern.matches(text), "\(text)") }
        for text in other { #expect(!pattern.matches(text), "\(text)") }
    }

    @Test("matches anywhere or the whole")
    func whole() throws {
        let pattern = try Pattern("b|bc")
        #expect(pattern.matches("abcd") && !pattern.matchesWhole("abcd") && pattern.matchesWhole("bc"))
    }

    @Test("gives up on patterns that explode")
    func explosion() throws {
        let start = processorTime()
        #expect(try Pattern("^(a+)+$").search(String(repeating: "a", count: 5000) + "!") == .tooCostly)
        #expect(processorTime() - start < .seconds(1))
        #expect(try Pattern("^(a|b)*$").matches(String(repeating: "ab", count: 20_000)))
    }

    @Test("mutated patterns neither trap nor hang")
    func mutations() {
        var random = SeededRandom(seed: 4)
        let seed = Array("^(?:[a-z\\d]+|\\p{L}{2,3}?)(?<n>x)\\k<n>\\u0041$".utf8)
        for _ in 0..<1500 {
            let text = String(
                decoding: random.mutated(
                    seed, dictionary: ["(", ")", "[", "]", "{", "}", "\\", "*", "?", "\\u{", "(?<=", "\\1", "{99999}"]), as: UTF8.self)
            _ = (try? Pattern(text))?.matches("abc1xxA")
        }
    }
}

@Suite struct SelectorTests {
    private let value: JSON = ["a": ["b": [["c": 1], ["c": 2]]], "a-b": "dash", "items": [["id": 1], ["id": 2], ["x": 3]], "": ["~/": 5]]

    @Test(
        "reads pointers and simple paths",
        arguments: [
            ("$.a.b[0].c", 1), ("$['a-b']", "dash"), ("$.a-b", "dash"), ("$.items[*].id", [1, 2]), ("/a/b/1/c", 2), ("//~0~1", 5),
            ("$.a.b[-1].c", 2), ("a.b[1].c", 2), ("$[\"a\"]['b'][0]", ["c": 1]),
            ("$.a.b[*].c", [1, 2]), ("$.none[*]", []),
        ] as [(String, JSON)])
    func selects(path: String, expected: JSON) throws {
        #expect(try JSONSelector.parse(path).select(in: value) == expected)
    }

    @Test("finds nothing where a step leads nowhere", arguments: ["$.a.x", "/a/b/7", "/a/b/01", "$.a.b[9]", "$.a.b[-9]", "$.a-b[0]"])
    func nothing(path: String) throws { #expect(try JSONSelector.parse(path).select(in: value) == nil) }

    @Test(
        "refuses what it cannot read",
        arguments: ["$..a", "$.", "$[", "$[a]", "$.a b", "/~2", "$['a", "$[99999999999999999999]", "$.a[?(@.x)]"])
    func refuses(path: String) { #expect(throws: PAOError.self) { try JSONSelector.parse(path) } }

    @Test(
        "suggests the nearest name",
        arguments: [
            ("naem", "name"), ("field", "fields"), ("Name", "name"), ("sizes", "size"), ("xyz", nil), ("nam", "name"), ("teh", nil),
        ] as [(String, String?)])
    func suggests(name: String, expected: String?) {
        #expect(NearestName.suggestion(for: name, among: ["name", "fields", "size", "metadata"]) == expected)
    }

    @Test("a name of one letter is no misspelling of another one")
    func oneLetter() {
        #expect(NearestName.suggestion(for: "c", among: ["a", "b", "ca"]) == nil)
        #expect(NearestName.suggestion(for: "A", among: ["a"]) == "a")
    }

    @Test(
        "a correction is certain",
        arguments: [("timout", "timeout"), ("max_length", "maxLength"), ("tmieut", nil), ("if", nil), ("minx", nil)] as [(String, String?)])
    func correction(name: String, expected: String?) {
        #expect(NearestName.correction(of: name, among: ["timeout", "maxLength", "id", "minA", "minB"]) == expected)
    }
}
