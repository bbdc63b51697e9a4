import Base
import Foundation
import Integrations
import Synchronization
import Testing

struct MailTests {
    private func message(to: [String] = ["a@example.com"], subject: String = "Done", text: String = "Zoë:\n.\nbye") -> MailMessage {
        MailMessage(
            from: "pao@example.com", to: to, subject: subject, text: text, key: "k1", date: Timestamp(milliseconds: 1_795_255_200_000))
    }

    @Test("a mail is written as RFC 5322 wants it, the same each time")
    func encoding() throws {
        let expected = """
            Date: Sat, 21 Nov 2026 10:00:00 +0000|From: <pao@example.com>|To: <a@example.com>|Message-ID: <6ab9f1eb8f7d3388f4f9d586f66e99fd@example.com>|\
            Subject: Done|Auto-Submitted: auto-generated|MIME-Version: 1.0|Content-Type: text/plain; charset=utf-8|Content-Transfer-Encoding: base64||\
            Wm/DqzoKLgpieWU=|
            """
        #expect(String(decoding: try message().encoded(), as: UTF8.self).replacingOccurrences(of: "\r\n", with: "|") == expected)
    }

    @Test("text and HTML stand side by side, the text first")
    func alternatives() throws {
        var both = message(text: "a")
        both.html = "<p>a</p>"
        let lines = String(decoding: try both.encoded(), as: UTF8.self).components(separatedBy: "\r\n")
        let boundary = "=_6ab9f1eb8f7d3388f4f9d586f66e99fd"
        #expect(
            lines.dropFirst(7) == [
                "Content-Type: multipart/alternative; boundary=\"\(boundary)\"", "", "--\(boundary)",
                "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "", "YQ==", "", "--\(boundary)",
                "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: base64", "", "PHA+YTwvcD4=", "", "--\(boundary)--",
                "",
            ])
    }

    @Test(
        "Markdown becomes HTML in which nothing but its own markup counts",
        arguments: [
            ("# A\n\nb **c** *d* `e`", "<h1>A</h1>\n<p>b <strong>c</strong> <em>d</em> <code>e</code></p>"),
            ("- a\n  1. b\n- c", "<ul><li>a<ol><li>b</li></ol></li><li>c</li></ul>"),
            ("a\nb", "<p>a<br>\nb</p>"), ("```sh\n<x> & \"y\"\n```", "<pre><code>&lt;x&gt; &amp; &quot;y&quot;</code></pre>"),
            ("<script>alert('x')</script>", "<p>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;</p>"),
            ("[a](https://x.test/?a=1&b=2)", "<p><a href=\"https://x.test/?a=1&amp;b=2\">a</a></p>"),
            ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>"), ("", ""),
        ])
    func html(_ markdown: String, _ body: String) {
        #expect(MailMessage.html(markdown: markdown).contains("<body>\n\(body)\n</body>"))
    }

    static let subjects = [
        ("plain", "Subject: plain\r\n"), ("a\r\nBcc: x@y", "Subject: a  Bcc: x@y\r\n"), ("é", "Subject: =?utf-8?B?w6k=?=\r\n"),
        ("=?utf-8?B?w6k=?=", "Subject: =?utf-8?B?PT91dGYtOD9CP3c2az0/PQ==?=\r\n"),
        (
            String(repeating: "漢", count: 16),
            "Subject: =?utf-8?B?\(Base64.encode(Array(String(repeating: "漢", count: 15).utf8)))?=\r\n =?utf-8?B?5ryi?=\r\n"
        ),
    ]

    @Test("a subject cannot add headers, and any text can stand in it", arguments: MailTests.subjects)
    func subject(_ row: (text: String, line: String)) throws {
        let text = String(decoding: try message(subject: row.text).encoded(), as: UTF8.self)
        #expect(text.contains(row.line))
    }

    @Test(
        "an address that could say more than an address is refused",
        arguments: ["", "a", "a@", "@b", "a@b@c", "a@b\r\nX: y", "a b@c", "<a@b>", "a@b,c@d"])
    func badAddress(_ address: String) {
        #expect(throws: PAOError.self) { try message(to: [address]).encoded() }
    }

    @Test("a mail arrives whole, with its sender and all its recipients")
    func delivery() async throws {
        let server = try MailServer()
        try await server.client().send(message(to: ["a@example.com", "b@example.com"]))
        let lines = server.received
        #expect(
            lines.filter { $0.hasPrefix("MAIL") || $0.hasPrefix("RCPT") } == [
                "MAIL FROM:<pao@example.com>", "RCPT TO:<a@example.com>", "RCPT TO:<b@example.com>",
            ])
        #expect(lines.contains("Wm/DqzoKLgpieWU="))
    }

    static let refusals: [(command: String, answer: String, retryable: Bool)] = [
        ("MAIL", "550 no", false), ("RCPT", "451 later", true), ("DATA", "554 no", false), (".", "452 full", true),
        (".", "550 spam", false),
    ]

    @Test("a refusal is told from a delay, and leaves nothing in doubt", arguments: MailTests.refusals)
    func refusal(_ row: (command: String, answer: String, retryable: Bool)) async throws {
        let server = try MailServer(answers: [row.command: row.answer])
        let failure = await failure(try server.client())
        #expect(failure?.kind == .badAnswer && failure?.isRetryable == row.retryable && failure?.mayHaveBeenSent == false)
    }

    @Test("a connection that is cut after the text leaves the mail in doubt")
    func cut() async throws {
        let failure = await failure(try MailServer(answers: [".": ""]).client())
        #expect(failure?.mayHaveBeenSent == true)
    }

    @Test("STARTTLS that is not offered is an error, not plain text")
    func noTLS() async throws {
        let server = try MailServer()
        let failure = await failure(try server.client(security: .startTLS))
        #expect(failure?.kind == .tls && failure?.mayHaveBeenSent == false)
        #expect(!server.received.contains { $0.hasPrefix("MAIL") })
    }

    @Test("a server outside of the policy is not connected to")
    func denied() async throws {
        let server = try MailServer()
        let client = SMTPClient(
            server: SMTPClient.Server(host: "localhost", port: server.port, security: .none), egress: try EgressPolicy())
        #expect(await failure(client)?.kind == .egressDenied)
        #expect(server.received.isEmpty)
    }

    private func failure(_ client: SMTPClient) async -> TransportFailure? {
        do throws(TransportFailure) {
            try await client.send(message())
            return nil
        } catch { return error }
    }
}

