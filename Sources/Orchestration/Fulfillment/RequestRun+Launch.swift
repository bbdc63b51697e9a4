import Base
import Catalog
import Documents

extension RequestRun {
    /// Everything that can be started, settled or asked for now, with the intents recorded in `changes`.
    mutating func launches() throws(PAOError) -> [Launch] {
        var launches: [Launch] = []
        if request.status == .queued || request.status == .resuming { try begin() }
        guard request.status == .inProgress else { return [] }
        expireSequence()
        for index in request.steps.indices where isActive(index) {
            if let launch = continueStep(index) { launches.append(launch) }
        }
        try startSteps(&launches)
        return launches
    }

    private func isActive(_ index: Int) -> Bool {
        let step = request.steps[index]
        return [.running, .verifying, .retrying].contains(step.status) && !inFlight.contains(step.rowID)
    }

    // MARK: Starting

    private mutating func begin() throws(PAOError) {
        try move(.start)
        if request.startedAt == nil {
            request.startedAt = now
            if let timeout = document.fulfillment.automatic?.timeout { request.deadline = now + timeout }
        }
        if request.type == .create, instance == nil { makeInstance() }
    }

    private mutating func startSteps(_ launches: inout [Launch]) throws(PAOError) {
        while request.status == .inProgress {
            switch sequence.next(stopping: request.isStopping) {
            case .start(let ids):
                var progressed = false
                for id in ids {
                    guard let index = request.steps.firstIndex(where: { $0.id == id }) else { continue }
                    if let launch = start(index) { launches.append(launch) }
                    progressed = progressed || request.steps[index].status.isSettled
                }
                if !progressed { return }
            case .skip(let skipped):
                for (id, reason) in skipped {
                    if let index = request.steps.firstIndex(where: { $0.id == id }) { set(index, .skipped, reason: reason) }
                }
            case .finish: return try finish()
            case .fail(let id): return try fail(at: id)
            case .wait:
                if request.isStopping { try stopAtBoundary() }
                return
            }
        }
    }

    /// Skips the step where its condition is false, else begins its first try.
    private mutating func start(_ index: Int) -> Launch? {
        let step = request.steps[index]
        guard let action = action(of: step) else {
            failStep(index, StepFailure("internal", "The document this request was made with has no action \(step.id)."))
            return nil
        }
        freeze(index)
        do throws(TemplateFault) {
            if let condition = action.condition, try !condition.condition(scope(for: index)) {
                set(index, .skipped, reason: "its condition is false: \(action.conditionSource ?? "if")")
                log(index, "skipped: \(action.conditionSource ?? "its condition") is false")
                return nil
            }
        } catch {
            failStep(index, StepFailure("validation", "The condition cannot be decided: \(error.message)"))
            return nil
        }
        return beginAttempt(index)
    }

    /// A try: its row and its effect's intent become durable before anything is sent.
    mutating func beginAttempt(_ index: Int) -> Launch? {
        forget(index)
        let number = (request.steps[index].attempts.last?.number ?? 0) + 1
        let attempt = Attempt(rowID: settings.identifiers.uuid(), number: number, status: .running, startedAt: now)
        request.steps[index].attempts.append(attempt)
        request.steps[index].dueAt = nil
        changes.startedAttempts.append((request.steps[index].rowID, attempt))
        set(index, .running)
        guard let launch = prepare(index, .perform) else { return nil }
        intend(index, launch.effect)
        log(index, "attempt \(number): \(launch.effect.summary)")
        return launch
    }

    private mutating func intend(_ index: Int, _ prepared: PreparedEffect) {
        let step = request.steps[index]
        let effect = Effect(
            key: prepared.key, requestRowID: request.rowID, stepRowID: step.rowID, generation: step.generation,
            part: step.isFallback ? "fallback" : "", kind: prepared.kind, summary: prepared.summary, resend: prepared.resend,
            rendered: prepared.payload, state: .intent, remoteReference: nil, note: nil,
            tries: (effects[prepared.key]?.tries ?? 0) + 1, createdAt: now, updatedAt: now)
        effects[prepared.key] = effect
        changes.intended.append(effect)
    }

