import Base
import Catalog
import Documents

// A bundle's steps are its components: each makes a request of its own and follows it. (requests.md, section 5)

extension Step {
    /// The type of a step that stands for a component.
    static let componentType = "component"

    var isComponent: Bool { type == Self.componentType }
}

extension RequestRun {
    struct Child: Sendable {
        var request: ServiceRequest
        var instance: ServiceInstance?
    }

    /// The request that a component's step made last.
    func child(of step: Step) -> Child? { step.externalReference.flatMap { children[$0] } }

    func component(of step: Step) -> BundleComponent? {
        step.isComponent ? document.components.first { $0.id == step.id } : nil
    }

    /// `components.<id>` of templates: what completed components gave.
    var componentsRoot: JSON {
        .object(
            JSONObject(
                request.steps.compactMap { step in
                    guard step.isComponent, step.status == .completed, let child = child(of: step) else { return nil }
                    let state: JSON = [
                        "outputs": step.outputs ?? [:], "requestId": .string(child.request.id), "instanceId": .optional(child.instance?.id),
                    ]
                    return (step.id, state)
                }))
    }

    /// The form values of a component. Throws `invalid` where a template of its `config` leads nowhere.
    func configuration(of component: BundleComponent) throws(PAOError) -> JSON {
        let scope = scope(for: nil)
        do throws(TemplateFault) {
            let rendered = try component.config.render { (template, _) throws(TemplateFault) -> JSON in
                var passing = scope
                passing.passesSealed = template.isSingleExpression
                return try template.value(passing, as: .text)
            }
            return Sealed.map(rendered, settings.open)
        } catch {
            throw PAOError(.invalid, "The component \(component.id) cannot be configured: \(error.message)")
        }
    }

    // MARK: Starting and following

    mutating func startComponent(_ index: Int) {
        let step = request.steps[index]
        guard let component = component(of: step), let makeComponent else {
            return failStep(index, StepFailure("internal", "The bundle has no component \(step.id)."))
        }
        do throws(PAOError) {
            let new = try makeComponent(component, self)
            children[new.request.id] = Child(request: new.request, instance: nil)
            changes.newComponents.append(new)
            request.steps[index].externalReference = new.request.id
            set(index, .running, reason: Self.following(new.request))
            log(index, "asked for \(new.document.metadata.name): \(new.request.id)")
        } catch {
            let details = JSON.array(error.findings.map(\.json))
            let messages =
                error.findings.isEmpty ? error.message : error.findings.map { "\($0.field): \($0.message)" }.joined(separator: " ")
            componentFailed(index, component, StepFailure("validation", messages, details: details))
        }
    }

    /// A component's request has changed: its step follows.
    mutating func followComponent(_ index: Int) {
        guard let component = component(of: request.steps[index]), let child = child(of: request.steps[index]) else { return }
        let status = child.request.status
        switch status {
        case .completed: completeComponent(index, component, child)
        case .failed, .escalated, .rejected, .cancelled, .aborted:
            let error = child.request.errorContext?["error"]
            let reason = error?["message"]?.string ?? child.request.stopReason ?? "no reason is known"
            let failure = StepFailure(
                "component_\(status.rawValue)", "The request \(child.request.id) for \(component.id) is \(status.rawValue): \(reason)",
                details: child.request.errorContext)
            componentFailed(index, component, failure)
        default: set(index, .running, reason: Self.following(child.request))
        }
    }

    private static func following(_ request: ServiceRequest) -> String {
        "follows \(request.id)" + (request.status == .pendingApproval ? ", which waits for approval" : "")
    }

    private mutating func completeComponent(_ index: Int, _ component: BundleComponent, _ child: Child) {
        var outputs = child.instance?.outputs.object ?? JSONObject()
        for name in component.outputs where outputs[name] == nil {
            outputs[name] = child.request.steps.lazy.compactMap { $0.outputs?[name] }.first
        }
        request.steps[index].outputs = .object(outputs)
        if let instance = child.instance {
            changes.members.append(
                .init(
                    instanceRowID: instance.rowID, catalogItemName: component.catalogItem, role: component.id,
                    isRequired: component.isRequired))
        }
        complete(index, by: nil)
    }

    /// The bundle can be completed without an optional component; what depends on that one is left out with it, unless it is required.
    private mutating func componentFailed(_ index: Int, _ component: BundleComponent, _ failure: StepFailure) {
        if component.isRequired {
            set(index, .failed, reason: failure.message)
            return log(index, failure.message, level: "error")
        }
        set(index, .skipped, reason: "optional, and left out: \(failure.message)")
        log(index, "left out: \(failure.message)", level: "warning")
        for dependent in dependents(of: component.id) where request.steps[dependent].status == .pending {
            let isRequired = self.component(of: request.steps[dependent])?.isRequired ?? true
            set(dependent, isRequired ? .failed : .skipped, reason: "it depends on \(component.id), which was left out")
        }
    }

    /// Whoever brings a component's failed request to its end brings the bundle on: its step follows again.
    mutating func heal() throws(PAOError) {
        guard request.kind == .bundle, request.status == .failed || request.status == .escalated else { return }
        let mended = request.steps.indices.filter { index in
            guard request.steps[index].status == .failed, let child = child(of: request.steps[index]) else { return false }
            return child.request.status == .completed || child.request.status.holdsOrAwaitsKey
        }
        guard !mended.isEmpty else { return }
        try move(.resume)
        for index in mended {
            request.steps[index].completedAt = nil
            if let child = child(of: request.steps[index]) { set(index, .running, reason: Self.following(child.request)) }
        }
    }

    /// Steps whose requests are still to end, for a bundle that was told to stop.
    var hasLiveComponents: Bool {
        request.steps.contains { step in
            step.isComponent && !step.status.isSettled && child(of: step).map { !$0.request.status.isFinal } ?? false
        }
    }
}
