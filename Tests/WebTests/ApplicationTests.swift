import Base
import Foundation
import Testing

@testable import Web

/// The two ways to an application; every test that takes them runs over both.
enum Way: CaseIterable, Sendable {
    case memory, socket

    typealias Send = @Sendable (_ method: String, _ target: String, _ headers: Headers, _ body: String) async -> Answer?

    func run(_ application: Application, _ body: @Sendable (Send) async throws -> Void) async throws {
        switch self {
        case .memory:
            let transport = InMemoryTransport(application)
            try await body { method, target, headers, text in
                let response = await transport.send(method, target, headers: headers, body: Array(text.utf8))
                var head = "HTTP/1.1 \(response.status) \r\n"
                for (name, value) in response.headers.fields { head += "\(name): \(value)\r\n" }
                return Answer(head: head, body: response.bytes)
            }
        case .socket:
            try await withServer(application) { server in
                try await body { method, target, headers, text in
                    var fields = headers
                    if fields["Host"] == nil { fields["Host"] = "localhost" }
                    if !text.isEmpty { fields["Content-Length"] = "\(text.utf8.count)" }
                    let lines = fields.fields.map { "\($0.name): \($0.value)\r\n" }.joined()
                    return await server.request("\(method) \(target) HTTP/1.1\r\n\(lines)\r\n\(text)", hasBody: method != "HEAD")
                }
            }
        }
    }
}

struct Caller: Sendable { let name: String }

@Suite struct ApplicationTests {
    private static let application: Application = {
        var application = Application(
            routes: routes + [
                Route(
                    "GET", "/api/v1/items/{id}",
                    .immediate { .json(["id": .string($0.parameters["id"] ?? ""), "q": .optional($0.query.first?.value)]) }),
                Route("GET", "/api/v1/who", .suspended { .json(["name": .string(($0.context as? Caller)?.name ?? "")]) }),
                Route(
                    "GET", "/api/v1/fail/{code}",
                    .suspended { request throws(PAOError) in
                        throw PAOError(
                            .init(rawValue: request.parameters["code"] ?? ""), "told", detail: "inner detail",
                            findings: [.init(field: "name", rule: "required", message: "is missing")], retryAfter: 7)
                    }),
                Route("GET", "/api/v1/empty", .immediate { _ in Response(status: 204) }),
            ],
            gate: { request, route throws(PAOError) in
                guard route.pattern == "/api/v1/who" else { return request }
                guard let token = request.headers["Authorization"] else { throw PAOError(.unauthenticated, "Say who you are.") }
                var request = request
                request.context = Caller(name: token)
                return request
            })
        application.allowedHosts = ["localhost", "[::1]"]
        return application
    }()

    @Test("decodes path, query and parameters", arguments: Way.allCases)
    func parameters(way: Way) async throws {
        try await way.run(Self.application) { send in
            #expect(await send("GET", "/api/v1/items/a%20b?q=c+d", [:], "")?.text == #"{"id":"a b","q":"c d"}"#)
        }
    }

    @Test("the gate refuses or names the caller", arguments: Way.allCases)
    func gate(way: Way) async throws {
        try await way.run(Self.application) { send in
            let refused = await send("GET", "/api/v1/who", [:], "")
            #expect(refused?.status == 401)
            #expect(refused?.header("WWW-Authenticate") == "Bearer")
            #expect(await send("GET", "/api/v1/who", ["Authorization": "ada"], "")?.text == #"{"name":"ada"}"#)
        }
    }

    @Test("answers methods as HTTP says", arguments: Way.allCases)
    func methods(way: Way) async throws {
        try await way.run(Self.application) { send in
            let head = await send("HEAD", "/api/v1/hello", [:], "")
            #expect(head?.status == 200)
            #expect(head?.body == [])
            let wrong = await send("POST", "/api/v1/hello", [:], "x")
            #expect(wrong?.status == 405)
            #expect(wrong?.header("Allow") == "GET, HEAD, OPTIONS")
            let options = await send(
                "OPTIONS", "/api/v1/echo", ["Origin": "https://evil.example", "Access-Control-Request-Method": "POST"], "")
            #expect(options?.status == 204)
            #expect(options?.header("Allow") == "OPTIONS, POST")
            #expect(options?.head.lowercased().contains("access-control") == false)
            #expect(await send("TRACE", "/api/v1/hello", [:], "")?.status == 405)
            let unknown = await send("FOO", "/api/v1/hello", [:], "")
            #expect(unknown?.status == 501)
            #expect(unknown?.header("Allow") == "GET, HEAD, OPTIONS")
            #expect(await send("GET", "/api/v1/empty", [:], "")?.status == 204)
        }
    }

    @Test("answers only for its host names", arguments: Way.allCases)
    func hosts(way: Way) async throws {
        try await way.run(Self.application) { send in
            #expect(await send("GET", "/api/v1/hello", ["Host": "evil.example"], "")?.status == 421)
            #expect(await send("GET", "/api/v1/hello", ["Host": "LOCALHOST:1234"], "")?.status == 200)
            #expect(await send("GET", "/api/v1/hello", ["Host": "[::1]:1234"], "")?.status == 200)
        }
    }

