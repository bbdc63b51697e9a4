package import Base

/// A mail in plain text and, where it has both, in HTML that says the same.
package struct MailMessage: Sendable, Equatable {
    package var from: String
    package var to: [String]
    package var subject: String
    package var text: String
    /// nil: plain text alone.
    package var html: String?
    /// Makes the Message-ID, so that a mail which is sent twice shows as one where the reader's program knows how. The effect's key.
    package var key: String
    package var date: Timestamp

    package init(from: String, to: [String], subject: String, text: String, html: String? = nil, key: String, date: Timestamp) {
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
        self.html = html
        self.key = key
        self.date = date
    }

    package var messageID: String { "<\(digest)@\(Self.domain(from))>" }

    private var digest: String { Hash.sha256(Array(key.utf8)).prefix(16).hex }

    /// RFC 5322 with a MIME body in base64; lines end with CRLF and are short. With HTML both parts stand in a multipart/alternative,
    /// the plain one first (RFC 2046: the reader's program takes the last one it can show). Throws `invalid` for an address that is none.
    package func encoded() throws(PAOError) -> [UInt8] {
        let addresses = [from] + to
        guard !to.isEmpty, addresses.allSatisfy(Self.isAddress) else {
            throw PAOError(.invalid, "A mail needs addresses of the form name@domain, in ASCII.")
        }
        let lines = [
            "Date: \(date.mailDate)", "From: <\(from)>", "To: \(to.map { "<\($0)>" }.joined(separator: ",\r\n "))",
            "Message-ID: \(messageID)",
            "Subject: \(Self.encodedWords(subject))", "Auto-Submitted: auto-generated", "MIME-Version: 1.0", "",
        ]
        return Array(lines.joined(separator: "\r\n").utf8) + body
    }

    private var body: [UInt8] {
        let plain = Self.part("plain", text)
        guard let html else { return plain }
        // No line of base64 begins with dashes.
        let boundary = "=_\(digest)"
        let head = "Content-Type: multipart/alternative; boundary=\"\(boundary)\"\r\n\r\n--\(boundary)\r\n"
        let parts = Array(head.utf8) + plain + Array("\r\n--\(boundary)\r\n".utf8) + Self.part("html", html)
        return parts + Array("\r\n--\(boundary)--\r\n".utf8)
    }

    private static func part(_ type: String, _ text: String) -> [UInt8] {
        let head = "Content-Type: text/\(type); charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        return Array(head.utf8) + wrapped(Array(Base64.encode(Array(text.utf8)).utf8), every: 76)
    }

    private static func wrapped(_ bytes: [UInt8], every width: Int) -> [UInt8] {
        stride(from: 0, to: bytes.count, by: width).flatMap { bytes[$0..<min($0 + width, bytes.count)] + [0x0D, 0x0A] }
    }

    /// RFC 2047: words of at most 45 bytes of UTF-8, cut between characters. Line breaks become spaces.
    private static func encodedWords(_ text: String) -> String {
        let flat = String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
        if flat.utf8.allSatisfy({ $0 < 0x80 }), flat.utf8.count <= 60, !flat.contains("=?") { return flat }
        var words: [[UInt8]] = [[]]
        for scalar in flat.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if words[words.count - 1].count + bytes.count > 45 { words.append([]) }
            words[words.count - 1] += bytes
        }
        return words.map { "=?utf-8?B?\(Base64.encode($0))?=" }.joined(separator: "\r\n ")
    }

    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && text.utf8.count <= 254
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"<>()[],;:\\\"".utf8.contains($0) }
    }

    private static func domain(_ address: String) -> String { address.split(separator: "@").last.map(String.init) ?? "localhost" }
}

extension Timestamp {
    /// `Sat, 21 Nov 2026 10:00:00 +0000`.
    fileprivate var mailDate: String {
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let clock = description.dropFirst(11).prefix(8)
        let day = date.day < 10 ? "0\(date.day)" : "\(date.day)"
        return "\(days[date.daysSince1970.floorModulo(7)]), \(day) \(months[date.month - 1]) \(date.year) \(clock) +0000"
    }
}
