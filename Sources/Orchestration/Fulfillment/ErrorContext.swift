import Base
import Catalog
import Documents

// S2's error context: all that a person needs to decide what happens to a failed request.

extension RequestRun {
    func errorContext(_ failed: Step) -> JSON {
        let failure = failed.attempts.last?.failure ?? StepFailure("validation", failed.reason ?? "The step failed.")
        let component = child(of: failed)?.request.errorContext
        return [
            "requestId": .string(request.id), "failedAction": failed.json, "error": component?["error"] ?? failure.json,
            "steps": .array(request.steps.map { ["id": .string($0.id), "name": .string($0.name), "status": .string($0.status.rawValue)] }),
            "partialResources": .array(request.steps.filter(hasTakenEffect).map(partialResource)),
            "cleanupRequired": .array(cleanupRequired), "requestData": Sealed.masked(request.parameters), "choices": choices(failed),
            "component": component.map { _ in .string(failed.id) } ?? .null, "componentRequestId": .optional(child(of: failed)?.request.id),
            "escalationPath": .string(document.metadata.ownerTeam ?? "unowned"), "timestamp": .string(now.description),
        ]
    }

    /// Completed steps, and others whose call was accepted or may have been: what they made may exist.
    private func hasTakenEffect(_ step: Step) -> Bool {
        if step.status == .completed { return true }
        return [.sent, .done, .unknown].contains(effects[effectKey(of: step)]?.state) && step.status != .skipped
    }

    private func partialResource(_ step: Step) -> JSON {
        [
            "actionId": .string(step.id), "type": .string(step.type),
            "id": .optional(step.externalReference ?? step.outputs?["id"]?.string),
            "outputs": Sealed.masked(step.outputs ?? [:]),
        ]
    }

    /// As the catalog's `cleanup:` says, or as the action type knows.
    var cleanupRequired: [JSON] { request.steps.flatMap(cleanup) }

    private func cleanup(_ step: Step) -> [JSON] {
        if let child = child(of: step) { return Self.cleanup(step, child) }
        return hasTakenEffect(step) ? ownCleanup(step).map { [$0] } ?? [] : []
    }

    /// What a component made: its instance, or what its own request lists.
    private static func cleanup(_ step: Step, _ child: Child) -> [JSON] {
        if child.request.status == .completed, let instance = child.instance {
            return [
                [
                    "resourceType": "instance", "resourceId": .string(instance.id), "actionId": .string(step.id),
                    "instructions": .string("Take down \(instance.name) (\(instance.id)), which \(child.request.id) made."),
                    "priority": "medium", "automated": false,
                ]
            ]
        }
        return (child.request.errorContext?["cleanupRequired"]?.array ?? []).map { entry in
            var entry = entry
            entry["actionId"] = .string("\(step.id).\(entry["actionId"]?.string ?? "")")
            return entry
        }
    }

    private func ownCleanup(_ step: Step) -> JSON? {
        guard let action = action(of: step) else { return nil }
        let scope = scope(for: request.steps.firstIndex { $0.id == step.id }, seesFailure: false)
        let written = action.cleanup.flatMap { try? $0.render(scope, as: .text) }
        let derived = settings.registry[action.type]?.cleanupHint(outputs: step.outputs ?? [:], reference: step.externalReference)
        guard let instructions = written ?? derived else { return nil }
        return [
            "resourceType": .string(step.type), "resourceId": .optional(step.externalReference ?? step.outputs?["id"]?.string),
            "actionId": .string(step.id), "instructions": .string(instructions), "priority": "medium", "automated": false,
        ]
    }

    /// Each way on, with what it does again and what not: from the ledger, not from prose.
    private func choices(_ failed: Step) -> JSON {
        let effect = effects[effectKey(of: failed)]
        func choice(_ name: String, _ explanation: String) -> JSON {
            ["choice": .string(name), "allowed": true, "explanation": .string(explanation)]
        }
        let kept = request.steps.count { $0.status == .completed }
        let keeps = kept == 0 ? "" : " What \(kept) completed \(kept == 1 ? "step" : "steps") made is kept and not made again."
        let former = effect.map { [.sent, .done, .unknown].contains($0.state) } == true ? " What the former call made stays as it is." : ""
        return [
            choice("retry", repetition(failed) + keeps),
            choice(
                "retry-with-changes", "Renders \(failed.name) anew with the changed data, as a new call with a new key.\(former)" + keeps),
            choice("complete-by-hand", "Calls nothing: you enter the outputs of \(failed.name), and the next step starts." + keeps),
            choice("skip", skipping(failed)),
            choice("abort", "Calls nothing and ends the request; what was made so far stays and is listed for cleanup."),
            choice("escalate", "Opens an incident ticket with all of this; the request waits."),
        ]
    }

    /// What will be missing: a later step that reads the outputs fails, and the instance lacks them.
    private func skipping(_ failed: Step) -> String {
        let readers = request.steps.filter { step in
            !step.status.isSettled && step.id != failed.id && action(of: step).map { needs(failed.id, $0) } == true
        }
        var text = "Calls nothing; later steps see no outputs of \(failed.name)."
        if !readers.isEmpty {
            let names = readers.map(\.name).joined(separator: ", ")
            text += " \(names) \(readers.count == 1 ? "needs" : "need") them and will fail without."
        }
        if let instance = document.instance, Self.need(failed.id, [instance.outputs, instance.resources]) {
            text += " The instance will lack what comes from them."
        }
        return text
    }

    private func repetition(_ failed: Step) -> String {
        if let child = child(of: failed) {
            return child.request.status.isFinal ? "Asks for \(failed.name) anew." : "Retries the failed steps of \(child.request.id)."
        }
        return Self.repetition(effects[effectKey(of: failed)], tickets[failed.id])
    }

    private static func repetition(_ effect: Effect?, _ ticket: Ticket?) -> String {
        if let ticket, ticket.status == .closed, ticket.purpose != .question { return "Opens a new ticket in place of \(ticket.id)." }
        guard let effect else { return "Nothing was sent yet: makes its first call." }
        let summary = effect.summary
        switch (effect.state, effect.resend) {
        case (.sent, _): return "Asks again what became of \(summary); sends nothing anew."
        case (.unknown, .never): return "Repeats \(summary), which may have taken effect already: it may then happen twice."
        case (.done, .never): return "Repeats \(summary), which has taken effect once and has no key: it then happens twice."
        case (.failed, .never): return "Repeats \(summary), which has no key; the last answer was a refusal."
        case (.failed, .lookup): return "Sends \(summary) again; the last answer was a refusal."
        case (_, .keyed): return "Repeats \(summary) with the same key: creates nothing twice."
        case (_, .free): return "Repeats \(summary), which may be repeated freely."
        case (_, .lookup): return "Looks first whether \(summary) took effect, and repeats it only if not."
        case (.intent, .never): return "Finds out first what became of \(summary)."
        }
    }
}
