package import Base

/// One HTTP request, as the router hands it to a handler. Everything in it has passed the framing checks.
package struct Request: Sendable {
    package var method: String
    /// As it came over the wire, still encoded, with the query.
    package var rawTarget: String
    /// The decoded segments of the path; no segment is empty, a dot segment, or holds `/` or NUL.
    package var path: [String]
    /// Decoded pairs in their order; a name may repeat.
    package var query: [(name: String, value: String)]
    package var headers: Headers
    package var body: [UInt8]
    /// The address of the connection, without its port.
    package var remoteAddress: String
    /// What the `{name}` parts of the route's pattern matched.
    package var parameters: [String: String] = [:]
    /// Names this request in logs and in every answer; the caller's own where it sent a fit one.
    package var correlationId = ""
    /// What the gate has found out about the caller.
    package var context: (any Sendable)?

    package init(
        method: String, rawTarget: String, path: [String], query: [(name: String, value: String)] = [],
        headers: Headers = Headers(), body: [UInt8] = [], remoteAddress: String = "127.0.0.1"
    ) {
        self.method = method
        self.rawTarget = rawTarget
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
    }

    /// The part of the raw target before `?`.
    package var rawPath: String { rawTarget.splitOnce("?").0 }
}

/// Header fields in their order; names compare without case.
package struct Headers: Sendable, ExpressibleByDictionaryLiteral {
    package var fields: [(name: String, value: String)] = []

    package init() {}
    package init(dictionaryLiteral elements: (String, String)...) { fields = elements.map { (name: $0.0, value: $0.1) } }

    /// The first field of that name; setting replaces every field of it.
    package subscript(name: String) -> String? {
        get { fields.first { Self.same($0.name, name) }?.value }
        set {
            fields.removeAll { Self.same($0.name, name) }
            if let newValue { fields.append((name, newValue)) }
        }
    }

    package func all(_ name: String) -> [String] { fields.filter { Self.same($0.name, name) }.map(\.value) }
    package mutating func add(_ name: String, _ value: String) { fields.append((name, value)) }

    private static func same(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count
            && zip(left.utf8, right.utf8).allSatisfy { $0 == $1 || lowered($0) == lowered($1) }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
}

/// One HTTP answer: bytes, or a stream of server-sent events.
package struct Response: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Memory that is never freed or changed: an embedded file, sent without a copy.
        case embedded(EmbeddedBytes)
        case events(EventStream)
    }

    package var status: Int
    package var headers: Headers
    package var body: Body

    package init(status: Int = 200, headers: Headers = Headers(), body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = .bytes(body)
    }

    package static func json(_ value: JSON, status: Int = 200, headers: Headers = Headers()) -> Response {
        json(bytes: value.bytes, status: status, headers: headers)
    }

    /// Bytes that are JSON already.
    package static func json(bytes: [UInt8], status: Int = 200, headers: Headers = Headers()) -> Response {
        var response = Response(status: status, headers: headers, body: bytes)
        response.headers["Content-Type"] = "application/json"
        return response
    }

    /// Server-sent events, as the HTML standard has them.
    package static func events(_ stream: EventStream) -> Response {
        var response = Response()
        response.body = .events(stream)
        response.headers["Content-Type"] = "text/event-stream"
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"
        return response
    }
}

extension Response {
    /// Faults of the wire, for the sandbox's fault injection: the server obeys these header fields and never sends them.
    package enum Fault {
        /// The connection ends without an answer.
        package static let cut = "X-Pao-Cut"
        /// The body's bytes are all that is sent, without a status line; then the connection ends.
        package static let garbage = "X-Pao-Garbage"
    }

    /// The bytes of the body; none for a stream of events.
    package var bytes: [UInt8] {
        switch body {
        case .bytes(let bytes): bytes
        case .embedded(let memory): Array(memory.buffer)
        case .events: []
        }
    }
}

/// How a route is answered.
package enum Handler: Sendable {
    /// At once, on the server's own thread: reads and in-memory work of well below a millisecond; must not block.
    case immediate(@Sendable (Request) throws(PAOError) -> Response)
    /// Later: the connection is parked until the answer is there.
    case suspended(@Sendable (Request) async throws(PAOError) -> Response)
}

/// A method and a path pattern (`/api/v1/requests/{id}`, or `/static/{rest...}` for all that follows) with its handler.
package struct Route: Sendable {
    package let method: String
    package let pattern: String
    /// Bytes a body may have; above it the answer is 413 and nothing is buffered.
    package let bodyLimit: Int
    package let handler: Handler

    package init(_ method: String, _ pattern: String, bodyLimit: Int = 1 << 20, _ handler: Handler) {
        self.method = method
        self.pattern = pattern
        self.bodyLimit = bodyLimit
        self.handler = handler
    }
}
