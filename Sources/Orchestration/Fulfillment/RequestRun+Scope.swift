import Base
import Catalog
import Documents

// What templates of a request see.

extension RequestRun {
    /// `index`: the step that is rendered, for its frozen values. Only the manual action that takes over sees the failure; what is
    /// rendered for it to tell does not.
    func scope(for index: Int?, seesFailure: Bool = true) -> RequestScope {
        let takesOver = seesFailure && index.map { request.steps[$0].isFallback } ?? false
        let frozen = index.flatMap { request.steps[$0].frozen } ?? request.steps.first?.frozen ?? [:]
        return RequestScope(
            roots: JSONObject([
                ("fields", request.parameters), ("metadata", document.metadata.json), ("request", requestRoot),
                ("outputs", outputs(seenBy: index)), ("components", takesOver && document.components.isEmpty ? stepsRoot : componentsRoot),
                ("environment", settings.variables(for: document)), ("instance", instanceRoot), ("bundle", bundleRoot),
                ("failure", takesOver ? failureRoot(index) : .null),
            ]), frozen: frozen)
    }

    /// Outputs by step: of completed steps, and of those that a person did together with another one.
    var knownOutputs: JSON {
        .object(
            JSONObject(
                request.steps.compactMap { step in
                    step.status == .completed || step.status == .skipped ? step.outputs.map { (step.id, $0) } : nil
                }))
    }

    private var requestRoot: JSON {
        [
            "id": .string(request.id), "user": request.requester.json, "team": .string(request.requester.team),
            "timestamp": .string(request.createdAt.description), "createdAt": .string(request.createdAt.description),
            "correlation_id": .string(request.correlationID), "correlationId": .string(request.correlationID),
            "type": .string(request.type.rawValue), "data": request.parameters, "catalogItemId": .string(request.catalogID),
            "catalogVersion": .string(request.catalogVersion), "url": .string(settings.page("/requests/\(request.id)")),
        ]
    }

    private var bundleRoot: JSON { ["metadata": document.metadata.json] }

    private var instanceRoot: JSON {
        guard let instance else { return .null }
        return [
            "id": .string(instance.id), "name": .string(instance.name), "state": .string(instance.state.rawValue),
            "version": .string(instance.catalogVersion), "catalogVersion": .string(instance.catalogVersion),
            "parameters": instance.parameters, "outputs": instance.outputs, "resources": instance.resources,
        ]
    }

    /// For the manual action that takes over from a failed step.
    private func failureRoot(_ index: Int?) -> JSON {
        guard let index else { return .null }
        let step = request.steps[index]
        let attempt = step.attempts.last { $0.failure != nil }
        let message = JSON.optional(attempt?.failure?.message)
        return [
            "actionId": .string(step.id), "actionName": .string(step.name), "type": .optional(attempt?.failure?.type),
            "message": message, "error": message, "attempts": .int(step.attempts.count),
            "timestamp": .string((attempt?.completedAt ?? now).description),
        ]
    }

    /// An item's steps as S2's escalation ticket lists components: what succeeded, what it made, how that is removed.
    private var stepsRoot: JSON {
        let cleanups = Dictionary(
            cleanupRequired.map { ($0["actionId"]?.string ?? "", $0["instructions"] ?? .null) }, uniquingKeysWith: { first, _ in first })
        return .object(
            JSONObject(
                request.steps.map { step in
                    let reference = step.externalReference ?? step.outputs?["id"]?.string
                    let state: JSON = [
                        "id": .string(step.id), "status": .string(step.status.rawValue), "succeeded": .bool(step.status == .completed),
                        "resources": .array(reference.map { [.string($0)] } ?? []),
                        "cleanup": ["instructions": cleanups[step.id] ?? "nothing is known to be left"],
                    ]
                    return (step.id, state)
                }))
    }
}
