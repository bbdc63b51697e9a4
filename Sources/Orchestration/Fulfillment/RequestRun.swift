// DESIGN: one run of a request
//
// A `RequestRun` is a value: the request, its effects and tickets as they were loaded, and what has been decided since. It decides and
// never performs. Each turn of the engine copies it, applies one result, asks for what can be launched, and writes all changes in one
// transaction; only then is anything sent. If the transaction is refused (lost lease, the request was told to stop), the copy is
// dropped and nothing has happened.
//
//   outcome of a call -> apply -> launches (intents) -> COMMIT -> send ...
//
// After a crash the same code starts from the stored rows: an effect that is `intent` is in doubt and is settled before anything else.

import Base
import Catalog
import Documents

struct RequestRun: Sendable {
    let document: CatalogDocument
    let settings: RunSettings
    var request: ServiceRequest
    var effects: [String: Effect]
    /// By step: the ticket that counts now.
    var tickets: [String: Ticket]
    /// The question that `preExecutionChecks` put to a person.
    var preCheck: Ticket?
    var instance: ServiceInstance?
    /// Of a bundle: where its own issue is opened, and the ticket that stands for it.
    var ownIssue: IssuePlace?
    var ownTicket: Ticket?
    /// Of a bundle: the requests of its components by `req-` id.
    var children: [String: Child] = [:]
    /// Of a bundle: components that people fulfil and that need nothing of others.
    var componentsAtOnce: Set<String> = []
    /// Of a bundle: makes the request for a component. Throws `invalid`.
    var makeComponent: (@Sendable (BundleComponent, RequestRun) throws(PAOError) -> NewRequest)?
    var changes = RunChanges()
    /// One instant for all that is decided in a turn.
    var now: Timestamp
    /// Steps with a call under way.
    var inFlight: Set<String> = []
    /// Where steps find a place before their try begins; nil where nothing is to be sent.
    var room: ActionRoom?
    /// Of steps that carry out their action.
    var places: [String: ActionRoom.Place] = [:]
    /// Action types that this turn found no place for.
    var awaitedTypes: Set<String> = []
    /// What was opened to be sent while this run lives: hidden in all that is written about it.
    let confidential = Redactor()

    /// A call to make once the transaction is durable.
    struct Launch: Sendable {
        enum Work: Sendable {
            case perform
            case settle
            case poll(reference: String)
        }

        var stepID: String
        /// The try's number.
        var attempt: Int?
        var work: Work
        var type: any ActionType
        var input: ActionInput
        /// Secrets masked; rendered anew for sending where `isProtected`.
        var effect: PreparedEffect
        var isProtected: Bool
        var secretNames: [String]
        var timeout: Duration
        /// Since doubt arose.
        var doubtAge: Duration
    }

    enum Outcome: Sendable {
        case result(ActionResult)
        case settlement(Settlement)
        /// Nothing was sent: the breaker of the host is open for this long.
        case held(Duration)
    }

    /// What happens to the run's job when there is nothing to do now.
    enum Rest: Sendable, Equatable {
        case done
        case until(Timestamp)
        /// There is no place for a step; at that time something else is due.
        case parked(until: Timestamp)
    }

    func index(of id: String) -> Int? { request.steps.firstIndex { $0.id == id } }

    /// The action a step carries out: the catalog's, or after a fallback the manual one.
    func action(of step: Step) -> Action? {
        if step.isFallback { return document.fulfillment.manual.first }
        return actions.first { $0.id == step.id }
    }

    var actions: [Action] {
        switch request.type {
        case .decommission: document.instance?.decommission ?? []
        case .create where request.kind == .bundle:
            document.fulfillment.manual + (document.fulfillment.automatic?.actions ?? [])
        default: request.mode == .automatic ? document.fulfillment.automatic?.actions ?? [] : document.fulfillment.manual
        }
    }

    var sequence: Sequence {
        let isParallel =
            request.kind == .bundle
            ? document.orchestration?["mode"]?.string == "parallel"
            : request.mode == .automatic && document.fulfillment.automatic?.isParallel == true
        return Sequence(
            request.steps.map {
                Sequence.Item(
                    id: $0.id, status: $0.status, dependsOn: $0.dependsOn, waitsForPerson: waitsForPerson($0),
                    startsAtOnce: componentsAtOnce.contains($0.id))
            }, isParallel: isParallel)
    }

    /// Also a component: its own request waits for people by itself.
    func waitsForPerson(_ step: Step) -> Bool { step.isComponent || (tickets[step.id].map { !$0.status.isFinal } ?? false) }

    var retryPolicy: RetryPolicy { document.fulfillment.automatic?.retry ?? RetryPolicy() }

    // MARK: Changing state

    mutating func move(_ event: RequestEvent) throws(PAOError) {
        let old = request.status
        request.status = try old.after(event)
        request.updatedAt = now
        if request.status.isFinal { request.completedAt = now }
        if event == .resume { request.errorContext = nil }
        if !request.status.holdsOrAwaitsKey { changes.releasedKey = request.concurrencyKey }
        changes.isRequestDirty = true
        changes.requestTransitions.append((old, request.status))
    }

    mutating func set(_ index: Int, _ status: StepStatus, reason: String? = nil) {
        let old = request.steps[index].status
        request.steps[index].status = status
        request.steps[index].reason = reason
        if status == .running, request.steps[index].startedAt == nil { request.steps[index].startedAt = now }
        if status.isSettled { request.steps[index].completedAt = now }
        if status.isSettled { request.steps[index].dueAt = nil }
        touch(index)
        guard old != status else { return }
        let step = request.steps[index]
        changes.stepTransitions.append(
            .init(subject: "step", subjectID: step.id, old: old.rawValue, new: status.rawValue))
    }

    /// The step is to be written.
    mutating func touch(_ index: Int) {
        request.updatedAt = now
        changes.isProgressDirty = true
        changes.dirtySteps.insert(request.steps[index].id)
    }

    mutating func log(_ index: Int?, _ message: String, level: String = "info") {
        let step = index.map { request.steps[$0] }
        changes.logLines.append(
            .init(actionID: step?.id, attempt: step?.attempts.last?.number, level: level, message: message, at: now))
    }

    mutating func settleEffect(_ index: Int, _ state: Effect.State, reference: String? = nil, note: String? = nil) {
        let key = effectKey(of: request.steps[index])
        guard effects[key] != nil else { return }
        effects[key]?.state = state
        effects[key]?.note = note
        effects[key]?.updatedAt = now
        if let reference { effects[key]?.remoteReference = reference }
        changes.settled.append((key, state, reference, note))
    }

    func effectKey(of step: Step) -> String {
        Effect.key(
            requestID: request.id, stepID: step.id, generation: step.generation, part: step.isFallback ? "fallback" : "")
    }
}
