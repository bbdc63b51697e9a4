package import Base
import Catalog
import Documents
package import Identity
import Store

// Why each step is where it is: the expression, the values it saw, the catalog line it stands in.

extension Requests {
    /// `{id, status, reason, actions: [...]}` in the order of the steps; completed steps are left out. Throws `notFound`.
    package func explanation(_ id: String, by actor: Actor) throws(PAOError) -> JSON {
        let (loader, now) = (loader, time.now())
        return try store.read { connection throws(PAOError) in
            var request = try Self.visible(RequestStore(connection).request(id: id), id, actor)
            request.hold = try hold(of: request, in: connection)
            return try loader.run(of: request, now: now, in: connection).explanation
        }
    }
}

extension RequestRun {
    var explanation: JSON {
        [
            "id": .string(request.id), "status": .string(request.status.rawValue), "reason": .optional(requestReason),
            "actions": .array(request.steps.indices.filter { request.steps[$0].status != .completed }.map(explain)),
        ]
    }

    private var requestReason: String? {
        switch request.status {
        case .pendingApproval: "waits for an approval"
        case .queued:
            if let hold = request.hold {
                hold.kind == .scheduled
                    ? "starts at \(hold.until?.description ?? "")"
                    : "waits until \(hold.until?.description ?? "somebody ends it"): \(hold.reason)"
            } else if request.concurrencyKey != nil {
                "waits for its turn: requests for the same target run one after another"
            } else {
                "waits in the queue"
            }
        case .resuming: "goes on in a moment, or when it is its turn among requests for the same target"
        case .inProgress where preCheck.map({ !$0.status.isFinal }) == true: "a person is to confirm ticket \(preCheck?.id ?? "") first"
        case .inProgress where ownIssueDue != nil: "waits for its own issue in JIRA"
        case .failed, .escalated: request.errorContext?["error"]?["message"]?.string
        default: request.stopReason
        }
    }

    private func explain(_ index: Int) -> JSON {
        let step = request.steps[index]
        let action = action(of: step)
        let source = action?.source ?? document.source
        var json: JSON = [
            "id": .string(step.id), "status": .string(step.status.rawValue), "reason": .optional(reason(of: step)),
            "source": .string(source.text), "waitsFor": .array(unmet(step).map(JSON.string)),
            "dueAt": .optional(step.dueAt?.description),
        ]
        if let action, let condition = action.condition {
            json["expression"] = .string(action.conditionSource ?? condition.source)
            json["expressionSource"] = .optional(action.conditionPlace?.text)
            json["values"] = values(of: condition, index)
        }
        if let failure = step.attempts.last(where: { $0.failure != nil })?.failure { json["lastError"] = failure.json }
        if let effect = effects[effectKey(of: step)] {
            json["effect"] = ["state": .string(effect.state.rawValue), "summary": .string(effect.summary)]
        }
        return json
    }

    private func reason(of step: Step) -> String? {
        guard step.status == .pending else { return step.reason }
        if request.status.isFinal { return step.reason ?? "the request is \(request.status.rawValue)" }
        let unmet = unmet(step)
        if let failed = request.steps.first(where: { $0.status == .failed }) { return "not started: \(failed.id) has failed" }
        return unmet.isEmpty ? step.reason ?? "not started yet" : "waits for \(unmet.joined(separator: ", "))"
    }

    /// The steps before it that have not ended: those it depends on, or in a sequence all.
    private func unmet(_ step: Step) -> [String] {
        guard step.status == .pending else { return [] }
        let before =
            sequence.isParallel
            ? request.steps.filter { step.dependsOn.contains($0.id) } : request.steps.filter { $0.position < step.position }
        return before.filter { !$0.status.isSettled }.map(\.id)
    }

    /// What the expression's paths lead to now, secrets masked; null for nothing.
    private func values(of expression: Expression, _ index: Int) -> JSON {
        let scope = scope(for: index)
        return .object(JSONObject(expression.references.map { ($0.text, ((try? scope.value(of: $0.path)) ?? nil) ?? .null) }))
    }
}