/// Enough of RFC 5321 to take a mail. `answers` replaces the answer to a command (`.` is the end of the text); an empty one hangs up.
private final class MailServer: Sendable {
    let port: Int
    private let listener: Int32
    private let answers: [String: String]
    private let lines = Mutex<[String]>([])

    init(answers: [String: String] = [:]) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, "127.0.0.1", &place.sin_addr)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = listen(listener, 8)
                _ = getsockname(listener, $0, &length)
            }
        }
        port = Int(UInt16(bigEndian: place.sin_port))
        self.listener = listener
        self.answers = answers
        Thread.detachNewThread { [self] in serve() }
    }

    var received: [String] { lines.withLock { $0 } }

    func client(security: SMTPClient.Security = .none) throws -> SMTPClient {
        SMTPClient(
            server: SMTPClient.Server(host: "127.0.0.1", port: port, security: security), egress: try EgressPolicy(allow: ["127.0.0.1"]),
            timeout: .seconds(10))
    }

    private func serve() {
        let descriptor = accept(listener, nil, nil)
        guard descriptor >= 0, let file = fdopen(descriptor, "r+") else { return }
        defer { fclose(file) }
        func say(_ text: String) {
            _ = "\(text)\r\n".withCString { send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
        }
        say("220 test")
        var inText = false
        var buffer = [CChar](repeating: 0, count: 4096)
        while fgets(&buffer, 4096, file) != nil {
            let line = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).trimmingCharacters(
                in: .newlines)
            lines.withLock { $0.append(line) }
            if inText, line != "." { continue }
            let command = inText ? "." : String(line.prefix(4))
            let answer = answers[command] ?? (command == "DATA" ? "354 go on" : command == "QUIT" ? "221 bye" : "250 ok")
            if answer.isEmpty { return }
            inText = command == "DATA" && answer.hasPrefix("3")
            say(answer)
        }
    }
}
