import Base
import Documents

/// One thing that must hold of an answer: `{path: $.status, equals: ready}`, with `notEquals`, `in`, `matches`, `exists` or
/// `status: 200` in its place; in short `$.status == ready` or `$.status != failed`.
struct Condition: Sendable {
    private let written: JSON

    init(_ written: JSON) { self.written = Self.spelledOut(written) }

    /// One, or a list of which all must hold (`until`) or one (`failWhen`).
    static func list(_ written: JSON?) -> [Condition] {
        guard let written, !written.isNull else { return [] }
        return (written.array ?? [written]).map(Condition.init)
    }

    private static func spelledOut(_ written: JSON) -> JSON {
        guard let text = written.string else { return written }
        for (mark, key) in [("==", "equals"), ("!=", "notEquals")] {
            guard let range = text.firstRange(of: mark) else { continue }
            let value = String(text[range.upperBound...]).trimmed
            let isQuoted = value.utf8.count >= 2 && ["'", "\""].contains(value.prefix(1)) && value.prefix(1) == value.suffix(1)
            let word = isQuoted ? String(value.dropFirst().dropLast()) : value
            return .object(JSONObject([("path", .string(String(text[..<range.lowerBound]).trimmed)), (key, .string(word))]))
        }
        return ["path": .string(text), "exists": true]
    }

    /// Throws `validation` for a path or pattern that cannot be read.
    func holds(_ evidence: JSON) throws(StepFailure) -> Bool {
        if let wanted = written["status"], written["path"] == nil {
            return (wanted.array ?? [wanted]).contains { Verifier.matches($0, evidence["status"]?.int ?? 0) }
        }
        let value = try Verifier.select(written["path"]?.string ?? "$", in: evidence["body"] ?? .null)
        if let wanted = written["equals"] ?? written["expected"] { return Verifier.agree(value, wanted) }
        if let wanted = written["notEquals"] { return !Verifier.agree(value, wanted) }
        if let wanted = written["in"]?.array { return wanted.contains { Verifier.agree(value, $0) } }
        if let pattern = written["matches"]?.string {
            guard let value else { return false }
            return try Verifier.compiled(pattern).matches(value.string ?? value.description)
        }
        return (value != nil) == (written["exists"]?.bool ?? true)
    }

    /// As the sandbox's hint for making up an answer in which it holds; nil where none can be made up.
    var hint: JSON? {
        guard let path = written["path"] else { return nil }
        if let value = written["equals"] ?? written["expected"] ?? written["in"]?[0] {
            return ["type": "response-body", "path": path, "equals": value]
        }
        if let pattern = written["matches"]?.string, let sample = PatternSample.text(matching: pattern) {
            return ["type": "response-body", "path": path, "equals": .string(sample)]
        }
        return written["notEquals"] == nil && written["exists"]?.bool != false ? ["type": "response-body", "path": path] : nil
    }

    var text: String {
        let path = written["path"]?.string ?? ""
        let rest = written.object?.filter { $0.key != "path" }.map { "\($0.key) \($0.value.string ?? $0.value.description)" } ?? []
        return ([path] + rest).filter { !$0.isEmpty }.joined(separator: " ")
    }
}
