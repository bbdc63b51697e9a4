package import Base
import Catalog
import Documents
package import Identity

extension Requests {
    /// What would happen: each step in order with its rendered effect, secrets masked. Nothing is called and nothing stored. What
    /// depends on outputs of earlier steps is shown with their names in place of values. Throws like `submit`.
    package func plan(_ submission: Submission, by actor: Actor) throws(PAOError) -> JSON {
        let checked = try check(submission, by: actor)
        let new = accept(checked, by: actor)
        let (request, document) = (new.request, new.document)
        var run = RequestRun(
            document: document, settings: settings, request: request, effects: [:], tickets: [:], instance: nil, now: time.now())
        run.request.instanceID = "si-of-this-request"
        return [
            "catalogItemId": .string(document.id), "catalogVersion": .string(document.metadata.version.description),
            "mode": .string(document.fulfillment.mode.rawValue), "instanceName": .optional(checked.instanceName),
            "approvals": .array(
                new.gates.map {
                    ["name": .string($0.name), "role": .string($0.role), "team": .optional($0.team), "required": .int($0.required)]
                }),
            "plan": .array(request.steps.indices.map { step(at: $0, in: run) }),
        ]
    }

    private static func plan(_ component: BundleComponent, _ step: Step) -> JSON {
        [
            "id": .string(step.id), "name": .string(step.name), "type": .string(step.type),
            "dependsOn": .array(step.dependsOn.map(JSON.string)), "summary": .string("Request \(step.name)"),
            "required": .bool(component.isRequired),
        ]
    }

    private func step(at index: Int, in run: RequestRun) -> JSON {
        let step = run.request.steps[index]
        if let component = run.component(of: step) { return Self.plan(component, step) }
        guard let action = run.action(of: step) else { return .null }
        var json: JSON = [
            "id": .string(step.id), "name": .string(step.name), "type": .string(step.type),
            "dependsOn": .array(step.dependsOn.map(JSON.string)), "condition": .optional(action.conditionSource),
        ]
        var scope = run.scope(for: index)
        scope.frozen = [
            "uuid": "<uuid>", "timestamp": .int(run.now.unixSeconds), "at": .string(run.now.description),
            "hostname": .string(settings.hostname),
        ]
        scope.standsInForOutputs = true
        if let condition = action.condition { json["if"] = (try? condition.condition(scope)).map(JSON.bool) ?? .null }
        let input = ActionInput(
            action: action, scope: scope, key: "<key>", requestID: step.id, correlationID: run.request.correlationID, traceparent: "",
            isManual: run.request.mode == .manual, environment: settings.environment)
        do throws(StepFailure) {
            guard let type = settings.registry[action.type] else {
                throw StepFailure("validation", "There is no action type \(action.type).")
            }
            let effect = try type.prepare(input)
            json["summary"] = .string(effect.summary)
            json["rendered"] = effect.payload
            json["resend"] = .string(effect.resend.rawValue)
        } catch {
            json["note"] = .string(error.message)
        }
        return json
    }
}
