import Base
import Catalog
import Documents

extension RequestRun {
    // MARK: The sequence ends

    /// All steps are completed or skipped: the request is completed and its instance active, in one transaction.
    mutating func finish() throws(PAOError) {
        do throws(TemplateFault) {
            try settleInstance()
        } catch {
            guard let last = request.steps.indices.last else { return }
            set(last, .failed, reason: "The instance cannot be described: \(error.message)")
            return try fail(at: request.steps[last].id)
        }
        try move(.finish)
        changes.releasedKey = request.concurrencyKey
        log(nil, "request completed")
    }

    mutating func fail(at stepID: String) throws(PAOError) {
        guard let failed = request.steps.first(where: { $0.id == stepID }) else { return }
        if request.isStopping { return try stopAtBoundary() }
        request.errorContext = errorContext(failed)
        try move(.fail)
        log(nil, "request failed at \(failed.name)", level: "error")
        if var instance, request.type == .create {
            instance.outputs = partialOutputs
            update(instance, to: instance.state)
        }
    }

    /// The request was told to stop and no call is under way.
    mutating func stopAtBoundary() throws(PAOError) {
        guard inFlight.isEmpty else { return }
        for index in request.steps.indices where !request.steps[index].status.isSettled {
            set(index, .skipped, reason: "the request was aborted")
            withdrawTicket(of: index)
        }
        try move(.abort)
        request.isStopping = false
        changes.releasedKey = request.concurrencyKey
        log(nil, "request aborted: \(request.stopReason ?? "")")
        if request.type == .create { failInstance() }
    }

    mutating func withdrawTicket(of index: Int) {
        guard var ticket = tickets[request.steps[index].rowID], !ticket.status.isFinal else { return }
        ticket.status = .closed
        ticket.resolution = "the request was aborted"
        ticket.updatedAt = now
        ticket.resolvedAt = now
        tickets[request.steps[index].rowID] = ticket
        changes.updatedTickets.append(ticket)
    }

    // MARK: The instance

    /// With the first step there is an instance, so that what was made so far is never without an owner.
    mutating func makeInstance() {
        let instance = ServiceInstance(
            rowID: settings.identifiers.uuid(), id: settings.identifiers.readable("si"), isBundle: request.kind == .bundle,
            catalogID: request.catalogID, catalogVersion: request.catalogVersion, catalogDigest: request.catalogDigest,
            category: request.category, name: request.instanceName ?? request.id, state: .provisioning, owner: request.requester,
            parameters: request.parameters, resources: [], outputs: [:], metadata: ["tags": .array(document.metadata.tags.map(JSON.string))],
            createdAt: now, updatedAt: now, provisionedAt: nil, decommissionedAt: nil, expiresAt: nil,
            creationRequestRowID: request.rowID, creationRequestID: request.id)
        self.instance = instance
        request.instanceID = instance.id
        changes.newInstance = instance
        changes.isRequestDirty = true
    }

    /// What was made so far stays with it.
    mutating func failInstance() {
        if let instance { update(instance, to: .failed) }
    }

    private mutating func settleInstance() throws(TemplateFault) {
        guard var instance else { return }
        if request.type == .decommission {
            instance.decommissionedAt = now
            return update(instance, to: .decommissioned)
        }
        let scope = scope(for: nil)
        if let template = document.instance {
            instance.outputs = try template.outputs.render(sealedPassing(scope))
            instance.resources = try template.resources.render(sealedPassing(scope))
            for dependency in template.dependencies { try add(dependency, scope) }
            instance.expiresAt = template.expires.map { now + $0 }
        } else {
            instance.outputs = partialOutputs
        }
        instance.provisionedAt = instance.provisionedAt ?? now
        update(instance, to: .active)
    }

    /// An optional field left empty means that there is no such dependency.
    private mutating func add(_ dependency: InstanceTemplate.Dependency, _ scope: RequestScope) throws(TemplateFault) {
        guard let provider = try? dependency.on.value(scope, as: .text).string, !provider.isEmpty else { return }
        changes.dependencies.append(
            .init(provider: provider, type: dependency.type, name: dependency.name, isRequired: dependency.isRequired))
    }

