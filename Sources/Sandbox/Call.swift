import Base
import Web

/// One call as its caller meant it: where the HTTP client was redirected here, the address is the one it was given.
struct Call: Sendable {
    let at: Timestamp
    let method: String
    /// Absolute, as the caller wrote it.
    let url: String
    /// `https://api.github.com`: what links in answers start with.
    let origin: String
    /// Lower case, without the port.
    let host: String
    /// Still encoded, without the query.
    let rawPath: String
    /// Decoded segments; a segment may hold `/` (GitLab's `group%2Fproject`).
    var path: [String]
    let query: [(name: String, value: String)]
    /// The `Idempotency-Key` header.
    let key: String?
    let hints: Hints
    let contentType: String
    let body: [UInt8]
    /// The body, where it is JSON.
    let json: JSON?
    let service: Service
    /// The second run of a call that the fault `duplicate` applies twice: answers kept for its key do not stop it.
    var isDuplicate = false

    /// Where the original address is handed on.
    static let addressHeader = "X-Pao-Sandbox-Url"

    init(_ request: Request, at: Timestamp) {
        let address = request.headers[Self.addressHeader] ?? "http://\(request.headers["Host"] ?? "sandbox")\(request.rawTarget)"
        self.init(
            at: at, method: request.method, url: address, key: request.headers["Idempotency-Key"],
            hints: Hints(request.headers), contentType: request.headers["Content-Type"] ?? "", body: request.body)
    }

    init(at: Timestamp, method: String, url: String, key: String?, hints: Hints, contentType: String, body: [UInt8]) {
        let address = Address(url)
        self.at = at
        self.method = method
        self.url = url
        self.key = key
        self.hints = hints
        self.contentType = contentType
        self.body = body
        origin = address.origin
        host = address.host
        rawPath = address.path
        path = address.segments
        query = address.query
        json = body.isEmpty ? nil : try? JSON.parse(body)
        service = Service(host: host, path: path)
    }

    var isSafe: Bool { method == "GET" || method == "HEAD" }

    func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// The pairs of a form-encoded body.
    var form: [(name: String, value: String)] {
        contentType.hasPrefix("application/x-www-form-urlencoded") ? Address.pairs(String(decoding: body, as: UTF8.self)) : []
    }
}

/// What the engine tells the sandbox about the step a call belongs to, so that an answer can be made up that suits it.
struct Hints: Sendable {
    /// Output name to the JSON path it is read from, or to an example.
    var outputs = JSONObject()
    /// Whether anything was told at all: then the call is that of a step, and a stand-in that cannot answer it leaves it to the generic one.
    var isPresent = false
    /// The verifications of the step.
    var expectations: [JSON] = []

    init() {}

    init(_ headers: Headers) { self.init(outputs: headers["X-Pao-Sandbox-Outputs"], expect: headers["X-Pao-Sandbox-Expect"]) }

    init(outputs: String?, expect: String?) {
        isPresent = outputs != nil || expect != nil
        if let outputs { self.outputs = (try? JSON.parse(outputs))?.object ?? JSONObject() }
        if let expect { expectations = (try? JSON.parse(expect))?.array ?? [] }
    }

    var isEmpty: Bool { outputs.isEmpty && expectations.isEmpty }

    func expectations(ofType type: String) -> [JSON] { expectations.filter { $0["type"]?.string == type } }

    /// What `http-status` expects; the first one where several would do.
    var status: Int? {
        for expectation in expectations(ofType: "http-status") {
            guard let expected = expectation["expected"] ?? expectation["expectedStatus"] else { continue }
            if let status = Self.status(expected[0] ?? expected), (100...599).contains(status) { return status }
        }
        return nil
    }

    /// `201`, `"201"`, or a class such as `"2xx"`.
    private static func status(_ expected: JSON) -> Int? {
        guard let text = expected.string else { return expected.int }
        return Int(text) ?? (text.hasSuffix("xx") ? Int(text.dropLast(2)).flatMap { $0 < 6 ? $0 * 100 : nil } : nil)
    }

    /// The answer with every declared output and every value that the verification expects, where it has none of its own.
    func filled(_ answer: JSON, id: String) -> JSON {
        var answer = answer
        for output in outputs {
            guard let path = AnswerPath(output.value["path"]?.string ?? output.value.string ?? "") else { continue }
            path.fill(&answer, with: .string("sandbox-\(output.key)-\(id.suffix(6))"))
        }
        for expectation in expectations(ofType: "response-body") {
            guard expectation["exists"]?.bool != false, let path = expectation["path"]?.string.flatMap(AnswerPath.init) else { continue }
            let wanted = expectation["equals"] ?? expectation["expected"]
            path.fill(&answer, with: wanted ?? .string("sandbox-\(id.suffix(6))"), replacing: wanted != nil)
        }
        return answer
    }
}

/// The parts of an absolute `http` or `https` address.
struct Address {
    var origin = ""
    var host = ""
    var path = "/"
    var query: [(name: String, value: String)] = []

    init(_ url: String) {
        let (head, queryText) = url.splitOnce("?")
        guard let scheme = head.firstRange(of: "://") else { return }
        let rest = head[scheme.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<slash]
        origin = String(head[..<scheme.upperBound] + authority)
        host = authority.split(separator: ":", omittingEmptySubsequences: false).first.map { $0.lowercased() } ?? ""
        if slash != rest.endIndex { path = String(rest[slash...]) }
        query = queryText.map(Self.pairs) ?? []
    }

    var segments: [String] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { PercentEncoding.decode($0) ?? String(decoding: Array($0), as: UTF8.self) }
    }

    static func pairs(_ text: String) -> [(name: String, value: String)] {
        text.split(separator: "&").map { pair in
            let (name, value) = String(pair).splitOnce("=")
            return (decode(name), decode(value ?? ""))
        }
    }

    private static func decode(_ text: String) -> String { PercentEncoding.decode(text.utf8, plusIsSpace: true) ?? text }
}

/// `POST /repos/*/*/pulls`: a method and a path whose `*` stands for one segment and whose final `**` for one or more.
struct CallPattern: ExpressibleByStringLiteral {
    private let method: Substring
    private let segments: [Substring]

    init(stringLiteral text: String) {
        let parts = text.split(separator: " ")
        method = parts.first ?? ""
        segments = parts.last?.split(separator: "/") ?? []
    }

    static func ~= (pattern: CallPattern, call: Call) -> Bool {
        guard call.method == pattern.method else { return false }
        for (index, segment) in pattern.segments.enumerated() {
            if segment == "**" { return call.path.count > index }
            guard index < call.path.count, segment == "*" || segment == call.path[index] else { return false }
        }
        return call.path.count == pattern.segments.count
    }
}
