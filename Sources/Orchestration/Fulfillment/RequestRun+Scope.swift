import Base
import Catalog
import Documents

// What templates of a request see.

extension RequestRun {
    /// `index`: the step that is rendered, for its frozen values.
    func scope(for index: Int?) -> RequestScope {
        let frozen = index.flatMap { request.steps[$0].frozen } ?? request.steps.first?.frozen ?? [:]
        return RequestScope(
            roots: JSONObject([
                ("fields", request.parameters), ("metadata", document.metadata.json), ("request", requestRoot),
                ("outputs", outputs(seenBy: index)), ("components", componentsRoot), ("environment", settings.variables(for: document)),
                ("instance", instanceRoot), ("failure", failureRoot(index)),
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
        guard let index, request.steps[index].isFallback else { return .null }
        let step = request.steps[index]
        let failure = step.attempts.last { $0.failure != nil }?.failure
        return [
            "actionId": .string(step.id), "actionName": .string(step.name), "type": .optional(failure?.type),
            "message": .optional(failure?.message), "attempts": .int(step.attempts.count),
        ]
    }
}
