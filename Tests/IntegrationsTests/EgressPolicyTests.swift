import Base
import Glibc
import Integrations
import Testing

struct EgressPolicyTests {
    static let inward = [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1", "127.1.2.3",
        "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1",
        "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
        "240.0.0.1", "255.255.255.255",
        "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::127.0.0.1", "64:ff9b::a00:1",
        "64:ff9b::169.254.169.254", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:a00:1::", "2001:db8::1", "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2002:c0a8:1::", "3fff::1", "fc00::1", "fd00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "5f00::1",
    ]

    static let outward = [
        "1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.255.255.255", "128.0.0.1", "172.15.255.255",
        "172.32.0.1", "192.167.255.255", "223.255.255.255", "2606:4700::1111", "2a00::1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1",
        "2002:101:101::1",
    ]

    @Test("special ranges are denied in every form", arguments: EgressPolicyTests.inward)
    func deniedInward(_ text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(!(try EgressPolicy()).permits(host: "name.example", address: address, port: 443))
    }

    @Test("public addresses are open on ports 80 and 443 only", arguments: EgressPolicyTests.outward)
    func openOutward(_ text: String) throws {
        let address = try #require(IPAddress(text))
        let policy = try EgressPolicy()
        #expect([22, 80, 443, 8080].filter { policy.permits(host: "name.example", address: address, port: $0) } == [80, 443])
    }

    static let rules: [(allow: String, host: String, address: String, port: Int, permitted: Bool)] = [
        ("127.0.0.1", "x", "127.0.0.1", 9, true), ("127.0.0.1", "x", "127.0.0.2", 9, false),
        ("127.0.0.1", "x", "::ffff:127.0.0.1", 9, true),
        ("127.0.0.1:80", "x", "127.0.0.1", 81, false), ("10.0.0.0/8", "x", "10.9.8.7", 9, true),
        ("10.0.0.0/8:443", "x", "10.9.8.7", 443, true),
        ("10.0.0.0/8:443", "x", "10.9.8.7", 444, false), ("10.0.0.0/8", "x", "11.0.0.1", 22, false), ("fd00::/8", "x", "fd12::1", 9, true),
        ("[fd00::/8]:443", "x", "fd12::1", 443, true), ("[fd00::/8]:443", "x", "fd12::1", 80, false), ("[::1]:80", "x", "::1", 80, true),
        ("::1", "x", "::1", 80, true), ("0.0.0.0/0", "x", "127.0.0.1", 1, true), ("jira.corp", "JIRA.corp.", "10.0.0.1", 8443, true),
        ("jira.corp", "xjira.corp", "10.0.0.1", 443, false), ("jira.corp:443", "jira.corp", "10.0.0.1", 8443, false),
        ("*.corp", "a.b.corp", "10.0.0.1", 443, true), ("*.corp", "corp", "10.0.0.1", 443, false),
        ("*.corp", "acorp", "10.0.0.1", 443, false),
        ("http-8", "http-8", "10.0.0.1", 443, true),
    ]

    @Test("a rule allows what it names and nothing else", arguments: EgressPolicyTests.rules)
    func rule(_ row: (allow: String, host: String, address: String, port: Int, permitted: Bool)) throws {
        let policy = try EgressPolicy(allow: [row.allow])
        #expect(policy.permits(host: row.host, address: try #require(IPAddress(row.address)), port: row.port) == row.permitted)
    }

    @Test(
        "an entry that names nothing is refused",
        arguments: [
            "", "*", "*.", ":80", "host:", "host:0", "host:65536", "10.0.0.0/33", "10.0.0.1/8", "10.0.0", "2130706433", "[::1", "[::1]80",
            "a b",
        ])
    func badRule(_ entry: String) {
        #expect(throws: PAOError.self) { try EgressPolicy(allow: [entry]) }
    }

    @Test("what is denied stays denied, whatever allows it")
    func denied() throws {
        var policy = try EgressPolicy(allow: ["127.0.0.0/8", "self.corp"])
        try policy.deny("127.0.0.1:8080")
        let address = try #require(IPAddress("127.0.0.1"))
        #expect(!policy.permits(host: "self.corp", address: address, port: 8080))
        #expect(policy.permits(host: "self.corp", address: address, port: 8081))
    }

    @Test("an integration's address allows its host and port")
    func integration() throws {
        var policy = try EgressPolicy()
        try policy.allow(baseURL: "https://jira.corp/base")
        let address = try #require(IPAddress("10.0.0.1"))
        #expect(policy.permits(host: "jira.corp", address: address, port: 443))
        #expect(!policy.permits(host: "jira.corp", address: address, port: 80))
    }

    @Test("in sandbox mode only the sandbox is permitted")
    func sandbox() throws {
        var policy = try EgressPolicy(allow: ["10.0.0.0/8"])
        policy.redirectAllTo = ("127.0.0.1", 8081)
        #expect(policy.permits(host: "x", address: try #require(IPAddress("127.0.0.1")), port: 8081))
        #expect(!policy.permits(host: "x", address: try #require(IPAddress("10.0.0.1")), port: 8081))
        #expect(!policy.permits(host: "x", address: try #require(IPAddress("1.1.1.1")), port: 443))
    }

