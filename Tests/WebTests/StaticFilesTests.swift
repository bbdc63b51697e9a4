import Base
import Foundation
import Testing

@testable import Web

@Suite struct StaticFilesTests {
    private static func memory(_ text: String) -> EmbeddedBytes {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
        buffer.copyBytes(from: Array(text.utf8))
        return EmbeddedBytes(buffer: UnsafeRawBufferPointer(buffer))
    }

    private static let assets: [String: Asset] = [
        "web-static/index.html": Asset(path: "", bytes: memory("<title>page</title>"), gzip: nil, digest: "d1"),
        "web-static/app.js": Asset(path: "", bytes: memory("let x = 1"), gzip: memory("zipped"), digest: "d2"),
        "web-static/fields/text.css": Asset(path: "", bytes: memory("body {}"), gzip: nil, digest: "d3"),
    ]

    private static let application = Application(routes: routes, staticFiles: StaticFiles(lookup: { assets[$0] }))

    @Test(
        "serves files, and the page for addresses of the dashboard",
        arguments: [
            ("/", 200, "text/html; charset=utf-8", "<title>page</title>"), ("/app.js", 200, "text/javascript; charset=utf-8", "let x = 1"),
            ("/fields/text.css", 200, "text/css; charset=utf-8", "body {}"),
            ("/requests/req-1", 200, "text/html; charset=utf-8", "<title>page</title>"),
            ("/missing.js", 404, "application/problem+json", ""), ("/api/v1/nothing", 404, "application/problem+json", ""),
            ("/api", 404, "application/problem+json", ""),
        ])
    func files(target: String, status: Int, type: String, text: String) async throws {
        for way in Way.allCases {
            try await way.run(Self.application) { send in
                let answer = try #require(await send("GET", target, [:], ""))
                #expect(answer.status == status)
                #expect(answer.header("Content-Type") == type)
                if status == 200 { #expect(answer.text == text) }
                expectSecurityHeaders(answer, target)
                let isPage = answer.header("Content-Security-Policy")?.contains("require-trusted-types-for 'script'")
                #expect(isPage == (status == 200))
            }
        }
    }

    @Test("answers 304 to whom has it, with the tag of what was sent", arguments: Way.allCases)
    func conditional(way: Way) async throws {
        try await way.run(Self.application) { send in
            let plain = try #require(await send("GET", "/app.js", [:], ""))
            #expect(plain.header("ETag") == "\"d2\"")
            #expect(plain.header("Vary") == "Accept-Encoding")
            #expect(plain.header("Cache-Control") == "no-cache")
            let zipped = try #require(await send("GET", "/app.js", ["Accept-Encoding": "br, gzip;q=0.5"], ""))
            #expect(zipped.header("ETag") == "\"d2-gzip\"")
            #expect(zipped.header("Content-Encoding") == "gzip")
            #expect(zipped.text == "zipped")
            #expect(await send("GET", "/app.js", ["Accept-Encoding": "gzip;q=0"], "")?.text == "let x = 1")
            for tag in ["\"d2\"", "W/\"d2\"", "\"x\", \"d2\"", "*"] {
                let answer = try #require(await send("GET", "/app.js", ["If-None-Match": tag], ""))
                #expect(answer.status == 304)
                #expect(answer.body == [])
                expectSecurityHeaders(answer, "304")
            }
            #expect(await send("GET", "/app.js", ["If-None-Match": "\"d2\"", "Accept-Encoding": "gzip"], "")?.status == 200)
            #expect(await send("HEAD", "/app.js", [:], "")?.body == [])
            let post = await send("POST", "/app.js", [:], "x")
            #expect(post?.status == 405)
            #expect(post?.header("Allow") == "GET, HEAD, OPTIONS")
        }
    }

    @Test("serves a directory and nothing around it")
    func directory() async throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("static-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        let site = root.appendingPathComponent("site")
        try FileManager.default.createDirectory(at: site.appendingPathComponent("sub"), withIntermediateDirectories: true)
        try "page".write(to: site.appendingPathComponent("index.html"), atomically: true, encoding: .utf8)
        try "sub".write(to: site.appendingPathComponent("sub/a.txt"), atomically: true, encoding: .utf8)
        try "hidden".write(to: site.appendingPathComponent(".env"), atomically: true, encoding: .utf8)
        try "secret".write(to: root.appendingPathComponent("secret.txt"), atomically: true, encoding: .utf8)
        try FileManager.default.createSymbolicLink(
            at: site.appendingPathComponent("link.txt"), withDestinationURL: root.appendingPathComponent("secret.txt"))
        let transport = InMemoryTransport(Application(routes: [], staticFiles: StaticFiles(directory: site.path)))
        let expected = [
            ("/", "page"), ("/sub/a.txt", "sub"), ("/page", "page"), ("/link.txt", nil), ("/.env", nil), ("/sub", "page"),
            ("/%2e%2e/secret.txt", nil),
        ]
        for (target, text) in expected {
            let response = await transport.send("GET", target)
            if let text {
                #expect(String(decoding: response.bytes, as: UTF8.self) == text, "\(target)")
            } else {
                #expect(response.status >= 400, "\(target)")
            }
        }
        let tag = await transport.send("GET", "/sub/a.txt").headers["ETag"]
        #expect(await transport.send("GET", "/sub/a.txt", headers: ["If-None-Match": tag ?? ""]).status == 304)
        try "changed".write(to: site.appendingPathComponent("sub/a.txt"), atomically: true, encoding: .utf8)
        #expect(await transport.send("GET", "/sub/a.txt", headers: ["If-None-Match": tag ?? ""]).status == 200)
    }

    @Test("the binary's own files are in order, findable, and as their digests say")
    func embedded() {
        let all = Assets.list(under: "")
        for asset in all {
            #expect(Assets.file(asset.path)?.digest == asset.digest)
            #expect(Hash.sha256(Array(asset.bytes.buffer)).hex.hasPrefix(asset.digest))
        }
        #expect(Assets.file("") == nil)
        #expect(Assets.file("web-static/none") == nil)
        #expect(Assets.list(under: "schemas/").count == all.filter { $0.path.hasPrefix("schemas/") }.count)
    }
}
