import Base
import Web

/// What really happened: how often each key's side effect was applied, the answers kept for keys, and the last calls.
struct Ledger: Sendable {
    private(set) var effects: [String: Int] = [:]
    /// Effects that nothing tells apart: a repeat of them cannot be recognized.
    private(set) var unkeyed = 0
    private var answers: [String: Response] = [:]
    private var calls: [CallRecord] = []

    static let keptCalls = 1000

    mutating func count(_ key: String?) {
        if let key { effects[key, default: 0] += 1 } else { unkeyed += 1 }
    }

    /// Runs an unsafe call of a service that honors `Idempotency-Key`: the same key gives the same answer, and its effect
    /// happens once.
    mutating func once(_ call: Call, _ effect: () -> Response) -> Response {
        if let key = call.key, !call.isDuplicate, let answer = answers[key] { return answer }
        let answer = effect()
        guard answer.status < 300 else { return answer }
        count(call.key)
        if let key = call.key, answers[key] == nil { answers[key] = answer }
        return answer
    }

    mutating func record(_ call: Call, status: Int, fault: Fault.Kind? = nil) {
        if calls.count >= 2 * Self.keptCalls { calls.removeFirst(Self.keptCalls) }
        calls.append(CallRecord(call, status: status, fault: fault))
    }

    var callsState: JSON { .array(calls.suffix(Self.keptCalls).map(\.json)) }

    var effectsState: JSON {
        .object(JSONObject(effects.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) }))
    }
}

/// One line of `calls`. Headers are not kept: they carry credentials.
private struct CallRecord: Sendable {
    let at: Timestamp
    let method: String
    let url: String
    let key: String?
    let status: Int
    let fault: Fault.Kind?
    let body: [UInt8]

    /// Bytes of a body that are kept.
    private static let keptBody = 4096

    init(_ call: Call, status: Int, fault: Fault.Kind?) {
        at = call.at
        method = call.method
        url = call.url
        key = call.key
        self.status = status
        self.fault = fault
        body = call.body.count <= Self.keptBody ? call.body : Array(call.body.prefix(Self.keptBody))
    }

    var json: JSON {
        var record: JSON = [
            "at": .string(at.description), "method": .string(method), "url": .string(url), "key": .optional(key), "status": .int(status),
        ]
        if let fault { record["fault"] = .string(fault.rawValue) }
        if !body.isEmpty { record["body"] = (try? JSON.parse(body)) ?? .string(String(decoding: body, as: UTF8.self)) }
        return record
    }
}

extension Call {
    /// The key in a text or list of texts that carries it as `pao-<key>`: a label, a run's name or message, a branch, an input.
    static func carriedKey(in texts: some Sequence<String>) -> String? {
        for text in texts {
            guard let mark = text.firstRange(of: "pao-") else { continue }
            let key = text[mark.upperBound...].prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.:".contains($0)) }
            if !key.isEmpty { return String(key) }
        }
        return nil
    }
}