    @Test("texts of addresses are read strictly and written in their shortest form")
    func texts() {
        let shortest = ["2001:DB8:0::1": "2001:db8::1", "10.1.2.3": "10.1.2.3", "::ffff:1.2.3.4": "::ffff:1.2.3.4"]
        for (text, expected) in shortest { #expect(IPAddress(text)?.description == expected) }
        for text in ["127.1", "0x7f.0.0.1", "017.0.0.1", "1.2.3.4.5", "256.1.1.1", "::1%lo", "[::1]", "1.2.3.4 ", ""] {
            #expect(IPAddress(text) == nil)
        }
    }
}

/// Through the client, with a listener that must see nothing.
struct EgressTests {
    /// Every spelling of loopback that some resolver or URL parser takes.
    static let spellings = [
        "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "localhost", "LOCALHOST",
        "localhost.", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::1]", "[::]", "0", "0.0.0.0", "127.0.0.1.", "127.127.127.127",
        "%31%32%37.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "user@127.0.0.1", "1.1.1.1@127.0.0.1",
        "127.0.0.1#@1.1.1.1", "127.0.0.1\\@1.1.1.1", "[::127.0.0.1]", "127.00.00.01", "0x7f.1", "0x7F.0x0.0x0.0x1",
    ]

    @Test("no spelling of loopback reaches a listener", arguments: EgressTests.spellings)
    func spelling(_ host: String) async throws {
        let canary = try FaultyServer(address: "0.0.0.0")
        let client = CurlClient(egress: try EgressPolicy(), log: .silent)
        let request = HTTPRequest(url: "http://\(host):\(canary.port)/ok", timeout: .seconds(2))
        await #expect(throws: TransportFailure.self) { _ = try await client.transport.send(request) }
        #expect(canary.seen.connections == 0)
    }

    @Test("a denied call says so, is final and was not sent")
    func denial() async throws {
        let canary = try FaultyServer()
        let client = CurlClient(egress: try EgressPolicy(), log: .silent)
        do throws(TransportFailure) {
            _ = try await client.transport.send(HTTPRequest(url: "http://localhost:\(canary.port)/ok"))
            Issue.record("answered")
        } catch {
            #expect(error.kind == .egressDenied)
            #expect(!error.mayHaveBeenSent && !error.isRetryable)
        }
        #expect(canary.seen.connections == 0)
    }

    @Test("proxy variables are not obeyed")
    func proxy() async throws {
        let server = try FaultyServer()
        let canary = try FaultyServer()
        setenv("http_proxy", canary.base, 1)
        defer { unsetenv("http_proxy") }
        let client = CurlClient(egress: try EgressPolicy(allow: ["127.0.0.0/8"]), log: .silent)
        _ = try await client.transport.send(HTTPRequest(url: "\(server.base)/ok"))
        #expect(canary.seen.connections == 0)
    }

    @Test("in sandbox mode every call goes to the sandbox and names the URL it was meant for")
    func sandbox() async throws {
        let sandbox = try FaultyServer()
        var policy = try EgressPolicy()
        policy.redirectAllTo = ("127.0.0.1", sandbox.port)
        let client = CurlClient(egress: policy, log: .silent)
        let response = try await client.transport.send(HTTPRequest(url: "https://api.nowhere.example:8443/echo/x?y=1"))
        let text = String(decoding: response.body, as: UTF8.self)
        #expect(text.hasPrefix("GET /echo/x?y=1 HTTP/1.1\r\nHost: 127.0.0.1:\(sandbox.port)\r\n"))
        #expect(text.contains("X-Pao-Sandbox-Url: https://api.nowhere.example:8443/echo/x?y=1\r\n"))
    }
}

struct RedirectTests {
    private let server: FaultyServer
    private let client: CurlClient

    init() throws {
        server = try FaultyServer()
        client = CurlClient(egress: try EgressPolicy(allow: ["127.0.0.0/8", "localhost"]), log: .silent)
    }

    private func send(_ path: String, method: String = "GET", follow: Bool = true) async throws(TransportFailure) -> HTTPResponse {
        var request = HTTPRequest(method: method, url: "\(server.base)/\(path)", timeout: .seconds(10))
        request.followRedirects = follow
        if method == "POST" { request.body = Array("body".utf8) }
        return try await client.transport.send(request)
    }

    @Test("a redirect is the answer unless following is asked for")
    func notFollowed() async throws {
        #expect(try await send("redirect", follow: false).status == 302)
        #expect(server.seen.requests.count == 1)
    }

    @Test("302 turns a POST into a GET without body, 307 keeps both")
    func methods() async throws {
        let plain = String(decoding: try await send("redirect", method: "POST").body, as: UTF8.self)
        #expect(plain.hasPrefix("GET /echo?redirected ") && !plain.hasSuffix("body"))
        let kept = String(decoding: try await send("redirect-307", method: "POST").body, as: UTF8.self)
        #expect(kept.hasPrefix("POST /echo ") && kept.hasSuffix("body"))
    }

    @Test("a loop ends after three redirects")
    func loop() async throws {
        await #expect { _ = try await send("redirect-loop") } throws: { ($0 as? TransportFailure)?.kind == .badAnswer }
        #expect(server.seen.requests.count == 4)
    }

    @Test(
        "another host, port or scheme is not followed",
        arguments: [
            "http://localhost:PORT/ok", "http://127.0.0.2:PORT/ok", "http://127.0.0.1:1/", "//localhost/ok", "file:///etc/passwd",
            "gopher://127.0.0.1/",
        ])
    func away(_ target: String) async throws {
        let target = target.split(separator: "PORT").joined(separator: String(server.port))
        await #expect { _ = try await send("redirect-away?\(target)") } throws: {
            let failure = $0 as? TransportFailure
            return failure?.kind == .badAnswer && failure?.mayHaveBeenSent == true
        }
        #expect(server.seen.connections == 1)
    }
}
