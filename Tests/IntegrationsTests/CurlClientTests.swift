import Base
import Foundation
import Integrations
import Testing

/// Real sockets on loopback, which the policy of these tests allows.
struct CurlClientTests {
    private let server: FaultyServer
    private let client: CurlClient
    private var http: HTTPTransport { client.transport }

    init() throws {
        server = try FaultyServer()
        client = CurlClient(egress: try EgressPolicy(allow: ["127.0.0.1"]), log: .silent)
    }

    private func request(_ path: String, method: String = "GET", timeout: Duration = .seconds(20)) -> HTTPRequest {
        HTTPRequest(method: method, url: "\(server.base)/\(path)", timeout: timeout)
    }

    private func failure(_ request: HTTPRequest) async -> TransportFailure? {
        do throws(TransportFailure) {
            _ = try await http.send(request)
            return nil
        } catch { return error }
    }

    @Test("an answer comes with status, headers and body")
    func answer() async throws {
        let response = try await http.send(request("ok"))
        #expect(response.status == 200)
        #expect(response.header("x-answer") == "yes")
        #expect(response.body == Array("ok".utf8))
    }

    @Test("method, headers and body arrive as they were given, and nothing is added but what HTTP needs")
    func sentAsGiven() async throws {
        var call = request("echo/a%2Fb?q=1%202", method: "PATCH")
        call.headers = [("Idempotency-Key", "abc"), ("X-Empty", ""), ("Content-Type", "application/json")]
        call.body = Array("{\"a\":1}".utf8)
        let text = String(decoding: try await http.send(call).body, as: UTF8.self)
        let expected = """
            PATCH /echo/a%2Fb?q=1%202 HTTP/1.1|Host: 127.0.0.1:\(server.port)|Accept-Encoding: gzip, deflate|Idempotency-Key: abc|X-Empty:|\
            Content-Type: application/json|User-Agent: pao|Accept: */*|Content-Length: 7||{"a":1}
            """
        #expect(text.replacingOccurrences(of: "\r\n", with: "|") == expected)
    }

    @Test("a POST without body has the length zero and no content type")
    func emptyPost() async throws {
        let text = String(decoding: try await http.send(request("echo", method: "POST")).body, as: UTF8.self)
        #expect(text.contains("Content-Length: 0\r\n"))
        #expect(!text.contains("Content-Type"))
    }

    @Test("trailers and interim answers do not mix with the answer's headers")
    func headerBlocks() async throws {
        #expect(try await http.send(request("trailer")).header("X-Late") == nil)
        let hinted = try await http.send(request("early-hints"))
        #expect(hinted.status == 201)
        #expect(hinted.headers.map(\.name) == ["X-Real", "Content-Length"])
    }

    static let faults: [(path: String, kind: TransportFailure.Kind, retryable: Bool)] = [
        ("silent", .timeout, true), ("drip", .timeout, true), ("header-flood", .tooLarge, false), ("continue-flood", .tooLarge, false),
        ("huge", .tooLarge, false), ("chunked-huge", .tooLarge, false), ("gzip-bomb", .tooLarge, false), ("broken-gzip", .badAnswer, true),
        ("short", .cut, true), ("garbage", .badAnswer, true), ("reset", .cut, true), ("close", .cut, true),
        ("answer-then-reset", .cut, true),
    ]

    @Test("each bad answer ends in time as what it is, and as one that may have been sent", arguments: CurlClientTests.faults)
    func badAnswer(_ fault: (path: String, kind: TransportFailure.Kind, retryable: Bool)) async throws {
        let start = ContinuousClock.now
        let failure = await failure(request(fault.path, timeout: fault.kind == .timeout ? .milliseconds(300) : .seconds(20)))
        // Far more than the timeout and a second, since all tests share the threads that resume this one.
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(failure?.kind == fault.kind, "\(failure?.message ?? "no failure")")
        #expect(failure?.isRetryable == fault.retryable)
        #expect(failure?.mayHaveBeenSent == true)
    }

