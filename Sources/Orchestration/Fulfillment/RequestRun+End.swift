import Base
import Catalog
import Documents

extension RequestRun {
    // MARK: The sequence ends

    /// All steps are completed or skipped: the request is completed and its instance active, in one transaction. A request that was told
    /// to stop during its last call has nothing left to stop.
    mutating func finish() throws(PAOError) {
        settleInstance()
        try move(.finish)
        endOwnTicket(.resolved, resolution: "the request is completed")
        request.isStopping = false
        log(nil, "request completed")
    }

    mutating func fail(at stepID: String) throws(PAOError) {
        guard let failed = request.steps.first(where: { $0.id == stepID }) else { return }
        if request.isStopping { return try stopAtBoundary() }
        request.errorContext = errorContext(failed)
        try move(.fail)
        log(nil, "request failed at \(failed.name)", level: "error")
        if var instance, request.type == .create {
            instance.outputs = knownOutputs
            update(instance, to: instance.state)
        }
    }

    /// The request was told to stop: it ends as soon as no call is under way and none is in doubt. What other systems are still busy
    /// with, and tickets, are not waited for.
    mutating func stopAtBoundary() throws(PAOError) {
        guard inFlight.isEmpty, !hasLiveComponents, !request.steps.contains(where: isInDoubt) else { return }
        try abort()
    }

    private func isInDoubt(_ step: Step) -> Bool {
        [.running, .verifying].contains(step.status) && effects[effectKey(of: step)]?.state == .intent
    }

    /// Nothing runs: the request ends here. Steps that a person may want to know about stay in the cleanup ticket, if one is wanted.
    mutating func abort() throws(PAOError) {
        if request.wantsCleanupTicket { openCleanupTicket() }
        if request.wantsCompletionTicket { openCompletionTicket() }
        for index in request.steps.indices where !request.steps[index].status.isSettled {
            endAttempt(index, StepFailure("aborted", "The request was aborted."))
            withdrawTicket(of: index)
            set(index, .skipped, reason: "the request was aborted")
        }
        withdrawPreCheck()
        try move(.abort)
        endOwnTicket(.closed, resolution: "the request was aborted")
        request.isStopping = false
        log(nil, "request aborted: \(request.stopReason ?? "")")
        if request.type == .create, let instance { update(instance, to: .failed) }
    }

    /// Nothing has been done yet: the request ends here.
    mutating func cancel(_ event: RequestEvent, reason: String) throws(PAOError) {
        request.stopReason = reason
        try move(event)
        for index in request.steps.indices { set(index, .skipped, reason: reason) }
        log(nil, "request \(request.status.rawValue): \(reason)")
    }

    private mutating func withdrawPreCheck() {
        guard var ticket = preCheck, !ticket.status.isFinal else { return }
        ticket.status = .closed
        ticket.resolution = "the request was aborted"
        ticket.updatedAt = now
        ticket.resolvedAt = now
        preCheck = ticket
        changes.updatedTickets.append(ticket)
    }

    mutating func openCleanupTicket() {
        let instructions = cleanupRequired.map { "- \($0["actionId"]?.string ?? ""): \($0["instructions"]?.string ?? "")" }
        guard !instructions.isEmpty else { return }
        changes.newTickets.append(
            requestTicket(
                .cleanup, title: "Clean up after \(request.id)", description: instructions.joined(separator: "\n"), priority: "Medium"))
    }

    /// What the request has not done any more, with all that a person needs to do it; what people and other systems have said appears
    /// literally.
    private mutating func openCompletionTicket() {
        func lines(_ steps: [Step]) -> String { steps.map { "- \(Self.literal($0.name))" }.joined(separator: "\n") }
        let rest = request.steps.filter { $0.status != .completed && $0.status != .skipped }
        guard !rest.isEmpty else { return }
        let done = request.steps.filter { $0.status == .completed }
        let description = """
            \(request.id) was aborted: \(Self.literal(request.stopReason ?? "")). Left to do:

            \(lines(rest))

            Done, and kept:

            \(done.isEmpty ? "- nothing" : lines(done))

            What was asked for, and what is known of it:

            ```json
            \(Sealed.masked(request.parameters).pretty)```

            ```json
            \(Sealed.masked(knownOutputs).pretty)```
            """
        changes.newTickets.append(
            requestTicket(
                .completion, title: "Complete \(document.metadata.name) by hand (\(request.id))", description: description,
                priority: "Medium"))
    }

    // MARK: The instance

    /// With the first step there is an instance, so that what was made so far is never without an owner.
    mutating func makeInstance() {
        let instance = ServiceInstance(
            rowID: settings.identifiers.uuid(), id: settings.identifiers.readable("si"), isBundle: request.kind == .bundle,
            catalogID: request.catalogID, catalogVersion: request.catalogVersion, catalogDigest: request.catalogDigest,
            category: request.category, name: request.instanceName ?? request.id, state: .provisioning, owner: request.requester,
            parameters: request.parameters, resources: [], outputs: [:],
            metadata: ["tags": .array(document.metadata.tags.map(JSON.string))],
            createdAt: now, updatedAt: now, provisionedAt: nil, decommissionedAt: nil, expiresAt: nil,
            creationRequestRowID: request.rowID, creationRequestID: request.id)
        self.instance = instance
        request.instanceID = instance.id
        changes.newInstance = instance
        changes.isRequestDirty = true
    }

    private mutating func settleInstance() {
        guard var instance else { return }
        if request.type == .decommission {
            instance.decommissionedAt = now
            return update(instance, to: .decommissioned)
        }
        if request.type == .create { instance.parameters = request.parameters }
        let scope = scope(for: nil)
        if let template = document.instance {
            instance.outputs = described(template.outputs, scope, "output")
            instance.resources = described(template.resources, scope, "resource")
            for dependency in template.dependencies { add(dependency, scope) }
            instance.expiresAt = template.expires.map { now + $0 }
        } else {
            instance.outputs = knownOutputs
        }
        instance.provisionedAt = instance.provisionedAt ?? now
        update(instance, to: .active)
    }

    /// A value that is not to be had, since its step was skipped or done by hand, is null and said so in the log: the work is done, and
    /// no wording of the catalog may strand it. A template that is one path to a sealed value passes it on sealed.
    private mutating func described(_ tree: TemplateTree, _ scope: RequestScope, _ noun: String) -> JSON {
        var gaps: [String] = []
        let value = try? tree.render { (template, path) throws(TemplateFault) -> JSON in
            var passing = scope
            passing.passesSealed = template.isSingleExpression
            do throws(TemplateFault) {
                return try template.value(passing, as: .text)
            } catch {
                gaps.append("\(path.dotted): \(error.message)")
                return .null
            }
        }
        for gap in gaps { log(nil, "the instance's \(noun) \(gap)", level: "warning") }
        return value ?? .null
    }

    /// An optional field left empty means that there is no such dependency.
    private mutating func add(_ dependency: InstanceTemplate.Dependency, _ scope: RequestScope) {
        guard let provider = try? dependency.on.value(scope, as: .text).string, !provider.isEmpty else { return }
        changes.dependencies.append(
            .init(provider: provider, type: dependency.type, name: dependency.name, isRequired: dependency.isRequired))
    }

    private mutating func update(_ instance: ServiceInstance, to state: InstanceState) {
        var updated = instance
        let old = changes.updatedInstance?.from ?? instance.state
        updated.state = state
        updated.updatedAt = now
        self.instance = updated
        changes.updatedInstance = (updated, old)
    }
}
