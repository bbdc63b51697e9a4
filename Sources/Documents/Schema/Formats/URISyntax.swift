import Base

/// The grammars of RFC 3986 (URI) and RFC 3987 (IRI).
enum URISyntax {
    enum Kind { case uri, uriReference, iri, iriReference }

    static func isValid(_ text: String, _ kind: Kind) -> Bool {
        let isInternational = kind == .iri || kind == .iriReference
        guard isInternational ? text.unicodeScalars.allSatisfy(isInternationalScalar) : text.utf8.allSatisfy({ $0 < 0x80 }) else {
            return false
        }
        var rest = text.utf8[...]
        let fragment = cut(&rest, at: UInt8(ascii: "#"))
        let query = cut(&rest, at: UInt8(ascii: "?"))
        if isInternational, hasPrivate(Array(rest)[...]) || hasPrivate(fragment ?? []) { return false }
        guard isText(fragment ?? [], also: ":@/?"), isText(query ?? [], also: ":@/?") else { return false }
        let hasScheme = takeScheme(&rest)
        if !hasScheme, kind == .uri || kind == .iri { return false }
        if !hasScheme, rest.prefix(while: { $0 != UInt8(ascii: "/") }).contains(UInt8(ascii: ":")) { return false }
        if rest.starts(with: "//".utf8) {
            rest = rest.dropFirst(2)
            let authority = rest.prefix { $0 != UInt8(ascii: "/") }
            guard isAuthority(Array(authority)[...]) else { return false }
            rest = rest.dropFirst(authority.count)
        }
        return isText(Array(rest)[...], also: ":@/")
    }

    /// ASCII, and what RFC 3987 calls `ucschar` or `iprivate`.
    private static func isInternationalScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x80, 0xA0...0xD7FF, 0xE000...0xFDCF, 0xFDF0...0xFFEF: true
        case 0xE0000...0xE0FFF: false
        case 0x10000...0x10FFFD: scalar.value & 0xFFFF < 0xFFFE
        default: false
        }
    }

    private static func hasPrivate(_ bytes: ArraySlice<UInt8>) -> Bool {
        String(decoding: bytes, as: UTF8.self).unicodeScalars.contains(where: isPrivate)
    }

    /// `iprivate`, which may stand in a query only.
    private static func isPrivate(_ scalar: Unicode.Scalar) -> Bool {
        (0xE000...0xF8FF).contains(scalar.value) || scalar.value >= 0xF0000
    }

    private static func cut(_ rest: inout Substring.UTF8View, at separator: UInt8) -> ArraySlice<UInt8>? {
        guard let index = rest.firstIndex(of: separator) else { return nil }
        let tail = Array(rest[rest.index(after: index)...])[...]
        rest = rest[..<index]
        return tail
    }

    private static func takeScheme(_ rest: inout Substring.UTF8View) -> Bool {
        guard let first = rest.first, isLetter(first), let colon = rest.firstIndex(of: UInt8(ascii: ":")) else { return false }
        guard rest[..<colon].allSatisfy({ isLetter($0) || isDigit($0) || "+-.".utf8.contains($0) }) else { return false }
        rest = rest[rest.index(after: colon)...]
        return true
    }

    private static func isAuthority(_ authority: ArraySlice<UInt8>) -> Bool {
        var host = authority
        if let at = host.firstIndex(of: UInt8(ascii: "@")) {
            guard isText(host[..<at], also: ":") else { return false }
            host = host[(at + 1)...]
        }
        if host.first == UInt8(ascii: "[") {
            guard let end = host.firstIndex(of: UInt8(ascii: "]")) else { return false }
            return isLiteral(host[(host.startIndex + 1)..<end]) && isPort(host[(end + 1)...])
        }
        let colon = host.firstIndex(of: UInt8(ascii: ":")) ?? host.endIndex
        return isText(host[..<colon], also: "") && isPort(host[colon...])
    }

    private static func isPort(_ text: ArraySlice<UInt8>) -> Bool {
        text.isEmpty || (text.first == UInt8(ascii: ":") && text.dropFirst().allSatisfy(isDigit))
    }

    /// IPv6, or the future address of `v1.x`.
    private static func isLiteral(_ text: ArraySlice<UInt8>) -> Bool {
        if text.first.map({ $0 | 0x20 }) == UInt8(ascii: "v") {
            let parts = text.dropFirst().split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 && !parts[0].isEmpty && parts[0].allSatisfy { hexDigit($0) != nil } && !parts[1].isEmpty
                && parts[1].allSatisfy { PercentEncoding.isUnreserved($0) || ":!$&'()*+,;=".utf8.contains($0) }
        }
        return IPAddress.isV6(String(decoding: text, as: UTF8.self))
    }

    /// Unreserved characters, sub-delimiters, complete percent triplets, and what else a part allows.
    private static func isText(_ bytes: ArraySlice<UInt8>, also: String) -> Bool {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                guard index + 2 < bytes.endIndex, hexDigit(bytes[index + 1]) != nil, hexDigit(bytes[index + 2]) != nil else { return false }
                index += 3
                continue
            }
            guard byte >= 0x80 || PercentEncoding.isUnreserved(byte) || "!$&'()*+,;=".utf8.contains(byte) || also.utf8.contains(byte) else {
                return false
            }
            index += 1
        }
        return true
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

/// The grammar of RFC 6570.
enum URITemplate {
    static func isValid(_ text: String) -> Bool {
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            if scalar == "{" {
                let inside = rest.prefix { $0 != "}" }
                rest = rest[inside.endIndex...]
                guard rest.popFirst() == "}", isExpression(String(inside)) else { return false }
            } else if scalar == "%" {
                let digits = rest.prefix(2)
                guard digits.count == 2, digits.allSatisfy(\.properties.isASCIIHexDigit) else { return false }
                rest = rest.dropFirst(2)
            } else if !isLiteral(scalar) {
                return false
            }
        }
        return true
    }

    /// The apostrophe stays, by erratum 6937.
    private static func isLiteral(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x20, 0x7F...0x9F: false
        case _ where scalar.isASCII: !"\"<>\\^`{|}%".unicodeScalars.contains(scalar)
        default: scalar.value & 0xFFFE != 0xFFFE && !(0xFDD0...0xFDEF).contains(scalar.value) && !(0xFFF0...0xFFFD).contains(scalar.value)
        }
    }

    private static func isExpression(_ text: String) -> Bool {
        var rest = text.utf8[...]
        if let first = rest.first, "+#./;?&=,!@|".utf8.contains(first) { rest = rest.dropFirst() }
        return rest.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).allSatisfy(isVariable)
    }

    private static func isVariable(_ text: Substring.UTF8View) -> Bool {
        var name = text
        if name.last == UInt8(ascii: "*") {
            name = name.dropLast()
        } else if let colon = name.firstIndex(of: UInt8(ascii: ":")) {
            let digits = name[name.index(after: colon)...]
            guard (1...4).contains(digits.count), digits.first != 0x30, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
                return false
            }
            name = name[..<colon]
        }
        return name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty && isNamePart($0) }
    }

    private static func isNamePart(_ part: Substring.UTF8View) -> Bool {
        var rest = part
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst(), let low = rest.popFirst(), hexDigit(high) != nil, hexDigit(low) != nil else {
                    return false
                }
            } else if !((0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "_")) {
                return false
            }
        }
        return true
    }
}
