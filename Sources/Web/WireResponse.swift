internal import CMicrohttpd
internal import Glibc

/// Answers in the forms that go to the wire.
extension Response {
    /// Bytes of the body; 0 for a stream.
    var size: Int {
        switch body {
        case .bytes(let bytes): bytes.count
        case .embedded(let memory): memory.buffer.count
        case .events: 0
        }
    }

    /// For libmicrohttpd, which copies bytes, sends embedded memory as it lies, and adds the framing fields. nil when memory is
    /// short and for streams.
    func wire(closing: Bool) -> OpaquePointer? {
        guard let wire = wireBody else { return nil }
        Self.add(headers, to: wire, closing: closing)
        return wire
    }

    static func add(_ headers: Headers, to wire: OpaquePointer, closing: Bool) {
        for (name, value) in headers.fields where isSafe(value) { MHD_add_response_header(wire, name, value) }
        if closing { MHD_add_response_header(wire, "Connection", "close") }
    }

    /// A value with a line end would start a header field of its own.
    private static func isSafe(_ value: String) -> Bool { value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 } }

    private var wireBody: OpaquePointer? {
        switch body {
        case .bytes(let bytes):
            var bytes = bytes
            return bytes.withUnsafeMutableBytes { MHD_create_response_from_buffer($0.count, $0.baseAddress, .RESPMEM_MUST_COPY) }
        case .embedded(let memory):
            return MHD_create_response_from_buffer(
                memory.buffer.count, UnsafeMutableRawPointer(mutating: memory.buffer.baseAddress), .RESPMEM_PERSISTENT)
        case .events: return nil
        }
    }

    /// A whole answer as text, for the moments at which libmicrohttpd takes none: in the middle of a body and at a deadline.
    var rawBytes: [UInt8] {
        var text = "HTTP/1.1 \(status) \(ProblemDetails.titles[status] ?? "Error")\r\n"
        for (name, value) in headers.fields where Self.isSafe(value) { text += "\(name): \(value)\r\n" }
        text += "Content-Length: \(size)\r\nConnection: close\r\n\r\n"
        return Array(text.utf8) + bytes
    }
}
