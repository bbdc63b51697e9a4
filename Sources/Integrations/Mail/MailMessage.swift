package import Base

/// A mail in plain text.
package struct MailMessage: Sendable, Equatable {
    package var from: String
    package var to: [String]
    package var subject: String
    package var text: String
    /// Makes the Message-ID, so that a mail which is sent twice shows as one where the reader's program knows how. The effect's key.
    package var key: String
    package var date: Timestamp

    package init(from: String, to: [String], subject: String, text: String, key: String, date: Timestamp) {
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
        self.key = key
        self.date = date
    }

    package var messageID: String { "<\(Hash.sha256(Array(key.utf8)).prefix(16).hex)@\(Self.domain(from))>" }

    /// RFC 5322 with a MIME body in base64; lines end with CRLF and are short. Throws `invalid` for an address that is none.
    package func encoded() throws(PAOError) -> [UInt8] {
        let addresses = [from] + to
        guard !to.isEmpty, addresses.allSatisfy(Self.isAddress) else {
            throw PAOError(.invalid, "A mail needs addresses of the form name@domain, in ASCII.")
        }
        let lines = [
            "Date: \(date.mailDate)", "From: <\(from)>", "To: \(to.map { "<\($0)>" }.joined(separator: ",\r\n "))",
            "Message-ID: \(messageID)",
            "Subject: \(Self.encodedWords(subject))", "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "",
        ]
        let body = Base64.encode(Array(text.utf8)).utf8
        let wrapped = Self.wrapped(Array(body), every: 76)
        return Array(lines.joined(separator: "\r\n").utf8) + [0x0D, 0x0A] + wrapped
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
