// DESIGN: libmicrohttpd accepts framings on which a proxy in front of it may disagree (request smuggling): two lengths, a length
// with a transfer coding, folded lines, bare line feeds, NUL bytes. It overwrites the line ends and the colons of the head with NUL
// bytes and hands out pointers into it. Where each part begins and ends therefore tells what stood between them: the parts must lie
// behind one another with exactly two bytes of line end, and together fill the head. Anything else is refused.
internal import Base
internal import CMicrohttpd
internal import Glibc

/// The head of a request as it lies in libmicrohttpd's memory, checked for framing.
struct RequestHead {
    private(set) var headers = Headers()
    private(set) var hasBody = false
    /// nil for a chunked body.
    private(set) var contentLength: Int?

    var expectsContinue: Bool { headers["Expect"]?.lowercased() == "100-continue" }

    /// A field that does not lie where it must, or cannot be read, ends the collection.
    private struct Collector {
        var headers = Headers()
        var next: UnsafePointer<CChar>
        var fault: PAOError?
        let options: ServerOptions

        mutating func add(_ key: UnsafeBufferPointer<CChar>, _ value: UnsafeBufferPointer<CChar>) -> MHD_Result {
            guard headers.fields.count < options.fieldLimit else { return stop(RequestHead.tooLarge(options)) }
            guard let keyStart = key.baseAddress, let valueStart = value.baseAddress, keyStart == next else {
                return stop(RequestHead.refused("a folded line or a bare line feed"))
            }
            guard valueStart > keyStart + key.count, let name = RequestHead.token(key), let text = RequestHead.fieldValue(value) else {
                return stop(RequestHead.refused("a header field with characters that may not be there"))
            }
            headers.add(name, text)
            next = valueStart + value.count + 2
            return .YES
        }

        private mutating func stop(_ error: PAOError) -> MHD_Result {
            fault = error
            return .NO
        }
    }

    /// The target as the request line was first seen: by now libmicrohttpd has decoded it in place.
    struct Line {
        let method: UnsafePointer<CChar>
        let target: UnsafePointer<CChar>
        let targetLength: Int
        let targetHasSpace: Bool
        let version: UnsafePointer<CChar>
    }

    /// Throws `malformed` or `headers_too_large`; the connection must end after either.
    init(_ connection: OpaquePointer, _ line: Line, _ options: ServerOptions) throws(PAOError) {
        guard pao_mhd_head_size(connection) <= options.headLimit else { throw Self.tooLarge(options) }
        try Self.check(line)
        var collector = Collector(next: line.version + 10, options: options)
        withUnsafeMutablePointer(to: &collector) { pointer in
            _ = MHD_get_connection_values_n(
                connection, .HEADER_KIND,
                { context, _, key, keySize, value, valueSize in
                    guard let collector = context?.assumingMemoryBound(to: Collector.self) else { return .NO }
                    return collector.pointee.add(
                        UnsafeBufferPointer(start: key, count: keySize), UnsafeBufferPointer(start: value, count: valueSize))
                }, pointer)
        }
        if let fault = collector.fault { throw fault }
        guard collector.next + 2 == line.method + pao_mhd_head_size(connection) else { throw Self.refused("a bare line feed") }
        headers = collector.headers
        try checkFraming(version: String(cString: line.version))
    }

    private static func check(_ line: Line) throws(PAOError) {
        let version = String(cString: line.version)
        guard version == "HTTP/1.1" || version == "HTTP/1.0" else { throw refused("an unknown version") }
        guard line.method + strlen(line.method) + 1 == line.target, line.target + line.targetLength + 1 == line.version else {
            throw refused("a request line with NUL bytes or more than two spaces")
        }
        guard !line.targetHasSpace else { throw refused("a space in its address") }
    }

    /// RFC 9112, sections 3.2 and 6.3, without its leniencies.
    private mutating func checkFraming(version: String) throws(PAOError) {
        let hosts = headers.all("Host")
        guard hosts.count == 1, Self.isAuthority(hosts[0]) else { throw Self.refused("no single valid Host field") }
        let lengths = headers.all("Content-Length")
        let codings = headers.all("Transfer-Encoding")
        guard lengths.count + codings.count <= 1 else { throw Self.refused("more than one body length") }
        if let coding = codings.first {
            guard version == "HTTP/1.1", coding.lowercased() == "chunked" else { throw Self.refused("an unknown transfer coding") }
            hasBody = true
        }
        if let length = lengths.first {
            let isNumber = !length.isEmpty && length.utf8.count <= 18 && length.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
            guard isNumber, let count = Int(length) else { throw Self.refused("a body length that is no number") }
            contentLength = count
            hasBody = count > 0
        }
    }

    private static func refused(_ what: String) -> PAOError { PAOError(.malformed, "The request has \(what).") }

    private static func tooLarge(_ options: ServerOptions) -> PAOError {
        PAOError(
            .headersTooLarge, "The header fields may have \(options.headLimit) bytes and number \(options.fieldLimit) at most.")
    }
}

/// Grammar of single fields (RFC 9110, section 5).
extension RequestHead {
    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func token(_ characters: UnsafeBufferPointer<CChar>) -> String? {
        guard !characters.isEmpty, characters.allSatisfy({ isTokenCharacter(UInt8(bitPattern: $0)) }) else { return nil }
        return String(decoding: UnsafeRawBufferPointer(characters), as: UTF8.self)
    }

    /// Without the white space at its end; nil for control characters and for bytes that are not UTF-8.
    private static func fieldValue(_ characters: UnsafeBufferPointer<CChar>) -> String? {
        var bytes = UnsafeRawBufferPointer(characters)[...]
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// `name`, `name:port`, `1.2.3.4:port`, `[::1]:port`.
    static func isAuthority(_ text: String) -> Bool {
        let bytes = text.utf8
        let isLiteral = bytes.first == UInt8(ascii: "[")
        let end =
            isLiteral ? bytes.firstIndex(of: UInt8(ascii: "]")).map { bytes.index(after: $0) } : bytes.firstIndex(of: UInt8(ascii: ":"))
        if isLiteral, end == nil { return false }
        let name = bytes[..<(end ?? bytes.endIndex)]
        let port = bytes[name.endIndex...]
        let allowed = isLiteral ? "[]:.%" : ".-_~"
        guard !name.isEmpty, name.allSatisfy({ isAlphanumeric($0) || allowed.utf8.contains($0) }) else { return false }
        return port.isEmpty
            || port.first == UInt8(ascii: ":") && port.count <= 6 && port.dropFirst().allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool { isTokenCharacter(byte) && !"!#$%&'*+-.^_`|~".utf8.contains(byte) }
}
