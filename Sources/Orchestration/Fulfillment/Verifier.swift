package import Base
import Documents

/// Holds one verification against what an action left as evidence. Pure.
package enum Verifier {
    package enum Verdict: Sendable {
        case passed(JSON)
        /// What was expected and what was found, for people.
        case failed(expected: String, actual: String)
        /// No machine can tell: a person is asked to confirm.
        case ask(String)
        /// Belongs to the action's own polling, which has ended well.
        case settledByAction
    }

    /// `parameters` are rendered; `evidence` is `{status, headers, body, ...}`.
    package static func judge(type: String, parameters: JSON, evidence: JSON) throws(StepFailure) -> Verdict {
        switch type {
        case "http-status": return status(parameters, evidence)
        case "response-body": return try body(parameters, evidence)
        case "headers-present": return headers(parameters, evidence)
        case "workflow-status": return workflowStatus(parameters, evidence)
        case "artifact-exists": return artifactExists(parameters, evidence)
        case "terraform-state": return terraformState(parameters, evidence)
        case "resource-health": return resourceHealth(parameters, evidence)
        case "pull-request-merged": return pullRequestMerged(evidence)
        case "poll": return polled(evidence)
        case "ticket-status", "resolution-time", "outputs-present": return .settledByAction
        default: return .ask("Confirm that \(describe(type, parameters)).")
        }
    }

    private static func status(_ parameters: JSON, _ evidence: JSON) -> Verdict {
        let wanted = parameters["expected"] ?? parameters["expectedStatus"] ?? parameters["expected_status"] ?? 200
        let actual = evidence["status"]?.int ?? 0
        let allowed = (wanted.array ?? [wanted]).contains { matches($0, actual) }
        if allowed { return .passed(["type": "http-status", "actual": .int(actual)]) }
        return .failed(expected: "HTTP status \(wanted)", actual: "\(actual)")
    }

    /// `200`, `"201"` or a class such as `"2xx"`.
    static func matches(_ expected: JSON, _ status: Int) -> Bool {
        if let number = expected.int { return number == status }
        guard let text = expected.string else { return false }
        if text.hasSuffix("xx"), let hundred = Int(text.dropLast(2)) { return status / 100 == hundred }
        return Int(text) == status
    }

    private static func body(_ parameters: JSON, _ evidence: JSON) throws(StepFailure) -> Verdict {
        let path = parameters["path"]?.string ?? "$"
        let value = try select(path, in: evidence["body"] ?? .null)
        if let wanted = parameters["equals"] ?? parameters["expected"] {
            if agree(value, wanted) { return .passed(["type": "response-body", "path": .string(path)]) }
            return .failed(expected: "\(path) equals \(wanted)", actual: shown(value))
        }
        if let pattern = parameters["matches"]?.string {
            let text = value.map { $0.string ?? $0.description } ?? ""
            if value != nil, try compiled(pattern).matches(text) { return .passed(["type": "response-body", "path": .string(path)]) }
            return .failed(expected: "\(path) matches \(pattern)", actual: shown(value))
        }
        let shouldExist = parameters["exists"]?.bool ?? true
        if (value != nil) == shouldExist { return .passed(["type": "response-body", "path": .string(path)]) }
        return .failed(expected: "\(path) \(shouldExist ? "exists" : "is absent")", actual: shown(value))
    }

    private static func headers(_ parameters: JSON, _ evidence: JSON) -> Verdict {
        let present = evidence["headers"]?.object?.keys.map { $0.lowercased() } ?? []
        let wanted = parameters["headers"]?.array?.compactMap(\.string) ?? parameters["headers"]?.object?.keys ?? []
        let missing = wanted.filter { !present.contains($0.lowercased()) }
        if missing.isEmpty { return .passed(["type": "headers-present"]) }
        return .failed(expected: "headers \(wanted.joined(separator: ", "))", actual: "without \(missing.joined(separator: ", "))")
    }

    /// A catalog author writes `equals: ready` or `equals: 3`; the answer may have said `"3"`.
    static func agree(_ value: JSON?, _ wanted: JSON) -> Bool {
        if value == wanted { return true }
        guard let value, value.array == nil, value.object == nil else { return false }
        return (value.string ?? value.description) == (wanted.string ?? wanted.description)
    }

    static func select(_ path: String, in body: JSON) throws(StepFailure) -> JSON? {
        do throws(PAOError) {
            return try JSONSelector.parse(path).select(in: body)
        } catch {
            throw StepFailure("validation", "The path \(path) cannot be read: \(error.message)")
        }
    }

    static func compiled(_ pattern: String) throws(StepFailure) -> Pattern {
        do throws(PAOError) {
            return try Pattern(pattern)
        } catch {
            throw StepFailure("validation", "The pattern \(pattern) cannot be read: \(error.message)")
        }
    }

    private static func shown(_ value: JSON?) -> String {
        guard let value else { return "nothing there" }
        return String(value.description.prefix(200))
    }

    private static func describe(_ type: String, _ parameters: JSON) -> String {
        let detail = parameters.object?.map { "\($0.key) \($0.value.string ?? $0.value.description)" }.joined(separator: ", ") ?? ""
        return "\(type.replacing("-", with: " ")) holds" + (detail.isEmpty ? "" : " (\(detail))")
    }
}