    @Test("refuses targets and bodies", arguments: Way.allCases)
    func refusals(way: Way) async throws {
        try await way.run(Self.application) { send in
            for target in ["/api/v1/items/a%2Fb", "/%2e%2e/etc/passwd", "/x%00y", "/api//v1"] {
                #expect(await send("GET", target, [:], "")?.status == 400)
            }
            #expect(await send("GET", "/api/v2/hello", [:], "")?.status == 404)
            #expect(await send("POST", "/api/v1/echo", [:], String(repeating: "x", count: 100_001))?.status == 413)
            #expect(await send("POST", "/api/v1/echo", [:], String(repeating: "x", count: 100_000))?.body.count == 100_000)
        }
    }

    @Test(
        "maps each error code to its status",
        arguments: [
            ("malformed", 400), ("invalid_parameter", 400), ("unauthenticated", 401), ("forbidden", 403), ("not_found", 404),
            ("method_not_allowed", 405), ("not_acceptable", 406), ("request_timeout", 408), ("conflict", 409), ("gone", 410),
            ("precondition_failed", 412), ("body_too_large", 413), ("target_too_long", 414), ("unsupported_media_type", 415),
            ("misdirected_request", 421), ("invalid", 422), ("precondition_required", 428), ("rate_limited", 429),
            ("headers_too_large", 431), ("internal", 500), ("not_implemented", 501), ("unavailable", 503), ("storage_full", 507),
            ("never_heard_of", 500),
        ])
    func statuses(code: String, status: Int) {
        #expect(ProblemDetails.status(of: .init(rawValue: code)) == status)
    }

    @Test("tells errors as problem details and keeps the inside to itself", arguments: Way.allCases)
    func problems(way: Way) async throws {
        try await way.run(Self.application) { send in
            let answer = try #require(await send("GET", "/api/v1/fail/storage_full?x=y", ["X-Correlation-ID": "abc-1"], ""))
            #expect(answer.status == 507)
            #expect(answer.header("Content-Type") == "application/problem+json")
            #expect(answer.header("Retry-After") == "7")
            #expect(answer.header("X-Correlation-ID") == "abc-1")
            let expected: JSON = [
                "type": "/problems/storage-full", "title": "Insufficient Storage", "status": 507, "detail": "told",
                "instance": "/api/v1/fail/storage_full", "correlationId": "abc-1",
                "errors": [["field": "name", "rule": "required", "message": "is missing"]],
            ]
            #expect(try JSON.parse(answer.text) == expected)
        }
    }

    @Test("every answer has the security header fields", arguments: Way.allCases)
    func securityHeaders(way: Way) async throws {
        try await way.run(Self.application) { send in
            for (method, target) in [
                ("GET", "/api/v1/hello"), ("GET", "/api/v1/later"), ("GET", "/api/v1/nothing"), ("GET", "/%00"), ("FOO", "/"),
                ("GET", "/api/v1/fail/internal"), ("OPTIONS", "/api/v1/hello"), ("HEAD", "/api/v1/hello"), ("GET", "/api/v1/empty"),
            ] {
                let answer = try #require(await send(method, target, ["X-Correlation-ID": "has space"], ""))
                expectSecurityHeaders(answer, "\(method) \(target)")
                #expect(answer.header("X-Correlation-ID")?.count == 36)
                #expect(answer.header("Content-Security-Policy") == "default-src 'none'; frame-ancestors 'none'")
                #expect(answer.header("Cache-Control") == "no-store")
            }
        }
    }

    @Test("reports each answer with its route's pattern")
    func reports() async throws {
        let seen = Recorder()
        var application = Self.application
        application.onAnswer = { seen.add("\($0.method) \($0.rawPath) \($0.pattern ?? "-") \($0.status)") }
        let transport = InMemoryTransport(application)
        _ = await transport.send("GET", "/api/v1/items/5?q=1")
        _ = await transport.send("GET", "/nothing")
        #expect(seen.all == ["GET /api/v1/items/5 /api/v1/items/{id} 200", "GET /nothing - 404"])
    }

    @Test("logs what a server error says of the inside")
    func logs() async throws {
        let lines = Recorder()
        let application = Application(
            routes: [
                Route("GET", "/x", .immediate { _ throws(PAOError) in throw PAOError(.internal, "sorry", detail: "row 7 is broken") })
            ],
            log: Log { lines.add(String(decoding: $0, as: UTF8.self)) })
        let response = await InMemoryTransport(application).send("GET", "/x", headers: ["X-Correlation-ID": "c-9"])
        #expect(!String(decoding: response.bytes, as: UTF8.self).contains("row 7"))
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.contains("row 7 is broken") == true)
        #expect(lines.all.first?.contains("c-9") == true)
    }
}

func expectSecurityHeaders(_ answer: Answer, _ name: String) {
    for field in [
        "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy",
        "Cross-Origin-Resource-Policy", "Permissions-Policy", "Cache-Control", "X-Correlation-ID",
    ] {
        #expect(answer.header(field) != nil, "\(field) of \(name)")
    }
    #expect(answer.header("Server") == nil, "\(name)")
}

final class Recorder: @unchecked Sendable {
    private let lock = NSLock()
    private var entries: [String] = []

    func add(_ entry: String) { lock.withLock { entries.append(entry) } }
    var all: [String] { lock.withLock { entries } }
}
