import Base
import Web

extension World {
    /// For a host that no stand-in plays: echoes what was sent, and makes up the outputs the step declares and what its
    /// verification expects. `Idempotency-Key` is honored; unsafe calls are effects.
    static func genericAnswer(_ call: Call, _ ledger: inout Ledger, _ minter: inout Minter) -> Response {
        if let token = tokenAnswer(call) { return token }
        guard !call.isSafe else { return madeUp(call, id: Hash.sha256(Array(call.url.utf8)).hex) }
        return ledger.once(call) { madeUp(call, id: minter.hex(12)) }
    }

    private static func madeUp(_ call: Call, id: String) -> Response {
        let plain: JSON = [
            "id": .string(String(id.prefix(12))), "status": "ok",
            "received": ["method": .string(call.method), "url": .string(call.url), "body": call.received],
        ]
        let answer = call.hints.filled(plain, id: String(id.prefix(6)))
        let status = call.hints.status ?? 200
        guard status != 204, status != 304 else { return Response(status: status, headers: headers(call)) }
        return .json(answer, status: status, headers: headers(call))
    }

    /// What `headers-present` asks for: a list of names, or a map with the values.
    static func headers(_ call: Call) -> Headers {
        var headers = Headers()
        for expectation in call.hints.expectations(ofType: "headers-present") {
            for name in expectation["headers"]?.array?.compactMap(\.string) ?? [] { headers[name] = "sandbox" }
            for (name, value) in expectation["headers"]?.object ?? JSONObject() { headers[name] = value.string ?? "sandbox" }
        }
        return headers
    }

    /// RFC 6749: any token endpoint.
    private static func tokenAnswer(_ call: Call) -> Response? {
        guard call.method == "POST", call.form.contains(where: { $0.name == "grant_type" }) else { return nil }
        return .json(["access_token": "sandbox-access-token", "token_type": "Bearer", "expires_in": 3600])
    }
}

/// The simple JSON paths (`$.a.b[0]`, `$['a-b']`) and JSON Pointers (`/a/b/0`) that outputs and verifications use, for writing.
struct AnswerPath {
    enum Part { case key(String), index(Int) }

    private let parts: [Part]

    /// nil for what is neither: an example, or a path with wildcards. A bare word is a key.
    init?(_ text: String) {
        if text.hasPrefix("/") {
            parts = text.split(separator: "/").map { Self.index($0) ?? .key(String($0)) }
            return
        }
        var parts: [Part] = []
        var rest = (text.hasPrefix("$") ? text.dropFirst() : "." + text)[...]
        while let first = rest.popFirst() {
            if first == "." {
                let key = rest.prefix { $0 != "." && $0 != "[" }
                guard !key.isEmpty, key != "*", !key.contains(" ") else { return nil }
                parts.append(.key(String(key)))
                rest = rest.dropFirst(key.count)
            } else {
                guard first == "[", let end = rest.firstIndex(of: "]") else { return nil }
                let inner = rest[..<end]
                rest = rest[end...].dropFirst()
                guard let part = Self.bracket(inner) else { return nil }
                parts.append(part)
            }
        }
        guard !parts.isEmpty else { return nil }
        self.parts = parts
    }

    private static func bracket(_ inner: Substring) -> Part? {
        if inner == "*" { return .index(0) }
        if let index = index(inner) { return index }
        guard inner.count >= 2, let quote = inner.first, quote == "'" || quote == "\"", inner.last == quote else { return nil }
        return .key(String(inner.dropFirst().dropLast()))
    }

    /// Bounded: a path must not make an answer huge.
    private static func index(_ text: Substring) -> Part? {
        guard let index = Int(text), (0..<100).contains(index) else { return nil }
        return .index(index)
    }

    /// Makes the path exist; what is there already stays, unless it is replaced.
    func fill(_ answer: inout JSON, with value: JSON, replacing: Bool = false) {
        answer = Self.filled(answer, parts[...], value, replacing)
    }

    private static func filled(_ old: JSON?, _ parts: ArraySlice<Part>, _ value: JSON, _ replacing: Bool) -> JSON {
        switch parts.first {
        case nil: return replacing ? value : old ?? value
        case .key(let key):
            var members = old?.object ?? JSONObject()
            members[key] = filled(members[key], parts.dropFirst(), value, replacing)
            return .object(members)
        case .index(let index):
            var elements = old?.array ?? []
            while elements.count <= index { elements.append(filled(nil, parts.dropFirst(), value, replacing)) }
            elements[index] = filled(elements[index], parts.dropFirst(), value, replacing)
            return .array(elements)
        }
    }
}
