import Base
import Testing

@testable import Web

@Suite struct RouterTests {
    private static let router = Router(
        [
            "GET /", "GET /catalog/items/{id}", "GET /catalog/items/new", "POST /catalog/items/search", "PUT /catalog/items/{item}",
            "GET /catalog/{kind}/all", "GET /static/{rest...}", "POST /hooks/{name}", "DELETE /a/{x}/b/{y}",
        ].map { text in
            let parts = text.split(separator: " ")
            return Route(String(parts[0]), String(parts[1]), .immediate { _ in Response() })
        })

    private func describe(_ method: String, _ path: [String]) -> String {
        switch Self.router.match(method: method, path: path) {
        case .route(let route, let parameters):
            "\(route.method) \(route.pattern) "
                + parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        case .otherMethods(let methods): "allow " + Router.allow(methods)
        case .nothing: "nothing"
        }
    }

    @Test(
        "finds the most literal route that has the method",
        arguments: [
            ("GET", "", "GET / "),
            ("HEAD", "", "GET / "),
            ("GET", "catalog/items/new", "GET /catalog/items/new "),
            ("GET", "catalog/items/42", "GET /catalog/items/{id} id=42"),
            ("PUT", "catalog/items/42", "PUT /catalog/items/{item} item=42"),
            ("GET", "catalog/items/search", "GET /catalog/items/{id} id=search"),
            ("POST", "catalog/items/search", "POST /catalog/items/search "),
            ("GET", "catalog/items/all", "GET /catalog/items/{id} id=all"),
            ("GET", "catalog/bundles/all", "GET /catalog/{kind}/all kind=bundles"),
            ("GET", "static/a/b/c.js", "GET /static/{rest...} rest=a/b/c.js"),
            ("GET", "static", "GET /static/{rest...} rest="),
            ("DELETE", "a/1/b/2", "DELETE /a/{x}/b/{y} x=1,y=2"),
            ("POST", "catalog/items/new", "allow GET, HEAD, OPTIONS, PUT"),
            ("GET", "hooks/x", "allow OPTIONS, POST"),
            ("GET", "hooks", "nothing"),
            ("GET", "hooks/x/y", "nothing"),
            ("GET", "catalog", "nothing"),
        ])
    func match(method: String, path: String, expected: String) {
        #expect(describe(method, path.split(separator: "/").map(String.init)) == expected)
    }
}

@Suite struct RequestTargetTests {
    @Test(
        "splits first and decodes each segment",
        arguments: [
            ("/", []), ("/a/b", ["a", "b"]), ("/a%20b/c%C3%A9", ["a b", "cé"]), ("/a+b", ["a+b"]), ("/a%3Fb", ["a?b"]),
            ("/a;v=1", ["a;v=1"]),
            ("/...", ["..."]), ("/.well-known/x", [".well-known", "x"]), ("http://pao.example:80/x", ["x"]), ("HTTP://PAO.example:80", []),
        ])
    func path(raw: String, expected: [String]) throws {
        #expect(try RequestTarget(raw, host: "pao.example:80").path == expected)
    }

    @Test("an encoded slash stands in a segment where it is wanted, and nowhere else")
    func encodedSlash() throws {
        #expect(
            try RequestTarget("/projects/acme%2Fx/pipeline", host: "h", takesEncodedSlash: true).path == ["projects", "acme/x", "pipeline"])
        #expect(throws: PAOError.self) { _ = try RequestTarget("/projects/acme%2Fx/pipeline", host: "h") }
    }

    @Test(
        "decodes the query as forms do",
        arguments: [
            ("/?a=1&b=2", "a=1 b=2"), ("/?a=x+y%2Bz", "a=x y+z"), ("/?a", "a="), ("/?a=1&a=2", "a=1 a=2"), ("/?&&a=1&", "a=1"), ("/?", ""),
            ("/?a=b=c", "a=b=c"), ("/?%61=%C3%A9", "a=é"), ("/?next=/x/../y?z", "next=/x/../y?z"), ("/?a=%0A", "a=\n"),
        ])
    func query(raw: String, expected: String) throws {
        let pairs = try RequestTarget(raw, host: "h").query
        #expect(pairs.map { "\($0.name)=\($0.value)" }.joined(separator: " ") == expected)
    }

    @Test(
        "refuses what two programs might read differently",
        arguments: [
            "", "*", "x", "a/b", "/a%00b", "/a%2Fb", "/a%2fb", "/..", "/.", "/a/../b", "/%2e%2e/etc/passwd", "/%2E/x", "/.%2e/x", "//",
            "//a", "/a//b",
            "/a/", "/a%", "/a%4", "/a%zz", "/%ff", "/%c0%ae", "/%ed%a0%80", "/a#b", "/a b", "/a\tb", "/a\u{7F}", "/é", "/a\\b", "/%0a",
            "/%7f", "/?a=%00",
            "/?a=%", "/?%ff", "http://other/", "http://h@h/", "ftp://h/x", "http:///x", "h:443",
        ])
    func refused(raw: String) {
        #expect(throws: PAOError.self) { _ = try RequestTarget(raw, host: "h") }
    }

    @Test("never traps, and what it takes has clean segments")
    func fuzz() {
        var generator = SplitMix64(state: 1)
        let pieces = [
            "/", "%", "%2", "%2F", "%2e", ".", "..", "a", "é", "?", "&", "=", "+", "#", "%00", "%C3%A9", "\u{0}", "http://h", "\\", "%ff",
        ]
        for _ in 0..<20_000 {
            let text =
                "/" + (0..<Int.random(in: 0..<12, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            guard let target = try? RequestTarget(text, host: "h") else { continue }
            for segment in target.path {
                #expect(!segment.isEmpty && segment != "." && segment != ".." && !segment.utf8.contains(0x2F) && !segment.utf8.contains(0))
            }
        }
    }
}

/// A small generator with a seed, so that a failure comes back.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
