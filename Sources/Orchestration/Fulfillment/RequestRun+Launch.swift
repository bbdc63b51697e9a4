import Base
import Catalog
import Documents

extension RequestRun {
    /// Everything that can be started, settled or asked for now, with the intents recorded in `changes`.
    mutating func launches() throws(PAOError) -> [Launch] {
        var launches: [Launch] = []
        awaitedTypes = []
        defer { places = places.filter { inFlight.contains($0.key) } }
        try heal()
        if request.updatedAt - now > Self.clockTolerance { followClock() }
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
        return [.running, .verifying, .retrying].contains(step.status) && !inFlight.contains(step.id)
    }

    // MARK: Starting

    /// Not before the time that was asked for.
    private mutating func begin() throws(PAOError) {
        if let start = request.startAfter, start > now, request.startedAt == nil { return }
        try move(.start)
        if request.startedAt == nil { request.startedAt = now }
        forgetWaits()
        if request.deadline == nil, request.mode == .automatic {
            request.deadline = document.fulfillment.automatic?.timeout.map { now + $0 }
        }
        if request.type == .create, instance == nil { makeInstance() }
    }

    private mutating func startSteps(_ launches: inout [Launch]) throws(PAOError) {
        while request.status == .inProgress {
            switch sequence.next(stopping: request.isStopping) {
            case .start(let ids):
                guard hasOwnIssue() else { return }
                guard passesPreChecks(before: ids) else {
                    if !request.steps.contains(where: { $0.status == .failed }) { return }
                    continue
                }
                var progressed = false
                for id in ids {
                    guard let index = request.steps.firstIndex(where: { $0.id == id }) else { continue }
                    if request.steps[index].isComponent {
                        startComponent(index)
                    } else if let launch = start(index) {
                        launches.append(launch)
                    }
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
        guard hasPlace(index) else { return nil }
        return beginAttempt(index)
    }

    /// A try: its row and its effect's intent become durable before anything is sent. A try that was held back goes on as the same one.
    /// What an earlier try left in doubt or under way is found out before anything is repeated.
    mutating func beginAttempt(_ index: Int) -> Launch? {
        request.steps[index].dueAt = nil
        if request.steps[index].attempts.last?.status != .running {
            let number = (request.steps[index].attempts.last?.number ?? 0) + 1
            let attempt = Attempt(number: number, status: .running, startedAt: now)
            request.steps[index].attempts.append(attempt)
            changes.startedAttempts.append((request.steps[index].id, attempt))
        }
        set(index, .running)
        switch effects[effectKey(of: request.steps[index])]?.resumption ?? .perform {
        case .perform: return performAnew(index)
        case .settle:
            markDoubt(index, isNew: true)
            return settle(index)
        case .poll(let reference):
            restartWaiting(index)
            return prepare(index, .poll(reference: reference))
        }
    }

    /// The intent, and what is sent once it is durable.
    mutating func performAnew(_ index: Int) -> Launch? {
        forget(index)
        guard let launch = prepare(index, .perform) else { return nil }
        let step = request.steps[index]
        let effect = Effect(
            key: launch.effect.key, requestRowID: request.rowID, stepID: step.id, generation: step.generation,
            part: step.isFallback ? "fallback" : "", kind: launch.effect.kind, summary: launch.effect.summary,
            resend: launch.effect.resend, rendered: launch.effect.payload, state: .intent, remoteReference: nil, note: nil,
            tries: (effects[launch.effect.key]?.tries ?? 0) + 1, createdAt: now, updatedAt: now)
        effects[effect.key] = effect
        changes.intended.append(effect)
        log(index, "attempt \(step.attempts.last?.number ?? 0): \(effect.summary)")
        return launch
    }

    /// Renders the step's effect; nil, and the step has ended, for a configuration that cannot be rendered.
    mutating func prepare(_ index: Int, _ work: Launch.Work) -> Launch? {
        let step = request.steps[index]
        guard let action = action(of: step), let type = settings.registry[action.type] else {
            refuse(index, work, StepFailure("validation", "This version of the appliance has no action type for the step \(step.id)."))
            return nil
        }
        let scope = scope(for: index)
        let input = ActionInput(
            action: withImpliedOutputs(action).without(step.skipsVerification), scope: scope, key: effectKey(of: step),
            requestID: request.id, correlationID: request.correlationID, traceparent: traceparent(for: step),
            isManual: request.mode == .manual || step.isFallback,
            environment: settings.environment, memory: memory(of: step), attempt: attempt(of: step, work))
        do throws(StepFailure) {
            let effect = try type.prepare(input)
            inFlight.insert(step.id)
            return Launch(
                stepID: step.id, attempt: step.attempts.last?.number, work: work, type: type, input: input, effect: effect,
                isProtected: scope.hasUsedProtected, secretNames: action.secretNames, timeout: tryLimit(of: step, action, work),
                doubtAge: effects[effect.key].map { now - $0.updatedAt } ?? .zero)
        } catch {
            refuse(index, work, error)
            return nil
        }
    }

    /// How often the effect's key has been sent, this time included: what counts is what the other side may know it from.
    private func attempt(of step: Step, _ work: Launch.Work) -> Int {
        let tries = effects[effectKey(of: step)]?.tries ?? 0
        if case .perform = work { return tries + 1 }
        return max(1, tries)
    }

    /// What was never sent fails; what may have been sent stays in doubt.
    private mutating func refuse(_ index: Int, _ work: Launch.Work, _ failure: StepFailure) {
        switch work {
        case .perform: failStep(index, failure)
        case .settle, .poll: park(index, failure.message)
        }
    }

    /// W3C trace context: the trace is the request's, the span the try's.
    private func traceparent(for step: Step) -> String {
        let trace = Hash.sha256(Array(request.correlationID.utf8)).prefix(16).hex
        let span = Hash.sha256(Array("\(request.rowID)|\(step.id)|\(step.attempts.count)".utf8)).prefix(8).hex
        return "00-\(trace)-\(span)-01"
    }

    /// Draws what must be the same in every rendering of the step.
    private mutating func freeze(_ index: Int) {
        guard request.steps[index].frozen == nil else { return }
        request.steps[index].frozen = [
            "uuid": .string(settings.identifiers.uuid()), "timestamp": .int(now.unixSeconds), "at": .string(now.description),
            "hostname": .string(settings.hostname),
        ]
        changes.dirtySteps.insert(request.steps[index].id)
    }

    // MARK: Continuing

    /// A clock is set back by less when it is corrected as it should be.
    private static let clockTolerance = Duration.seconds(1)

    /// The request was changed in what is now the future: the clock was set back. Waits end, and doubt is as old as this moment.
    private mutating func followClock() {
        request.updatedAt = now
        changes.isProgressDirty = true
        for index in request.steps.indices {
            let step = request.steps[index]
            if let due = step.dueAt, due > now {
                request.steps[index].dueAt = now
                touch(index)
            }
            if let effect = effects[effectKey(of: step)], effect.state == .intent, effect.note == Self.doubtNote, effect.updatedAt > now {
                settleEffect(index, .intent, note: Self.doubtNote)
            }
        }
    }

    /// A step that is under way: settle what is in doubt, ask again what takes its time, try again what is due. Doubt comes before
    /// every time limit: a step that failed without knowing what it did could be repeated.
    private mutating func continueStep(_ index: Int) -> Launch? {
        let step = request.steps[index]
        if step.isComponent {
            followComponent(index)
            return nil
        }
        if let ticket = tickets[step.id], ticket.status.isFinal { return endTicket(index, ticket) }
        let effect = effects[effectKey(of: step)]
        let isDue = step.dueAt.map { $0 <= now } ?? true
        if effect?.state == .intent, step.status != .retrying {
            markDoubt(index, isNew: false)
            return isDue && hasPlace(index) ? settle(index) : nil
        }
        if let expired = expiry(of: step) {
            failStep(index, expired)
            return nil
        }
        guard isDue else { return nil }
        if step.status == .retrying { return !request.isStopping && hasPlace(index) ? beginAttempt(index) : nil }
        guard let effect, effect.state == .sent || (effect.state == .done && step.dueAt != nil) else { return nil }
        return prepare(index, .poll(reference: effect.remoteReference ?? step.externalReference ?? ""))
    }

    // MARK: Limits

    /// Of one try: what the action's `config.timeout` says, else the appliance's, but not past the step's and the sequence's end. A step
    /// that has a time limit of its own may use all of it for one try. Finding out what became of a call, and how a ticket stands, is
    /// done after that end, too.
    private func tryLimit(of step: Step, _ action: Action, _ work: Launch.Work) -> Duration {
        let written = action.config["timeout"].flatMap { if case .constant(.string(let text)) = $0 { Duration(text: text) } else { nil } }
        var limit = written ?? max(settings.attemptTimeout, action.timeout ?? .zero)
        if case .settle = work { return limit }
        if tickets[step.id] != nil { return limit }
        if let end = end(of: step) { limit = min(limit, end - now) }
        if let deadline = request.deadline { limit = min(limit, deadline - now) }
        return max(limit, .milliseconds(1))
    }

    /// When the step's own time is over: counted from its first try since a person last retried it, with all waiting.
    func end(of step: Step) -> Timestamp? {
        guard !step.isComponent, step.attempts.indices.contains(step.attemptBase), let limit = limit(of: step) else { return nil }
        return step.attempts[step.attemptBase].startedAt + limit
    }

    /// People have the time they need, but where the document says how soon the task or ticket of an automatic step is to be done.
    private func limit(of step: Step) -> Duration? {
        guard let action = action(of: step) else { return nil }
        guard let ticket = tickets[step.id] else { return action.timeout }
        guard ticket.purpose == .fulfillment, request.mode == .automatic, !step.isFallback else { return nil }
        if ticket.system == "inbox" { return action.type == "manual-task" ? action.timeout : nil }
        return action.verification.compactMap(\.ticketLimit).min()
    }

    func expiry(of step: Step) -> StepFailure? {
        guard let end = end(of: step), now >= end else { return nil }
        let limit = (limit(of: step) ?? .zero).text
        guard let ticket = tickets[step.id] else { return StepFailure("timeout", "The step did not end within \(limit).") }
        return StepFailure("timeout", "The ticket \(ticket.id) was not resolved within \(limit).")
    }

    private mutating func expireSequence() {
        guard let deadline = request.deadline, now >= deadline else { return }
        for index in request.steps.indices where isActive(index) {
            guard isBoundByTime(request.steps[index]) else { continue }
            failStep(index, StepFailure("timeout", "The whole sequence did not end before \(deadline)."))
        }
    }

    /// No limit ends what a person or another request has in hand, nor what nobody knows the fate of.
    private func isBoundByTime(_ step: Step) -> Bool {
        if step.isComponent || tickets[step.id] != nil { return false }
        return effects[effectKey(of: step)]?.state != .intent || step.status == .retrying
    }

    // MARK: Resting

    /// When nothing is under way: when to look again.
    var rest: Rest {
        if request.status == .queued, let start = request.startAfter, start > now { return .until(start) }
        guard request.status == .inProgress else { return .done }
        if !awaitedTypes.isEmpty { return .parked(until: nextDue ?? now + Self.longestRest) }
        return nextDue.map { .until($0) } ?? .done
    }

    /// The earliest time at which a step that is not under way wants to be looked at. A limit that ends none of them is no time to look:
    /// once it is over it would be due for ever.
    var nextDue: Timestamp? {
        let waiting = request.steps.filter { [.running, .verifying, .retrying].contains($0.status) && !inFlight.contains($0.id) }
        let bound = waiting.filter(isBoundByTime)
        // Of a request that is to stop no further try begins, however long it has been due.
        let acting = waiting.filter { !request.isStopping || $0.status != .retrying }
        let due = acting.compactMap(\.dueAt) + waiting.filter { tickets[$0.id] != nil }.compactMap(end) + [ownIssueDue].compactMap { $0 }
        guard !due.isEmpty else { return nil }
        return (due + bound.compactMap(end) + (bound.isEmpty ? [] : [request.deadline].compactMap { $0 })).min()
    }
}

extension Verification {
    /// How long the ticket may take, of one that waits for it.
    fileprivate var ticketLimit: Duration? {
        guard type == "ticket-status" || type == "resolution-time" else { return nil }
        if case .constant(let value)? = parameters["max"], let limit = value.string.flatMap({ Duration(text: $0) }) { return limit }
        return timeout
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
