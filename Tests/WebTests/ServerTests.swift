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

    @Test("obeys the faults of the wire")
    func faults() async throws {
        let faulty = [
            Route("GET", "/cut", .suspended { _ in Response(headers: [Response.Fault.cut: "1"]) }),
            Route("GET", "/cut-now", .immediate { _ in Response(headers: [Response.Fault.cut: "1"]) }),
            Route(
                "GET", "/garbage",
                .suspended { _ in
                    Response(headers: [Response.Fault.garbage: "1"], body: Array("%$#not http".utf8))
                }),
        ]
        try await withServer(Application(routes: faulty)) { server in
            let port = server.port
            for (target, expected) in [("/cut", ""), ("/cut-now", ""), ("/garbage", "%$#not http")] {
                let text = await offPool {
                    let client = RawClient(port: port)
                    client.write("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
                    return client.readAll()
                }
                #expect(text == expected)
            }
        }
    }

    @Test("stopping lets a running handler answer, refuses newcomers, and may be asked twice")
    func stop() async throws {
        let started = Recorder()
        let slow = Route(
            "GET", "/slow",
            .suspended { _ in
                started.add("started")
                try? await Task.sleep(for: .milliseconds(300))
                return Response(body: Array("done".utf8))
            })
        let server = try Server(Application(routes: [slow]), host: "127.0.0.1", port: 0)
        async let answer = server.get("/slow")
        await offPool { for _ in 0..<500 where started.all.isEmpty { usleep(10_000) } }
        await server.stop(within: .seconds(5))
        await server.stop()
        #expect(await answer?.text == "done")
        #expect(await answer?.header("Connection") == "close")
        #expect(!canConnect(server.port))
    }

    @Test("stopping cuts what does not end")
    func stopHanging() async throws {
        let started = Recorder()
        let hanging = Route(
            "GET", "/hang",
            .suspended { _ in
                started.add("started")
                try? await Task.sleep(for: .seconds(3))
                return Response()
            })
        let server = try Server(Application(routes: [hanging]), host: "127.0.0.1", port: 0)
        async let answer = server.get("/hang")
        await offPool { for _ in 0..<500 where started.all.isEmpty { usleep(10_000) } }
        let start = Date()
        await server.stop(within: .milliseconds(100))
        #expect(Date().timeIntervalSince(start) < 2)
        #expect(await answer == nil)
    }

    @Test("speaks TLS 1.3 with a certificate given as text, and says when it cannot be used", .enabled(if: Certificate.isAvailable))
    func tls() async throws {
        var options = ServerOptions()
        options.tls = .init(certificate: "none", key: "none")
        #expect {
            _ = try Server(Application(routes: routes), host: "127.0.0.1", port: 0, options)
        } throws: {
            ($0 as? PAOError)?.code == .configuration
        }
        options.tls = try Certificate.make()
        var application = Application(routes: routes)
        application.strictTransport = true
        try await withServer(application, options) { server in
            let url = "https://localhost:\(server.port)/api/v1/later"
            let text = await offPool { run("curl", "-ski", "--tlsv1.3", "--noproxy", "*", url) }
            #expect(text.hasSuffix(#"{"path":"/api/v1/later"}"#))
            #expect(text.contains("Strict-Transport-Security: max-age=31536000"))
            let old = await offPool { run("curl", "-ski", "--tls-max", "1.1", "--noproxy", "*", url) }
            #expect(old == "")
        }
    }

    @Test("listens on IPv6 and on a socket in the file system")
    func addresses() async throws {
        let application = Application(routes: routes)
        let server = try Server(application, host: "[::1]", port: 0)
        #expect(server.port > 0)
        await server.stop()
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).sock").path
        defer { unlink(path) }
        let local = try Server(application, on: ListeningSocket(path: path))
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        await local.stop()
    }

    @Test("says why it cannot listen", arguments: [("nowhere", 0), ("127.0.0.1", 70_000), ("192.0.2.1", 0), ("127.0.0.1", -1)])
    func unusable(host: String, port: Int) {
        #expect(throws: PAOError.self) { _ = try ListeningSocket(host: host, port: port) }
    }

    @Test("says that a port is taken")
    func taken() throws {
        let first = try ListeningSocket(host: "127.0.0.1", port: 0)
        defer { close(first.descriptor) }
        #expect {
            _ = try ListeningSocket(host: "127.0.0.1", port: first.port)
        } throws: {
            ($0 as? PAOError)?.code == .unavailable
        }
    }
}

private func canConnect(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafeBytes(of: &address) { bytes in
        bytes.withMemoryRebound(to: sockaddr.self) { connect(descriptor, $0.baseAddress, socklen_t(bytes.count)) == 0 }
    }
}

/// A self-signed one, made by openssl.
private enum Certificate {
    static var isAvailable: Bool {
        ["openssl", "curl"].allSatisfy { FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)") }
    }

    static func make() throws -> ServerOptions.TLS {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let (key, certificate) = (directory.appendingPathComponent("key.pem"), directory.appendingPathComponent("certificate.pem"))
        _ = run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
            "-days", "2", "-keyout", key.path, "-out", certificate.path)
        return .init(certificate: try String(contentsOf: certificate, encoding: .utf8), key: try String(contentsOf: key, encoding: .utf8))
    }
}

private func run(_ program: String, _ arguments: String...) -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/\(program)")
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return "" }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
}
