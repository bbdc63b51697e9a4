// DESIGN: the engine
//
// One job of kind `request` per request that has something to do. Its handler loads the request, then turns until nothing is left to
// do now: decide (`RequestRun`, a value), write all decisions in one transaction under the job's lease, and only then send. So
//   - an intent is durable before its call leaves, and a result is stored together with what follows from it;
//   - exactly one handler advances a request at a time: a lost lease refuses the transaction (`fenced`) and the turn has not happened;
//   - what people did meanwhile (told it to stop, resolved a ticket) refuses the transaction too, and the turn is decided anew;
//   - a process killed at any instant leaves rows from which the next start goes on: `intent` without result is settled, not repeated.
// Steps of a parallel sequence run at once inside the same handler; their results are taken in one by one, and what is due meanwhile is
// not kept waiting by the slowest call. Nothing else waits in memory: a retry or a poll that is due later becomes the job's next time,
// a ticket ends the job until it is resolved, a step that finds no room (`ActionRoom`) parks it. What can never be stored fails the request, so that a person sees it.

package import Base
package import Catalog
package import Identity
package import Integrations
package import Jobs
package import Store
import Synchronization

package final class Engine: Sendable {
    /// The kind of the jobs that advance requests.
    package static let jobKind = "request"

    let store: Store
    let jobs: JobQueue
    let intake: Intake
    let http: HTTPTransport
    let time: TimeSource
    let log: Log
    let settings: RunSettings
    /// A secret's value by its name, for sending only. Throws `notFound`.
    let secret: @Sendable (String) async throws(PAOError) -> String
    let breakers: CircuitBreakers
    let tokens: OAuth2TokenCache
    let room: ActionRoom

    package init(
        store: Store, jobs: JobQueue, catalog: Catalog, recorder: Recorder, approvals: Approvals, http: HTTPTransport, time: TimeSource,
        log: Log, settings: RunSettings, secret: @escaping @Sendable (String) async throws(PAOError) -> String
    ) {
        self.store = store
        self.jobs = jobs
        intake = Intake(
            recorder: recorder, jobs: jobs, approvals: approvals,
            loader: RunLoader(catalog: catalog, settings: settings, store: store, time: time))
        self.http = http
        self.time = time
        self.log = log
        self.settings = settings
        self.secret = secret
        breakers = CircuitBreakers(time: time)
        tokens = OAuth2TokenCache(http: http, time: time)
        room = ActionRoom(limits: settings.perAction) { request in
            jobs.hasten(NewJob(kind: Self.jobKind, subject: request, priority: .continuation))
        }
        jobs.register(Self.jobKind) { [self] job in try await advance(job) }
        JiraDesk(self).register()
        JiraLinks(self).register(with: jobs)
        JiraComments(self).register(with: jobs)
        JiraClosing(self).register(with: jobs)
    }

    /// Asks for a request to be looked at, in the transaction of whatever changed.
    package static func enqueue(
        _ request: ServiceRequest, priority: JobPriority, at time: Timestamp? = nil, jobs: JobQueue, in tx: Connection
    ) throws(PAOError) {
        try jobs.enqueue(
            NewJob(kind: jobKind, subject: request.rowID, team: request.requester.team, priority: priority, runAt: time), in: tx)
    }

    // MARK: Turning

    /// What woke the handler while calls are under way.
    private enum Wake: Sendable {
        case landing(Landing)
        /// Something else of the request is due.
        case due
        /// There is a place for a step.
        case place
    }

    func advance(_ job: ClaimedJob) async throws(PAOError) {
        guard var run = try load(job.subject) else {
            room.keep([], for: job.subject)
            return try await store.write { tx throws(PAOError) in try job.lease.complete(in: tx) }
        }
        if try await holdsBack(run, job) { return }
        if try await rejectsStart(of: run, job) { return }
        let fault = await turns(of: &run, job)
        if let fault { try await giveUp(run, fault, job) }
    }

    /// Until nothing is left to do now. Returns why a turn could not be stored.
    private func turns(of run: inout RequestRun, _ job: ClaimedJob) async -> PAOError? {
        await withTaskGroup(of: Wake.self) { group in
            defer { group.cancelAll() }
            var landing: Landing?
            var alarm: Timestamp?
            var isListening = false
            while true {
                do throws(PAOError) {
                    guard let launches = try await turn(&run, landing, job.lease) else { return nil }
                    let confidential = run.confidential
                    for launch in launches { group.addTask { .landing(await self.fly(launch, confidential)) } }
                } catch {
                    room.keep([], for: run.request.rowID)
                    return error
                }
                if run.inFlight.isEmpty { return nil }
                if !run.awaitedTypes.isEmpty, !isListening {
                    isListening = true
                    let request = run.request.rowID
                    group.addTask { [room] in
                        await room.turn(of: request)
                        return .place
                    }
                }
                if let due = run.nextDue, alarm.map({ due < $0 }) ?? true {
                    alarm = due
                    group.addTask { [time] in await Self.sleep(until: due, time) }
                }
                switch await group.next() {
                case .landing(let next)?: landing = next
                case .place?: (landing, isListening) = (nil, false)
                case .due?, nil: (landing, alarm) = (nil, nil)
                }
            }
        }
    }

    private static func sleep(until due: Timestamp, _ time: TimeSource) async -> Wake {
        try? await time.sleep(max(.milliseconds(1), due - time.now()))
        return .due
    }

    /// What a call led to.
    struct Landing: Sendable {
        var stepID: String
        var outcome: RequestRun.Outcome
        var lines: [RunChanges.LogLine]
    }

    /// One decision, one transaction. nil when the request has to wait for its concurrency key. Throws what the store throws; then
    /// nothing of it has happened. A full disk is waited for: the result of a call is not to be lost by it.
    private func turn(_ run: inout RequestRun, _ landing: Landing?, _ lease: Lease) async throws(PAOError) -> [RequestRun.Launch]? {
        var patience = 60
        while true {
            var next = run
            next.now = time.now()
            var launches: [RequestRun.Launch] = []
            if let landing {
                next.changes.logLines += landing.lines
                if let launch = next.apply(landing.outcome, to: landing.stepID) { launches.append(launch) }
            }
            launches += try next.launches()
            room.keep(next.awaitedTypes, for: next.request.rowID)
            do throws(PAOError) {
                guard try await commit(next, after: run, lease) else {
                    room.keep([], for: run.request.rowID)  // it waits for its key, and is to be let in for nothing else
                    return nil
                }
            } catch  where error.code == .storageFull && patience > 0 && landing != nil {
                patience -= 1
                try? await time.sleep(.seconds(1))
                continue
            } catch  where error.code == .superseded {
                guard let fresh = try load(run.request.rowID) else { throw error }
                run.adopt(fresh)
                continue
            }
            next.changes = RunChanges()
            run = next
            return launches
        }
    }

    /// False when another request holds the concurrency key; then only the job has ended.
    private func commit(_ run: RequestRun, after base: RequestRun, _ lease: Lease) async throws(PAOError) -> Bool {
        let rest = run.inFlight.isEmpty ? run.rest : nil
        if run.changes.isEmpty, rest == nil { return true }
        let intake = intake
        try OrchestrationFailpoint.turnDecided.reach()
        defer { OrchestrationFailpoint.turnStored.pass() }
        return try await store.write { tx throws(PAOError) -> Bool in
            try lease.check(in: tx)
            if try base.isOutdated(in: tx) { throw PAOError(.superseded, "The request has changed meanwhile.") }
            if run.changes.isStarting, let key = run.request.concurrencyKey, try ConcurrencyKeys.isHeld(key, against: run.request, in: tx) {
                try lease.complete(in: tx)
                return false
            }
            try intake.write(run, leaseEpoch: lease.epoch, in: tx)
            switch rest {
            case nil: break
            case .done?: try lease.complete(in: tx)
            case .until(let time)?: try lease.reschedule(in: tx, at: time)
            case .parked(let time)?: try lease.park(in: tx, until: time)
            }
            return true
        }
    }

    // MARK: Refusing and giving up

    /// The check of the submission is repeated when an approved or scheduled request starts: the world may have changed since.
    private func rejectsStart(of run: RequestRun, _ job: ClaimedJob) async throws(PAOError) -> Bool {
        guard run.request.status == .queued,
            run.request.startAfter.map({ $0 <= time.now() }) ?? (run.request.updatedAt > run.request.createdAt)
        else { return false }
        let reasons = try intake.loader.obstacles(to: run)
        guard !reasons.isEmpty else { return false }
        var rejected = run
        rejected.now = time.now()
        try rejected.cancel(.reject, reason: reasons.joined(separator: " "))
        let (intake, final) = (intake, rejected)
        try await store.write { tx throws(PAOError) in
            try job.lease.check(in: tx)
            try intake.write(final, leaseEpoch: job.lease.epoch, in: tx)
            try job.lease.complete(in: tx)
        }
        return true
    }

    /// A turn could not be stored. A lost lease is another handler's affair; anything else is tried again with the job, and the last time
    /// fails the request with the reason.
    private func giveUp(_ run: RequestRun, _ fault: PAOError, _ job: ClaimedJob) async throws(PAOError) {
        log(.warning, "a turn of a request was not stored", ["request": .string(run.request.id), "error": .string(fault.description)])
        guard fault.code != .fenced, job.receives >= 2, var last = try load(job.subject), last.request.status == .inProgress else {
            throw fault
        }
        last.now = time.now()
        let failure = StepFailure("internal", "The appliance could not go on: \(fault.message)")
        for index in last.request.steps.indices where [.running, .verifying, .retrying].contains(last.request.steps[index].status) {
            last.endAttempt(index, failure)
            last.set(index, .failed, reason: failure.message)
        }
        if let failed = last.request.steps.first(where: { $0.status == .failed }) { try last.fail(at: failed.id) }
        let (intake, final) = (intake, last)
        try await store.write { tx throws(PAOError) in
            try job.lease.check(in: tx)
            try intake.write(final, leaseEpoch: job.lease.epoch, in: tx)
            try job.lease.complete(in: tx)
        }
    }

    private func load(_ rowID: String) throws(PAOError) -> RequestRun? {
        let (loader, now, room) = (intake.loader, time.now(), room)
        return try store.read { connection throws(PAOError) -> RequestRun? in
            guard let request = try RequestStore(connection).request(rowID: rowID) else { return nil }
            var run = try loader.run(of: request, now: now, in: connection)
            run.room = room
            return run
        }
    }
}

extension PAOError.Code {
    /// A person changed the request while a turn was decided; the turn is decided anew.
    static let superseded = Self(rawValue: "superseded")
}

extension RequestRun {
    /// Whether people have told the request to stop, or ended one of its tickets, since this run was loaded.
    func isOutdated(in connection: Connection) throws(PAOError) -> Bool {
        if !request.isStopping, try connection.first("SELECT 1 FROM service_requests WHERE id = ? AND stopping = 1", request.rowID) != nil {
            return true
        }
        let known = (tickets.values + [preCheck].compactMap { $0 }).map { ($0.rowID, $0.status) }
        guard !known.isEmpty else { return false }
        let store = TicketStore(connection)
        for (rowID, status) in known where try store.status(rowID: rowID) != status { return true }
        return false
    }

    /// Takes over what people changed; all else is only ever written by the run itself.
    mutating func adopt(_ fresh: RequestRun) {
        request.isStopping = fresh.request.isStopping
        request.stopReason = fresh.request.stopReason
        request.wantsCleanupTicket = fresh.request.wantsCleanupTicket
        request.wantsCompletionTicket = fresh.request.wantsCompletionTicket
        tickets = fresh.tickets
        preCheck = fresh.preCheck
        children = fresh.children
    }
}
