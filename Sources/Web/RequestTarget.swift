internal import Base

/// The path and query of a request line, decoded only after they were split, so that no encoded delimiter can change the route
/// (RFC 3986, section 2.4). What two programs might read differently is refused: `%00`, `%2F`, dot segments (also encoded), empty
/// segments, broken escapes, bytes that are not UTF-8, control characters, fragments, backslashes.
struct RequestTarget: Equatable {
    let path: [String]
    let query: [Pair]

    struct Pair: Equatable {
        let name: String
        let value: String
    }

    /// Takes the origin form, and the absolute form (which RFC 9112 makes every server accept) when it names the same authority
    /// as the `Host` field. Throws `malformed`.
    init(_ raw: String, host: String, takesEncodedSlash: Bool = false) throws(PAOError) {
        let bytes = Array(raw.utf8)
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: "\\") }) else {
            throw Self.refused("a character that must be percent-encoded")
        }
        let origin = try Self.originForm(bytes[...], host: host)
        let mark = origin.firstIndex(of: UInt8(ascii: "?"))
        path = try Self.segments(origin[..<(mark ?? origin.endIndex)], takesEncodedSlash)
        query = try mark.map { position throws(PAOError) in try Self.pairs(origin[(position + 1)...]) } ?? []
    }

    private static func originForm(_ target: ArraySlice<UInt8>, host: String) throws(PAOError) -> ArraySlice<UInt8> {
        if target.first == UInt8(ascii: "/") { return target }
        let text = String(decoding: target, as: UTF8.self)
        for scheme in ["http://", "https://"] where text.lowercased().utf8.starts(with: scheme.utf8) {
            let rest = target.dropFirst(scheme.utf8.count)
            let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
            guard String(decoding: authority, as: UTF8.self).lowercased() == host.lowercased() else {
                throw refused("an authority that differs from the Host field")
            }
            let path = rest.dropFirst(authority.count)
            return path.first == UInt8(ascii: "/") ? path : ArraySlice("/".utf8) + path
        }
        throw refused("no path")
    }

    private static func segments(_ path: ArraySlice<UInt8>, _ takesEncodedSlash: Bool) throws(PAOError) -> [String] {
        if path.count == 1 { return [] }
        var segments: [String] = []
        for raw in path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            segments.append(try segment(raw, takesEncodedSlash))
        }
        return segments
    }

    private static func segment(_ raw: ArraySlice<UInt8>, _ takesEncodedSlash: Bool) throws(PAOError) -> String {
        guard let text = PercentEncoding.decode(raw) else { throw refused("a broken escape") }
        guard !text.isEmpty else { throw refused("an empty segment") }
        guard text != ".", text != ".." else { throw refused("a dot segment") }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && (takesEncodedSlash || $0 != UInt8(ascii: "/")) }) else {
            throw refused("an encoded slash or control character")
        }
        return text
    }

    /// `+` is a space, as in forms; a name without `=` has the empty value.
    private static func pairs(_ query: ArraySlice<UInt8>) throws(PAOError) -> [Pair] {
        var pairs: [Pair] = []
        for part in query.split(separator: UInt8(ascii: "&")) {
            let equals = part.firstIndex(of: UInt8(ascii: "="))
            let name = try queryText(part[..<(equals ?? part.endIndex)])
            let value = try equals.map { position throws(PAOError) in try queryText(part[(position + 1)...]) } ?? ""
            pairs.append(Pair(name: name, value: value))
        }
        return pairs
    }

    private static func queryText(_ raw: ArraySlice<UInt8>) throws(PAOError) -> String {
        guard let text = PercentEncoding.decode(raw, plusIsSpace: true) else { throw refused("a broken escape") }
        guard !text.utf8.contains(0) else { throw refused("an encoded NUL") }
        return text
    }

    private static func refused(_ what: String) -> PAOError {
        PAOError(.malformed, "The address of the request holds \(what).")
    }
}