    @Test(
        "an answer that does not come in time says whose, how long was waited, and whether any of it came",
        arguments: [
            ("silent", "127.0.0.1 did not answer within 300ms."), ("drip", "127.0.0.1 had sent only a part of its answer after 300ms."),
        ])
    func lateAnswer(path: String, message: String) async throws {
        #expect(await failure(request(path, timeout: .milliseconds(300)))?.message == message)
    }

    @Test("memory stays bounded under endless answers")
    func memory() async throws {
        _ = await failure(request("huge"))
        let before = residentBytes()
        for path in ["huge", "chunked-huge", "gzip-bomb", "header-flood"] { _ = await failure(request(path)) }
        // Other tests run at the same time; unbounded ones would take gigabytes.
        #expect(residentBytes() - before < 64 << 20)
    }

    private func residentBytes() -> Int {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ").dropFirst().first
        return (pages.flatMap { Int($0) } ?? 0) * 4096
    }

    @Test("a refused connection was not sent and may be tried again")
    func refused() async {
        server.stop()
        try? await Task.sleep(for: .milliseconds(20))
        let failure = await failure(request("ok"))
        #expect(failure?.kind == .refused)
        #expect(failure?.mayHaveBeenSent == false)
        #expect(failure?.isRetryable == true)
    }

    @Test("a POST on a pooled connection that dies is not sent again, a GET is", arguments: [("POST", 2), ("GET", 3)])
    func sentOnce(method: String, requests: Int) async throws {
        _ = try await http.send(request("ok"))
        let failure = await failure(request("close", method: method))
        #expect(failure?.kind == .cut)
        #expect(failure?.mayHaveBeenSent == true)
        #expect(server.seen.requests.count == requests)
    }

    @Test("connections are used again")
    func pooled() async throws {
        for _ in 0..<20 { _ = try await http.send(request("ok")) }
        #expect(server.seen.connections == 1)
    }

    @Test("a cancelled task ends its call at once")
    func cancellation() async {
        let call = request("silent", timeout: .seconds(30))
        let start = ContinuousClock.now
        let task = Task { await failure(call) }
        while server.seen.requests.isEmpty { await Task.yield() }
        task.cancel()
        #expect(await task.value?.kind == .cancelled)
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test("shutdown ends running calls and refuses new ones")
    func shutdown() async {
        let call = request("silent", timeout: .seconds(30))
        let task = Task { await failure(call) }
        while server.seen.requests.isEmpty { await Task.yield() }
        client.shutdown()
        #expect(await task.value?.kind == .cancelled)
        #expect(await failure(request("ok"))?.kind == .cancelled)
    }

    static let unsendableCalls: [(url: String, header: (String, String), method: String)] = [
        ("ftp://127.0.0.1/", ("A", "b"), "GET"), ("http://user:pass@127.0.0.1/", ("A", "b"), "GET"), ("127.0.0.1", ("A", "b"), "GET"),
        ("http://", ("A", "b"), "GET"), ("http://127.0.0.1/a b", ("A", "b"), "GET"), ("http://127.0.0.1/", ("A", "b\r\nX: y"), "GET"),
        ("http://127.0.0.1/", ("A:", "b"), "GET"), ("http://127.0.0.1/", ("Content-Length", "5"), "GET"),
        ("http://127.0.0.1/", ("host", "other"), "GET"),
        ("http://127.0.0.1/", ("A", "b"), "GET / HTTP/1.1\r\n"), ("http://127.0.0.1:99999/", ("A", "b"), "GET"),
        ("http://a%7F.example/", ("A", "b"), "GET"), ("http://%3330073/", ("A", "b"), "GET"),
    ]

    @Test("what would break the framing is refused before anything is sent", arguments: CurlClientTests.unsendableCalls)
    func unsendable(_ row: (url: String, header: (String, String), method: String)) async {
        let failure = await failure(HTTPRequest(method: row.method, url: row.url, headers: [row.header]))
        #expect(failure?.kind == .invalidURL)
        #expect(failure?.mayHaveBeenSent == false)
    }

    @Test("many calls at once all get their answer")
    func concurrent() async throws {
        let call = request("ok", timeout: .seconds(20))
        let done = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<500 { group.addTask { await failure(call) == nil } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(done == 500)
        #expect(server.seen.connections <= 32)
    }
}
