import Base
import Foundation
import Integrations
import Testing

struct TLSTests {
    private let temporary: TemporaryDirectory
    private var directory: URL { temporary.url }
    private let server: TLSServer

    private func client() throws -> CurlClient {
        CurlClient(egress: try EgressPolicy(allow: ["127.0.0.0/8", "::1", "localhost"]), log: .silent, authorities: certificate.path)
    }

    private var certificate: URL { directory.appending(path: "certificate.pem") }
    private var key: URL { directory.appending(path: "key.pem") }

    init() throws {
        temporary = try TemporaryDirectory()
        server = TLSServer(temporary.url)
    }

    private func failure(_ url: String, _ client: CurlClient) async -> TransportFailure? {
        do throws(TransportFailure) {
            _ = try await client.transport.send(HTTPRequest(url: url, timeout: .seconds(20)))
            return nil
        } catch { return error }
    }

    @Test("a certificate of a known authority for the right name is good")
    func good() async throws {
        try server.makeCertificate(name: "localhost")
        let port = try server.start()
        #expect(await failure("https://localhost:\(port)/", try client()) == nil)
        server.stop()
    }

    static let bad: [(label: String, name: String, dates: String?, known: Bool, options: [String])] = [
        ("wrong name", "other.example", nil, true, []), ("unknown authority", "localhost", nil, false, []),
        ("expired", "localhost", "20200101000000Z 20200102000000Z", true, []),
        ("not yet valid", "localhost", "20900101000000Z 20910101000000Z", true, []),
    ]

    @Test("any fault of a certificate is final, and nothing is sent", arguments: TLSTests.bad)
    func badCertificate(_ row: (label: String, name: String, dates: String?, known: Bool, options: [String])) async throws {
        try server.makeCertificate(name: row.name, dates: row.dates)
        let port = try server.start(row.options)
        let client = row.known ? try client() : CurlClient(egress: try EgressPolicy(allow: ["localhost"]), log: .silent)
        let failure = await failure("https://localhost:\(port)/", client)
        #expect(failure?.kind == .tls, "\(failure?.message ?? "answered")")
        #expect(failure?.isRetryable == false && failure?.mayHaveBeenSent == false)
        server.stop()
    }

    @Test("TLS below 1.2 is not spoken")
    func oldProtocol() async throws {
        try server.makeCertificate(name: "localhost")
        let port = try server.start(["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
        let failure = await failure("https://localhost:\(port)/", try client())
        #expect(failure?.kind == .tls && failure?.mayHaveBeenSent == false)
        server.stop()
    }

    @Test("a client certificate is shown to a server that asks for it")
    func clientCertificate() async throws {
        try server.makeCertificate(name: "localhost")
        let port = try server.start(["-Verify", "1", "-verify_return_error", "-CAfile", certificate.path])
        let client = try client()
        var request = HTTPRequest(url: "https://localhost:\(port)/", timeout: .seconds(20))
        #expect(await failure(request.url, client) != nil)
        request.clientCertificate = ClientCertificate(
            certificatePEM: try String(contentsOf: certificate, encoding: .utf8), keyPEM: try String(contentsOf: key, encoding: .utf8))
        #expect(try await client.transport.send(request).status == 200)
        server.stop()
    }
}

/// `openssl s_server`, which answers every GET with a page about the connection.
private final class TLSServer {
    private let directory: URL
    private let process = Process()

    init(_ directory: URL) { self.directory = directory }

    /// Self-signed; `dates` are its first and last moment.
    func makeCertificate(name: String, dates: String? = nil) throws {
        let subject = ["-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:\(name)"]
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem"]
        guard let dates else { return try openssl(["req", "-x509", "-days", "2", "-out", "certificate.pem"] + key + subject) }
        let configuration = """
            [ca]
            default_ca = test
            [test]
            database = index.txt
            rand_serial = yes
            default_md = sha256
            policy = any
            new_certs_dir = .
            copy_extensions = copy
            [any]
            commonName = supplied
            """
        try Data(configuration.utf8).write(to: directory.appending(path: "ca.conf"))
        try Data().write(to: directory.appending(path: "index.txt"))
        try openssl(["req", "-new", "-out", "request.pem"] + key + subject)
        let moments = dates.split(separator: " ").map(String.init)
        try openssl(
            [
                "ca", "-batch", "-config", "ca.conf", "-selfsign", "-keyfile", "key.pem", "-in", "request.pem", "-out", "certificate.pem",
                "-notext",
            ]
                + ["-startdate", moments[0], "-enddate", moments[1]])
    }

    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    /// Returns its port.
    func start(_ options: [String] = []) throws -> Int {
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = ["s_server", "-www", "-accept", "127.0.0.1:0", "-cert", "certificate.pem", "-key", "key.pem"] + options
        process.currentDirectoryURL = directory
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var text = ""
        while true {
            let piece = output.fileHandleForReading.availableData
            try #require(!piece.isEmpty)
            text += String(decoding: piece, as: UTF8.self)
            if let match = text.firstMatch(of: /ACCEPT 127\.0\.0\.1:(\d+)\n/) { return try #require(Int(match.1)) }
        }
    }

    func stop() { process.terminate() }

    deinit { if process.isRunning { process.terminate() } }
}
