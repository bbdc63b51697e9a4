import Base
import Foundation
import Synchronization
import Testing

@testable import Web

/// Hands the stream of `GET /events` to the test.
private final class Streams: Sendable {
    private let opened = Mutex<[EventStream]>([])
    private let closed = Mutex(0)

    var routes: [Route] {
        [
            Route("GET", "/events", .suspended { _ in .events(self.open()) }),
            Route("GET", "/events-now", .immediate { _ in .events(self.open()) }),
            Route("GET", "/hello", .immediate { _ in Response(body: Array("hello".utf8)) }),
        ]
    }

    private func open() -> EventStream {
        let stream = EventStream()
        stream.onClose { self.closed.withLock { $0 += 1 } }
        stream.send(id: "1", event: "greeting", data: "{}")
        opened.withLock { $0.append(stream) }
        return stream
    }

    var all: [EventStream] { opened.withLock { $0 } }
    var closedCount: Int { closed.withLock { $0 } }

    /// Blocks until as many have closed; at most 5 s.
    func waitForClosed(_ count: Int) {
        for _ in 0..<500 where closedCount < count { usleep(10_000) }
    }
}

@Suite struct EventStreamTests {
    private static let request = "GET /events HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test("delivers events as they come and ends when closed", arguments: ["/events", "/events-now"])
    func delivers(target: String) async throws {
        let streams = Streams()
        try await withServer(Application(routes: streams.routes)) { server in
            let port = server.port
            let (head, rest) = await offPool { () -> (String, String) in
                let client = RawClient(port: port)
                client.write("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
                let head = client.read(until: "data: {}\n\n")
                streams.all.first?.send(id: "2", event: nil, data: "two")
                let second = client.read(until: "data: two\n\n")
                streams.all.first?.send(id: "3", event: nil, data: String(repeating: "x", count: 100_000))
                streams.all.first?.close()
                return (head, second + client.read(until: "\r\n0\r\n\r\n"))
            }
            #expect(head.contains("text/event-stream"))
            #expect(head.contains("id: 1\nevent: greeting\ndata: {}\n\n"))
            expectSecurityHeaders(Answer(head: head.components(separatedBy: "\r\n\r\n")[0], body: []), "stream")
            #expect(rest.contains("id: 2\ndata: two\n\n"))
            #expect(rest.filter { $0 == "x" }.count == 100_000)
            await offPool { streams.waitForClosed(1) }
            #expect(streams.closedCount == 1)
        }
        #expect(streams.closedCount == 1)
    }

    @Test("sends heartbeats, and notices by them that a client has gone")
    func heartbeat() async throws {
        let streams = Streams()
        var options = ServerOptions()
        options.heartbeat = .milliseconds(50)
        try await withServer(Application(routes: streams.routes), options) { server in
            let port = server.port
            let text = await offPool { () -> String in
                let client = RawClient(port: port)
                client.write(Self.request)
                _ = client.read(until: "{}\n\n")
                return client.read(until: "\n\n") + client.read(until: "\n\n")
            }
            #expect(text.contains(": keep-alive\n\n"))
            await offPool { streams.waitForClosed(1) }
            #expect(streams.closedCount == 1)
        }
    }

    @Test("answers HEAD without a stream")
    func head() async throws {
        let streams = Streams()
        try await withServer(Application(routes: streams.routes)) { server in
            for target in ["/events", "/events-now"] {
                let answer = await server.get(target, method: "HEAD")
                #expect(answer?.status == 200)
                #expect(answer?.header("Content-Type") == "text/event-stream")
            }
            #expect(streams.closedCount == 2)
        }
    }

    @Test("cuts off a reader that falls behind")
    func overflow() {
        let stream = EventStream(limit: 100)
        let closed = Recorder()
        stream.onClose { closed.add("closed") }
        stream.send(id: nil, event: nil, data: String(repeating: "x", count: 80))
        #expect(!stream.isClosed)
        stream.send(id: nil, event: nil, data: String(repeating: "x", count: 80))
        #expect(stream.isClosed)
        #expect(stream.takePending().count == 88)
        stream.finish()
        stream.finish()
        #expect(closed.all == ["closed"])
        stream.onClose { closed.add("late") }
        #expect(closed.all == ["closed", "late"])
    }

    @Test("keeps many streams and idle connections while it answers others")
    func many() async throws {
        let streams = Streams()
        try await withServer(Application(routes: streams.routes)) { server in
            let port = server.port
            let (texts, hello) = await offPool { () -> ([String], Int) in
                let readers = (0..<200).map { _ in RawClient(port: port) }
                for reader in readers {
                    reader.write(Self.request)
                    _ = reader.read(until: "{}\n\n")
                }
                let idle = (0..<700).map { _ in RawClient(port: port) }
                for client in idle {
                    client.write("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
                    _ = client.readAnswer()
                }
                for stream in streams.all { stream.send(id: nil, event: nil, data: "tick") }
                let texts = readers.map { $0.read(until: "tick\n\n") }
                let client = RawClient(port: port)
                client.write("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
                return (texts, client.readAnswer()?.status ?? 0)
            }
            #expect(texts.allSatisfy { $0.contains("data: tick\n\n") })
            #expect(hello == 200)
        }
        #expect(streams.closedCount == 200)
    }

    @Test("stopping ends the streams")
    func stop() async throws {
        let streams = Streams()
        let server = try Server(Application(routes: streams.routes), host: "127.0.0.1", port: 0)
        let port = server.port
        async let text = offPool { () -> String in
            let client = RawClient(port: port)
            client.write(Self.request)
            return client.readAll()
        }
        await offPool { for _ in 0..<500 where streams.all.isEmpty { usleep(10_000) } }
        await server.stop(within: .seconds(5))
        #expect(await text.hasSuffix("0\r\n\r\n"))
        #expect(streams.closedCount == 1)
    }
}
