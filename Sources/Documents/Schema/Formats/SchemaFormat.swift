import Base

/// One value of `format`. Formats are asserted; unknown names accept everything, as the standard says.
struct SchemaFormat: Sendable {
    /// For messages: `must be ...`.
    let description: String?
    let accepts: @Sendable (String) -> Bool

    static func named(_ name: String) -> SchemaFormat? { all[name] }

    private static let all: [String: SchemaFormat] = [
        "date-time": SchemaFormat(description: "a date and time like 2026-11-21T10:00:00Z", accepts: isDateTime),
        "date": SchemaFormat(description: "a date like 2026-11-21") { CalendarDate($0) != nil },
        "time": SchemaFormat(description: "a time with its zone, like 10:00:00Z") { ClockReading($0) != nil },
        "duration": SchemaFormat(description: "a duration of ISO 8601, like P3D or PT10M", accepts: ISODuration.isValid),
        "email": SchemaFormat(description: "an e-mail address") { MailAddress.isValid($0, international: false) },
        "idn-email": SchemaFormat(description: "an e-mail address") { MailAddress.isValid($0, international: true) },
        "hostname": SchemaFormat(description: "a host name", accepts: HostName.isValid),
        "idn-hostname": SchemaFormat(description: "a host name", accepts: HostName.isValidInternational),
        "ipv4": SchemaFormat(description: "an IPv4 address like 192.0.2.1", accepts: IPAddress.isV4),
        "ipv6": SchemaFormat(description: "an IPv6 address like 2001:db8::1", accepts: IPAddress.isV6),
        "uri": SchemaFormat(description: "a URI with its scheme, like https://example.com") { URISyntax.isValid($0, .uri) },
        "uri-reference": SchemaFormat(description: "a URI or a relative reference") { URISyntax.isValid($0, .uriReference) },
        "iri": SchemaFormat(description: "an IRI with its scheme, like https://example.com") { URISyntax.isValid($0, .iri) },
        "iri-reference": SchemaFormat(description: "an IRI or a relative reference") { URISyntax.isValid($0, .iriReference) },
        "uuid": SchemaFormat(description: "a UUID", accepts: isUUID),
        "uri-template": SchemaFormat(description: "a URI template", accepts: URITemplate.isValid),
        "json-pointer": SchemaFormat(description: "a JSON pointer like /a/0") { JSONPointer.tokens($0) != nil },
        "relative-json-pointer": SchemaFormat(description: "a relative JSON pointer like 1/a", accepts: isRelativePointer),
        "regex": SchemaFormat(description: "a regular expression") { (try? Pattern($0)) != nil },
    ]

    private static func isDateTime(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count > 11, bytes[10] | 0x20 == UInt8(ascii: "t") else { return false }
        return CalendarDate(String(decoding: bytes[..<10], as: UTF8.self)) != nil
            && ClockReading(String(decoding: bytes[11...], as: UTF8.self)) != nil
    }

    private static func isUUID(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return false }
        return bytes.enumerated().allSatisfy { index, byte in
            [8, 13, 18, 23].contains(index) ? byte == UInt8(ascii: "-") : hexDigit(byte) != nil
        }
    }

    /// A count of levels up, then `#` or a JSON pointer.
    private static func isRelativePointer(_ text: String) -> Bool {
        let digits = text.utf8.prefix { $0 >= 0x30 && $0 <= 0x39 }
        guard !digits.isEmpty, digits.count == 1 || digits.first != 0x30 else { return false }
        let rest = String(Substring(text.utf8.dropFirst(digits.count)))
        return rest == "#" || JSONPointer.tokens(rest) != nil
    }
}

/// The grammar of RFC 3339, appendix A: units in order, none left out between two.
enum ISODuration {
    static func isValid(_ text: String) -> Bool {
        var rest = text.utf8[...]
        guard rest.popFirst() == UInt8(ascii: "P"), !rest.isEmpty else { return false }
        let parts = rest.split(separator: UInt8(ascii: "T"), maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, !isSequence(parts[1], of: "HMS") { return false }
        if parts.count == 2, parts[0].isEmpty { return true }
        return isSequence(parts[0], of: "YMD") || (parts.count == 1 && isSequence(parts[0], of: "W"))
    }

    private static func isSequence(_ text: Substring.UTF8View, of units: String) -> Bool {
        var rest = text
        var expected = Array(units.utf8)[...]
        var count = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
            rest = rest.dropFirst(digits.count)
            guard !digits.isEmpty, let unit = rest.popFirst() else { return false }
            if count == 0 { expected = expected.drop { $0 != unit } }
            guard expected.popFirst() == unit else { return false }
            count += 1
        }
        return count > 0
    }
}

enum IPAddress {
    static func isV4(_ text: String) -> Bool { isV4(text.utf8[...]) }

    /// Four decimals without leading zeros.
    static func isV4(_ text: Substring.UTF8View) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.count), part.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return false }
                return (part.count == 1 || part.first != 0x30) && part.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= 255
            }
    }

    static func isV6(_ text: String) -> Bool { isV6(text.utf8[...]) }

    static func isV6(_ text: Substring.UTF8View) -> Bool {
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard (3...9).contains(parts.count) else { return false }
        // `::` gives one empty part inside, two at an end.
        var groups = 0
        var gaps = 0
        for (index, part) in parts.enumerated() {
            if part.isEmpty {
                let isEdge = index == 0 || index == parts.count - 1
                if isEdge {
                    let neighbor = index == 0 ? parts[1] : parts[parts.count - 2]
                    guard neighbor.isEmpty else { return false }
                } else {
                    gaps += 1
                }
            } else if index == parts.count - 1, part.contains(UInt8(ascii: ".")) {
                guard isV4(part) else { return false }
                groups += 2
            } else {
                guard part.count <= 4, part.allSatisfy({ hexDigit($0) != nil }) else { return false }
                groups += 1
            }
        }
        return gaps == 0 ? groups == 8 : gaps == 1 && groups <= 7
    }
}

/// A mailbox of RFC 5321, of RFC 6531 where international.
enum MailAddress {
    static func isValid(_ text: String, international: Bool) -> Bool {
        guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")), text.utf8.count <= 320 else { return false }
        let local = text.utf8[..<at]
        let domain = text.utf8[text.utf8.index(after: at)...]
        guard local.count <= 64, international || text.utf8.allSatisfy({ $0 < 0x80 }) else { return false }
        return (isDotAtom(local) || isQuoted(local)) && isDomain(domain, international: international)
    }

    private static func isDotAtom(_ local: Substring.UTF8View) -> Bool {
        local.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty
                && atom.allSatisfy { byte in
                    byte >= 0x80 || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
                        || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
                }
        }
    }

    private static func isQuoted(_ local: Substring.UTF8View) -> Bool {
        let quote = UInt8(ascii: "\"")
        guard local.count >= 2, local.first == quote, local.last == quote else { return false }
        var isEscaped = false
        for byte in local.dropFirst().dropLast() {
            guard byte >= 0x20, byte != 0x7F else { return false }
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == quote {
                return false
            }
        }
        return !isEscaped
    }

    private static func isDomain(_ domain: Substring.UTF8View, international: Bool) -> Bool {
        if domain.first == UInt8(ascii: "["), domain.last == UInt8(ascii: "]") {
            let literal = domain.dropFirst().dropLast()
            if String(Substring(literal.prefix(5))).lowercased() == "ipv6:" { return IPAddress.isV6(literal.dropFirst(5)) }
            return IPAddress.isV4(literal)
        }
        let name = String(Substring(domain))
        return international ? HostName.isValidInternational(name) : HostName.isValid(name)
    }
}
