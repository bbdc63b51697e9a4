import Base
import Web

/// A failure on demand. All but `status` strike after the side effect has happened, which is the hard case for a caller;
/// `"effect": false` makes them strike before it.
struct Fault: Sendable {
    enum Kind: String, Sendable, CaseIterable { case status, delay, hang, cut, garbage, duplicate }

    let kind: Kind
    /// A method and a path prefix, or a path prefix alone for any method.
    let match: String
    /// A status, or milliseconds.
    let value: Int?
    let hasEffect: Bool
    var times: Int

    /// Throws `invalid`.
    init(_ json: JSON) throws(PAOError) {
        guard let match = json["match"]?.string, !match.isEmpty else {
            throw Self.invalid("match", "is a method and a path prefix, such as \"POST /provision\"")
        }
        guard let kind = json["fault"]?.string.flatMap(Kind.init) else {
            throw Self.invalid("fault", "is one of \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let value = json["value"]?.int
        if kind == .status, !(200...599).contains(value ?? 503) { throw Self.invalid("value", "is a status from 200 to 599") }
        if kind != .status, !(0...86_400_000).contains(value ?? 0) { throw Self.invalid("value", "is milliseconds, at most a day") }
        let times = json["times"]?.int ?? 1
        guard times > 0 else { throw Self.invalid("times", "is 1 or more") }
        self.kind = kind
        self.match = match
        self.value = value
        self.times = times
        hasEffect = kind != .status && json["effect"]?.bool ?? true
    }

    private static func invalid(_ field: String, _ message: String) -> PAOError {
        PAOError(.invalid, "\(field) \(message)", findings: [.init(field: field, rule: "fault", message: message)])
    }

    func strikes(_ call: Call) -> Bool {
        let (first, second) = match.splitOnce(" ")
        guard let prefix = second else { return call.rawPath.hasPrefix(first) }
        return (first == "*" || first == call.method) && call.rawPath.hasPrefix(prefix)
    }

    var json: JSON {
        ["match": .string(match), "fault": .string(kind.rawValue), "value": value.map(JSON.int) ?? .null, "times": .int(times)]
    }
}

/// The faults to come, in the order they were asked for; each is used up after its `times`.
struct Faults: Sendable {
    private var pending: [Fault] = []

    mutating func add(_ fault: Fault) { pending.append(fault) }

    mutating func take(for call: Call) -> Fault? {
        guard let index = pending.firstIndex(where: { $0.strikes(call) }) else { return nil }
        pending[index].times -= 1
        let fault = pending[index]
        if fault.times == 0 { pending.remove(at: index) }
        return fault
    }

    var json: JSON { .array(pending.map(\.json)) }
}

extension Response {
    /// Tells the server to drop the connection without an answer.
    static let cut = Response(status: 502, headers: ["X-Pao-Cut": "1"])

    /// Looks like an answer and is none.
    static let garbage = Response(headers: ["Content-Type": "application/json"], body: [0x7B, 0x22, 0xFF, 0x00, 0x3A, 0x3A, 0x5D])
}
