import Base
import Foundation
import Testing

@testable import Web

/// Runs `body` against a server on a free port and stops it.
func withServer(
    _ application: Application, _ options: ServerOptions = ServerOptions(), _ body: @Sendable (Server) async throws -> Void
) async throws {
    let server = try Server(application, host: "127.0.0.1", port: 0, options)
    do {
        try await body(server)
    } catch {
        await server.stop(within: .seconds(1))
        throw error
    }
    await server.stop(within: .seconds(5))
}

extension Server {
    /// One request on a connection of its own.
    func request(_ text: String, hasBody: Bool = true) async -> Answer? {
        let port = port
        return await offPool {
            let client = RawClient(port: port)
            client.write(text)
            return client.readAnswer(hasBody: hasBody)
        }
    }

    func get(_ target: String, _ fields: String = "", method: String = "GET") async -> Answer? {
        await request("\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n", hasBody: method != "HEAD")
    }
}

let routes: [Route] = [
    Route("GET", "/api/v1/hello", .immediate { _ in .json(["hello": "world"]) }),
    Route("GET", "/api/v1/later", .suspended { request in .json(["path": .string(request.rawPath)]) }),
    Route("POST", "/api/v1/echo", bodyLimit: 100_000, .suspended { request in Response(body: request.body) }),
    Route("POST", "/api/v1/echo-now", bodyLimit: 100_000, .immediate { request in Response(body: request.body) }),
]

@Suite struct ServerTests {
    @Test("answers on the server's thread and from a task")
    func answers() async throws {
        try await withServer(Application(routes: routes)) { server in
            let now = await server.get("/api/v1/hello")
            #expect(now?.status == 200)
            #expect(now?.text == #"{"hello":"world"}"#)
            let later = await server.get("/api/v1/later?x=1")
            #expect(later?.text == #"{"path":"/api/v1/later"}"#)
            let echo = await server.request("POST /api/v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
            #expect(echo?.text == "hello")
        }
    }
}