    /// Renders the step's effect; a configuration that cannot be rendered fails the step.
    mutating func prepare(_ index: Int, _ work: Launch.Work) -> Launch? {
        let step = request.steps[index]
        guard let action = action(of: step), let type = settings.registry[action.type] else {
            failStep(index, StepFailure("validation", "This version of the appliance has no action type for the step \(step.id)."))
            return nil
        }
        let scope = scope(for: index)
        let input = ActionInput(
            action: withImpliedOutputs(action).without(step.skipsVerification), scope: scope, key: effectKey(of: step), requestID: request.id, correlationID: request.correlationID,
            traceparent: traceparent(for: step), isManual: request.mode == .manual || step.isFallback,
            environment: settings.environment, memory: memory(of: step), attempt: max(1, step.tries))
        do throws(StepFailure) {
            let effect = try type.prepare(input)
            inFlight.insert(step.rowID)
            return Launch(
                stepRowID: step.rowID, work: work, type: type, input: input, effect: effect, isProtected: scope.hasUsedProtected,
                secretNames: action.secretNames, timeout: remainingTime(of: step, action),
                doubtAge: effects[effect.key].map { now - $0.updatedAt } ?? .zero)
        } catch {
            failStep(index, error)
            return nil
        }
    }

    private func remainingTime(of step: Step, _ action: Action) -> Duration {
        var limit = settings.attemptTimeout
        if let timeout = action.timeout, let started = step.attempts.last?.startedAt { limit = min(max(limit, timeout), timeout - (now - started)) }
        if let deadline = request.deadline { limit = min(limit, deadline - now) }
        return max(limit, .milliseconds(1))
    }

    /// W3C trace context: the trace is the request's, the span the step's.
    private func traceparent(for step: Step) -> String {
        let trace = Hash.sha256(Array(request.correlationID.utf8)).prefix(16).hex
        let span = Hash.sha256(Array("\(step.rowID)|\(step.attempts.count)".utf8)).prefix(8).hex
        return "00-\(trace)-\(span)-01"
    }

    /// Draws what must be the same in every rendering of the step.
    private mutating func freeze(_ index: Int) {
        guard request.steps[index].frozen == nil else { return }
        request.steps[index].frozen = [
            "uuid": .string(settings.identifiers.uuid()), "timestamp": .int(now.unixSeconds), "at": .string(now.description),
            "hostname": .string(settings.hostname),
        ]
        changes.dirtySteps.insert(request.steps[index].rowID)
    }

    // MARK: Continuing

    /// A step that is under way: settle what is in doubt, ask again what takes its time, try again what is due.
    private mutating func continueStep(_ index: Int) -> Launch? {
        let step = request.steps[index]
        if let ticket = tickets[step.rowID], ticket.status.isFinal { return endTicket(index, ticket) }
        if let expired = expiry(of: step) {
            endAttempt(index, expired)
            return retryOrFail(index, expired)
        }
        if let due = step.dueAt, due > now { return nil }
        if step.status == .retrying { return request.isStopping ? nil : beginAttempt(index) }
        switch effects[effectKey(of: step)]?.state {
        case .intent?: return prepare(index, .settle)
        case .sent?: return prepare(index, .poll(reference: step.externalReference ?? ""))
        case .done? where step.externalReference != nil && step.dueAt != nil:
            return prepare(index, .poll(reference: step.externalReference ?? ""))
        default: return nil
        }
    }

    /// A step's own time limit counts from its first start and covers waiting.
    private func expiry(of step: Step) -> StepFailure? {
        guard let timeout = action(of: step)?.timeout, let started = step.attempts.last?.startedAt, tickets[step.rowID] == nil,
            now >= started + timeout
        else { return nil }
        return StepFailure("timeout", "The step did not end within \(timeout.text).", isTransient: false)
    }

    private mutating func expireSequence() {
        guard let deadline = request.deadline, now >= deadline else { return }
        for index in request.steps.indices where isActive(index) && tickets[request.steps[index].rowID] == nil {
            let failure = StepFailure("timeout", "The whole sequence did not end before \(deadline).")
            endAttempt(index, failure)
            failStep(index, failure)
        }
    }

    // MARK: Resting

    /// When nothing is under way: when to look again.
    var rest: Rest {
        guard request.status == .inProgress else { return .done }
        var due = request.steps.filter { [.running, .verifying, .retrying].contains($0.status) }.compactMap(\.dueAt)
        let waitsForMachine = !due.isEmpty
        if waitsForMachine, let deadline = request.deadline { due.append(deadline) }
        return due.min().map { .until($0) } ?? .done
    }
}

extension Action {
    /// Names of the secrets its configuration reads.
    var secretNames: [String] {
        let trees = [config] + verification.map(\.parameters)
        return trees.flatMap(\.templates).flatMap(\.template.references).compactMap { reference in
            guard reference.path.first == .key("secrets"), case .key(let name)? = reference.path.dropFirst().first else {
                return nil
            }
            return name
        }.uniqued
    }
}
