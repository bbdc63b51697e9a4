import Base
import Foundation
import Testing

@testable import Web

@Suite struct LimitTests {
    private static let echo = "POST /api/v1/echo HTTP/1.1\r\nHost: a\r\n"

    @Test("refuses a declared gigabyte at once and without asking for it")
    func declared() async throws {
        try await withServer(Application(routes: routes)) { server in
            for fields in [
                "Content-Length: 1073741824\r\n", "Content-Length: 1073741824\r\nExpect: 100-continue\r\n", "Content-Length: 100001\r\n",
            ] {
                let answer = try #require(await server.request(Self.echo + fields + "\r\n"))
                #expect(answer.status == 413)
                #expect(answer.header("Connection") == "close")
                expectSecurityHeaders(answer, fields)
            }
        }
    }

    @Test("asks for a body that fits")
    func continues() async throws {
        try await withServer(Application(routes: routes)) { server in
            let port = server.port
            let (interim, answer) = await offPool { () -> (String, Answer?) in
                let client = RawClient(port: port)
                client.write(Self.echo + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
                let interim = client.read(until: "\r\n\r\n")
                client.write("hello")
                return (interim, client.readAnswer())
            }
            #expect(interim == "HTTP/1.1 100 Continue\r\n\r\n")
            #expect(answer?.text == "hello")
        }
    }

    @Test("refuses an endless body as soon as it is over the limit, and the sender can read why")
    func endless() async throws {
        try await withServer(Application(routes: routes)) { server in
            let port = server.port
            let answer = await offPool { () -> Answer? in
                let client = RawClient(port: port)
                client.write(Self.echo + "Transfer-Encoding: chunked\r\n\r\n")
                let chunk = Array("1000\r\n".utf8) + [UInt8](repeating: 0x61, count: 4096) + Array("\r\n".utf8)
                for _ in 0..<1000 where !client.write(chunk) { break }
                return client.readAnswer()
            }
            #expect(answer?.status == 413)
            if let answer { expectSecurityHeaders(answer, "endless") }
            #expect(await server.get("/api/v1/hello")?.status == 200)
        }
    }

    @Test("a hundred uploads of a declared gigabyte leave no memory behind")
    func manyUploads() async throws {
        try await withServer(Application(routes: routes)) { server in
            let port = server.port
            let statuses = await offPool {
                (0..<100).map { _ -> Int in
                    let client = RawClient(port: port)
                    client.write(Self.echo + "Content-Length: 1073741824\r\n\r\n")
                    let piece = [UInt8](repeating: 0x61, count: 65_536)
                    for _ in 0..<16 where !client.write(piece) { break }
                    return client.readAnswer()?.status ?? 0
                }
            }
            #expect(statuses.allSatisfy { $0 == 413 })
        }
    }

    @Test("bounds the memory of all bodies together")
    func bodyMemory() async throws {
        var options = ServerOptions()
        options.bodyMemory = 10_000
        try await withServer(Application(routes: routes), options) { server in
            let large = Self.echo + "Content-Length: 20000\r\n\r\n" + String(repeating: "x", count: 20_000)
            #expect(await server.request(large)?.status == 503)
            let small = Self.echo + "Content-Length: 9000\r\n\r\n" + String(repeating: "x", count: 9000)
            for _ in 0..<3 { #expect(await server.request(small)?.status == 200) }
        }
    }

    @Test("refuses long targets, large heads and many fields")
    func heads() async throws {
        try await withServer(Application(routes: routes)) { server in
            let long = try #require(await server.get("/api/v1/" + String(repeating: "a", count: 4096)))
            #expect(long.status == 414)
            expectSecurityHeaders(long, "414")
            let large = try #require(await server.get("/api/v1/hello", "X-Large: \(String(repeating: "a", count: 6144))\r\n"))
            #expect(large.status == 431)
            expectSecurityHeaders(large, "431")
            let padding = String(repeating: "a", count: 6000 - 63 * 11)
            let largest = (10..<72).map { "X-\($0): abc\r\n" }.joined() + "X-L: \(padding)\r\n"
            for target in ["/api/v1/hello", "/api/v1/nothing", "/api/v1/later?a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8"] {
                #expect(await server.get(target, largest)?.status == (target.hasSuffix("nothing") ? 404 : 200), "\(target)")
            }
            let many = (0..<65).map { "X-\($0): a\r\n" }.joined()
            #expect(await server.get("/api/v1/hello", many)?.status == 431)
            for count in [1000, 100_000] {
                let flood = (0..<count).map { "X-\($0): a\r\n" }.joined()
                let status = await server.get("/api/v1/hello", flood)?.status
                #expect(status == nil || (400..<500).contains(status ?? 0))
            }
            #expect(await server.get("/" + String(repeating: "a", count: 40_000))?.status == 414)
            #expect(await server.get("/api/v1/hello")?.status == 200)
        }
    }

    @Test("refuses a body that goes nowhere, and goes on")
    func nowhere() async throws {
        try await withServer(Application(routes: routes)) { server in
            let head = "POST /api/v1/nothing HTTP/1.1\r\nHost: a\r\n"
            #expect(await server.request(head + "Content-Length: 1073741824\r\n\r\n")?.status == 404)
            #expect(await server.request(head + "Transfer-Encoding: chunked\r\n\r\n")?.status == 404)
            #expect(await server.request(head + "Content-Length: 10\r\nExpect: 100-continue\r\n\r\n")?.status == 404)
        }
    }
}

@Suite struct DeadlineTests {
    private static var options: ServerOptions {
        var options = ServerOptions()
        options.headTimeout = .milliseconds(200)
        options.bodyGrace = .milliseconds(200)
        options.answerGrace = .milliseconds(300)
        options.idleTimeout = .milliseconds(600)
        return options
    }

    /// What a client gets that writes `opening` and then one byte of `drip` every 20 ms, and after how long.
    private static func drip(_ port: Int, _ opening: String, _ drip: String) async -> (text: String, seconds: Double) {
        await offPool {
            let start = Date()
            let client = RawClient(port: port, patience: 5)
            client.write(opening)
            let isDripping = Recorder()
            if !drip.isEmpty {
                Foundation.Thread.detachNewThread { [weak client] in
                    while client?.write(drip) == true, isDripping.all.isEmpty { usleep(20_000) }
                }
            }
            let text = client.readAll()
            isDripping.add("done")
            return (text, Date().timeIntervalSince(start))
        }
    }

    @Test("ends connections that are slow with a head or a body, though they never pause")
    func slow() async throws {
        try await withServer(Application(routes: routes), Self.options) { server in
            let cases = [
                ("silent", "", "", ""), ("request line", "GET /a", "x", ""), ("head", "GET / HTTP/1.1\r\nHost: a\r\nX-A: ", "x", "408"),
                ("body", "POST /api/v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n", "x", "408"),
                ("silent body", "POST /api/v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", "", "408"),
            ]
            for (name, opening, drip, status) in cases {
                let (text, seconds) = await Self.drip(server.port, opening, drip)
                #expect(text.dropFirst(9).prefix(3) == status, "\(name): \(text)")
                #expect(seconds > 0.1 && seconds < 3, "\(name): \(seconds)")
                if !status.isEmpty { expectSecurityHeaders(Answer(head: text, body: []), name) }
            }
        }
    }

    @Test("ends idle connections, sooner when bytes trickle in that make no request")
    func idle() async throws {
        try await withServer(Application(routes: routes), Self.options) { server in
            let request = "GET /api/v1/hello HTTP/1.1\r\nHost: a\r\n\r\n"
            let (text, seconds) = await Self.drip(server.port, request, "")
            #expect(text.hasPrefix("HTTP/1.1 200"))
            #expect(seconds > 0.5 && seconds < 3)
            let (again, _) = await Self.drip(server.port, request, "G")
            #expect(again.components(separatedBy: "HTTP/1.1").count == 2)
        }
    }

    @Test("does not hurry a handler")
    func slowHandler() async throws {
        let slow = Route(
            "GET", "/slow",
            .suspended { _ in
                try? await Task.sleep(for: .milliseconds(900))
                return Response(body: Array("done".utf8))
            })
        try await withServer(Application(routes: [slow]), Self.options) { server in
            #expect(await server.get("/slow")?.text == "done")
        }
    }

    @Test("ends a client that does not take its answer")
    func slowReader() async throws {
        let large = Route("GET", "/large", .immediate { _ in Response(body: [UInt8](repeating: 0x61, count: 20_000_000)) })
        var options = Self.options
        options.minimumRate = 1 << 30
        let ended = Recorder()
        try await withServer(Application(routes: [large]), options) { server in
            let port = server.port
            let count = await offPool { () -> Int in
                let client = RawClient(port: port)
                client.write("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
                usleep(1_000_000)
                return client.readAll().utf8.count
            }
            ended.add("\(count < 20_000_000)")
        }
        #expect(ended.all == ["true"])
    }
}
