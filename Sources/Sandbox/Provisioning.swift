import Base
import Web

/// The provisioning API: `POST /provision` and the resources it makes. It honors `Idempotency-Key` on every unsafe call.
struct Provisioning: Sendable {
    private var resources: [String: JSON] = [:]

    mutating func answer(_ call: Call, _ ledger: inout Ledger, _ minter: inout Minter) -> Response {
        switch call {
        case "GET /provision": .json(["resources": .array(resources.keys.sorted().compactMap { resources[$0] })])
        case "GET /provision/*": resources[call.path[1]].map { Self.answer($0, call, call.path[1]) } ?? Self.notFound
        case "POST /provision": ledger.once(call) { create(call, id: minter.readable("res")) }
        case "PUT /provision/*": put(call, &ledger)
        case "PATCH /provision/*": ledger.once(call) { patch(call) }
        case "DELETE /provision/*": ledger.once(call) { delete(call) }
        default: call.path.count > 2 ? Self.notFound : .json(["error": "method not allowed"], status: 405)
        }
    }

    private mutating func create(_ call: Call, id: String) -> Response {
        let received = call.received
        let name = Self.hostLabel(received["name"]?.string ?? received["instanceName"]?.string ?? id)
        let resource: JSON = [
            "id": .string(id),
            "endpoint": "https://\(name).sandbox.example",
            "connection_string": "postgresql://\(name):sandbox-\(id.suffix(6))@\(name).sandbox.example:5432/\(name)",
            "received": received,
        ]
        resources[id] = resource
        return Self.answer(resource, call, id)
    }

    /// An effect only where it changes something: repeating a PUT is free.
    private mutating func put(_ call: Call, _ ledger: inout Ledger) -> Response {
        let id = call.path[1]
        if !call.isDuplicate, let resource = resources[id], resource["received"] == call.received {
            return Self.answer(resource, call, id)
        }
        return ledger.once(call) { create(call, id: id) }
    }

    /// With what the step declares beyond it.
    private static func answer(_ resource: JSON, _ call: Call, _ id: String) -> Response {
        .json(call.hints.filled(resource, id: id), status: call.hints.status ?? 200, headers: World.headers(call))
    }

    private mutating func patch(_ call: Call) -> Response {
        guard var resource = resources[call.path[1]] else { return Self.notFound }
        var received = resource["received"] ?? [:]
        for (key, value) in call.json?.object ?? JSONObject() { received[key] = value }
        resource["received"] = received
        resources[call.path[1]] = resource
        return Self.answer(resource, call, call.path[1])
    }

    private mutating func delete(_ call: Call) -> Response {
        guard resources.removeValue(forKey: call.path[1]) != nil || call.isDuplicate else { return Self.notFound }
        return Response(status: 204)
    }

    private static let notFound = Response.json(["error": "not found"], status: 404)

    /// What may stand in a host name: lower-case letters, digits and dashes, at most 63.
    private static func hostLabel(_ text: String) -> String {
        let label = text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        let trimmed = String(label.prefix(63)).drop { $0 == "-" }
        return trimmed.isEmpty ? "resource" : String(trimmed)
    }

    var state: JSON { .object(JSONObject(resources.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })) }
}

extension Call {
    /// The body as an answer echoes it.
    var received: JSON { json ?? (body.isEmpty ? [:] : .string(String(decoding: body, as: UTF8.self))) }
}
