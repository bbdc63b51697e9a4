import Base

// Verifications of what an action type followed to its end: held against what the type put into its evidence. Where the evidence does
// not hold it (a pipeline that nobody can ask), a person is asked.

extension Verifier {
    /// `expected`: a conclusion (`success`) or `completed`; without it, success.
    static func workflowStatus(_ parameters: JSON, _ evidence: JSON) -> Verdict {
        guard let actual = evidence["outputs"]?["conclusion"]?.string ?? evidence["outputs"]?["status"]?.string else {
            return .settledByAction
        }
        let wanted = words(parameters["expected"] ?? parameters["conclusion"] ?? "success")
        if wanted.contains("completed") || wanted.contains(actual) || (wanted == ["success"] && isSuccess(actual)) {
            return .passed(["type": "workflow-status", "actual": .string(actual)])
        }
        return .failed(expected: "conclusion \(wanted.joined(separator: " or "))", actual: actual)
    }

    static func isSuccess(_ conclusion: String) -> Bool { ["success", "neutral", "passed"].contains(conclusion) }

    static func artifactExists(_ parameters: JSON, _ evidence: JSON) -> Verdict {
        guard let present = evidence["outputs"]?["artifacts"]?.array?.compactMap(\.string) else {
            return .ask("Confirm that the artifacts \(words(parameters["artifacts"] ?? .null).joined(separator: ", ")) exist.")
        }
        let wanted = words(parameters["artifacts"] ?? parameters["names"] ?? parameters["name"] ?? .null)
        let missing = wanted.filter { !present.contains($0) }
        if missing.isEmpty, !(wanted.isEmpty && present.isEmpty) {
            return .passed(["type": "artifact-exists", "actual": .array(present.map(JSON.string))])
        }
        return .failed(
            expected: wanted.isEmpty ? "an artifact" : "artifacts \(wanted.joined(separator: ", "))",
            actual: present.isEmpty ? "none" : present.joined(separator: ", "))
    }

    /// `resourceCount` is the least number of managed resources; `requiredOutputs` must be there and not null.
    static func terraformState(_ parameters: JSON, _ evidence: JSON) -> Verdict {
        guard let state = evidence["state"] else { return .ask("Confirm that Terraform has applied the change.") }
        let names = state["outputs"]?.array?.compactMap(\.string) ?? []
        let missing = words(parameters["requiredOutputs"] ?? parameters["required_outputs"] ?? .null).filter { !names.contains($0) }
        if !missing.isEmpty {
            return .failed(
                expected: "outputs \(missing.joined(separator: ", "))", actual: names.isEmpty ? "none" : names.joined(separator: ", "))
        }
        let count = state["resourceCount"]?.int ?? 0
        if let least = parameters["resourceCount"]?.int ?? parameters["resource_count"]?.int, count < least {
            return .failed(expected: "at least \(least) resources", actual: "\(count)")
        }
        return .passed(["type": "terraform-state", "resourceCount": .int(count)])
    }

    /// Without a `url` to ask (then it is polled): what Terraform has applied without error is taken for healthy.
    static func resourceHealth(_ parameters: JSON, _ evidence: JSON) -> Verdict {
        if parameters["url"] != nil { return polled(evidence) }
        guard let count = evidence["state"]?["resourceCount"]?.int else { return .ask("Confirm that the resource is healthy.") }
        return count > 0
            ? .passed(["type": "resource-health", "resourceCount": .int(count)]) : .failed(expected: "resources", actual: "none")
    }

    static func pullRequestMerged(_ evidence: JSON) -> Verdict {
        guard let isMerged = evidence["pullRequest"]?["merged"]?.bool else { return .ask("Confirm that the change has been merged.") }
        return isMerged ? .passed(["type": "pull-request-merged"]) : .failed(expected: "a merged pull request", actual: "not merged")
    }

    /// What polling came to (`VerifiedAction`): the effect itself was done.
    static func polled(_ evidence: JSON) -> Verdict {
        guard let failure = evidence["pollFailure"] else { return .passed(["type": "poll"]) }
        return .failed(expected: failure["expected"]?.string ?? "", actual: failure["actual"]?.string ?? "")
    }

    private static func words(_ value: JSON) -> [String] {
        (value.array ?? [value]).compactMap { $0.isNull ? nil : $0.string ?? $0.description }
    }
}