    /// A template that is one path to a sealed value passes it on sealed.
    private func sealedPassing(_ scope: RequestScope) -> TemplateTree.Renderer {
        { (template, _) throws(TemplateFault) -> JSON in
            var passing = scope
            passing.passesSealed = template.isSingleExpression
            return try template.value(passing, as: .text)
        }
    }

    private mutating func update(_ instance: ServiceInstance, to state: InstanceState) {
        var updated = instance
        let old = instance.state
        updated.state = state
        updated.updatedAt = now
        self.instance = updated
        changes.updatedInstance = (updated, old)
    }

    /// Outputs of the completed steps by step.
    var partialOutputs: JSON {
        .object(
            JSONObject(
                request.steps.compactMap { step in
                    step.status == .completed ? step.outputs.map { (step.id, $0) } : nil
                }))
    }

    // MARK: What templates see

    /// `index`: the step that is rendered, for its frozen values.
    func scope(for index: Int?) -> RequestScope {
        let frozen = index.flatMap { request.steps[$0].frozen } ?? request.steps.first?.frozen ?? [:]
        return RequestScope(
            roots: JSONObject([
                ("fields", request.parameters), ("metadata", document.metadata.json), ("request", requestRoot),
                ("outputs", outputs(seenBy: index)), ("environment", settings.variables), ("instance", instanceRoot),
            ]), frozen: frozen)
    }

    private var requestRoot: JSON {
        [
            "id": .string(request.id), "user": request.requester.json, "team": .string(request.requester.team),
            "timestamp": .string(request.createdAt.description), "correlation_id": .string(request.correlationID),
            "correlationId": .string(request.correlationID), "type": .string(request.type.rawValue), "data": request.parameters,
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

    // MARK: The error context

    /// S2's error context: all that a person needs to decide.
    func errorContext(_ failed: Step) -> JSON {
        let failure = failed.attempts.last?.failure ?? StepFailure("validation", failed.reason ?? "The step failed.")
        return [
            "requestId": .string(request.id), "failedAction": failed.json, "error": failure.json,
            "steps": .array(request.steps.map { ["id": .string($0.id), "name": .string($0.name), "status": .string($0.status.rawValue)] }),
            "partialResources": .array(request.steps.filter { $0.status == .completed }.map(partialResource)),
            "cleanupRequired": .array(request.steps.filter { $0.status == .completed }.compactMap(cleanup)),
            "requestData": Sealed.masked(request.parameters), "choices": choices(failed),
            "escalationPath": .string(document.metadata.ownerTeam ?? "unowned"), "timestamp": .string(now.description),
        ]
    }

    private func partialResource(_ step: Step) -> JSON {
        [
            "actionId": .string(step.id), "type": .string(step.type), "id": .optional(step.externalReference ?? step.outputs?["id"]?.string),
            "outputs": Sealed.masked(step.outputs ?? [:]),
        ]
    }

    private func cleanup(_ step: Step) -> JSON? {
        guard let action = action(of: step) else { return nil }
        let scope = scope(for: request.steps.firstIndex { $0.rowID == step.rowID })
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
        return [
            choice("retry", Self.repetition(effect) + keeps),
            choice("retry-with-changes", "Renders \(failed.name) anew with the changed data, as a new call with a new key." + keeps),
            choice("complete-by-hand", "Calls nothing: you enter the outputs of \(failed.name), and the next step starts." + keeps),
            choice("skip", "Calls nothing; later steps see no outputs of \(failed.name)."),
            choice("abort", "Calls nothing and ends the request; what was made so far stays and is listed for cleanup."),
            choice("escalate", "Opens an incident ticket with all of this; the request waits."),
        ]
    }

    private static func repetition(_ effect: Effect?) -> String {
        guard let effect else { return "Nothing was sent yet: makes its first call." }
        switch (effect.state, effect.resend) {
        case (.unknown, _): return "Repeats \(effect.summary), which may have taken effect already: it may then happen twice."
        case (_, .keyed): return "Repeats \(effect.summary) with the same key: creates nothing twice."
        case (_, .free): return "Repeats \(effect.summary), which may be repeated freely."
        case (_, .lookup): return "Looks first whether \(effect.summary) took effect, and repeats it only if not."
        case (_, .never): return "Repeats \(effect.summary), which has no key; the last answer was a refusal."
        }
    }
}
