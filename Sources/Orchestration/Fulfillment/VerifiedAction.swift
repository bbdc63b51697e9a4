package import Base
import Catalog
import Integrations

/// Any action type with what all of them share once their own work is done: verifications that poll, and the time limit of
/// verifications that wait. The engine sees only these.
///
/// While it waits it remembers `{since, own, evidence, reference, url}`: since when, what the type itself asked to remember, and, once
/// that is there, the answer of the step's own call, which the outputs are taken from.
package struct VerifiedAction: ActionType {
    private let base: any ActionType

    package init(_ base: any ActionType) { self.base = base }

    package var name: String { base.name }

    package func prepare(_ input: ActionInput) throws(StepFailure) -> PreparedEffect {
        var own = input
        own.memory = input.memory["own"] ?? .null
        var effect = try base.prepare(own)
        if let limit = Self.limit(input) { effect.payload["verificationTimeout"] = .string(limit.text) }
        guard input.action.verification.contains(where: PolledVerification.isPolled) else { return effect }
        effect.payload["isPolled"] = true
        guard let evidence = input.memory["evidence"] else { return effect }
        do throws(StepFailure) {
            effect.payload["polls"] = .array(try PolledVerification.payload(input, evidence: evidence))
        } catch {
            effect.payload["pollFault"] = .string(error.message)
        }
        return effect
    }

    /// The longest of those that wait. A ticket waits for a person: there a limit only asks the reader of the catalog.
    private static func limit(_ input: ActionInput) -> Duration? {
        guard !input.isManual else { return nil }
        let polls = input.action.verification.filter { $0.type == "poll" }.compactMap { verification in
            if case .constant(let value)? = verification.parameters["timeout"] { value.string.flatMap { Duration(text: $0) } } else { nil }
        }
        return (polls + input.action.verification.compactMap(\.timeout)).max()
    }

    package func perform(_ effect: PreparedEffect, _ tools: ActionTools) async -> ActionResult {
        follow(await base.perform(effect, own(tools)), effect, tools)
    }

    package func settle(_ effect: PreparedEffect, _ tools: ActionTools) async -> Settlement {
        let settlement = await base.settle(effect, own(tools))
        guard case .happened(let result) = settlement else { return settlement }
        return .happened(follow(result, effect, tools))
    }

    package func poll(_ effect: PreparedEffect, reference: String, _ tools: ActionTools) async -> ActionResult {
        if let evidence = tools.memory["evidence"] { return await look(effect, evidence, reference: reference, tools) }
        let result = await base.poll(effect, reference: reference, own(tools))
        if case .waiting(_, _, _, let reason, _) = result, let expired = expiry(effect, tools, reason) { return .failed(expired) }
        return follow(result, effect, tools)
    }

    package func cleanupHint(outputs: JSON, reference: String?) -> String? { base.cleanupHint(outputs: outputs, reference: reference) }

    private func own(_ tools: ActionTools) -> ActionTools {
        var tools = tools
        tools.memory = tools.memory["own"] ?? .null
        return tools
    }

    // MARK: Waiting

    private func follow(_ result: ActionResult, _ effect: PreparedEffect, _ tools: ActionTools) -> ActionResult {
        switch result {
        case .waiting(let reference, let url, let after, let reason, let remember):
            var memory = tools.memory
            if memory["since"] == nil { memory["since"] = .string(tools.time.now().description) }
            if !remember.isNull { memory["own"] = remember }
            return .waiting(reference: reference, url: url, after: after, reason: reason, remember: memory)
        case .done(let evidence, let reference, let url) where effect.payload["isPolled"]?.bool == true:
            let memory: JSON = [
                "since": .string(tools.time.now().description), "evidence": evidence, "reference": .optional(reference),
                "url": .optional(url),
            ]
            return .waiting(
                reference: reference ?? effect.key, url: url, after: .seconds(1), reason: "waits for its verification", remember: memory)
        default: return result
        }
    }

    private func expiry(_ effect: PreparedEffect, _ tools: ActionTools, _ reason: String) -> StepFailure? {
        guard let limit = effect.payload["verificationTimeout"]?.string.flatMap({ Duration(text: $0) }),
            let since = tools.memory["since"]?.string.flatMap({ Timestamp($0) }), tools.time.now() - since >= limit
        else { return nil }
        return StepFailure("timeout", "Not verified within \(limit.text): \(reason).")
    }

    private func look(_ effect: PreparedEffect, _ evidence: JSON, reference: String, _ tools: ActionTools) async -> ActionResult {
        var evidence = evidence
        if let fault = effect.payload["pollFault"]?.string {
            return ended(evidence, expected: "a verification that can be rendered", actual: fault, tools)
        }
        for poll in effect.payload["polls"]?.array?.map(PolledVerification.init) ?? [] {
            switch await poll.look(key: effect.key, tools) {
            case .holds(let found): evidence = Self.merged(evidence, found)
            case .failed(let failure): return ended(evidence, expected: poll.goal, actual: failure.message, tools)
            case .notYet(let reason):
                if let expired = expiry(effect, tools, reason) {
                    return ended(evidence, expected: poll.goal, actual: expired.message, tools)
                }
                return .waiting(reference: reference, url: tools.memory["url"]?.string, after: poll.every, reason: reason)
            }
        }
        return .done(evidence: evidence, reference: tools.memory["reference"]?.string, url: tools.memory["url"]?.string)
    }

    /// The verification has failed, not the effect: that was done, and is not done again for it.
    private func ended(_ evidence: JSON, expected: String, actual: String, _ tools: ActionTools) -> ActionResult {
        var evidence = evidence
        evidence["pollFailure"] = ["expected": .string(expected), "actual": .string(actual)]
        return .done(evidence: evidence, reference: tools.memory["reference"]?.string, url: tools.memory["url"]?.string)
    }

    /// The last answer tells what the first could not know yet (an address that comes with being ready): its members are added, and
    /// win. Status and headers stay those of the step's own call.
    private static func merged(_ first: JSON, _ last: JSON) -> JSON {
        guard case .object(var body)? = first["body"], case .object(let news)? = last["body"] else { return first }
        for (key, value) in news { body[key] = value }
        var merged = first
        merged["body"] = .object(body)
        return merged
    }
}
