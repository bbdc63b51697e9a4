// DESIGN: the engine
//
// One job of kind `request` per request that has something to do. Its handler loads the request, then turns until nothing is left to
// do now: decide (`RequestRun`, a value), write all decisions in one transaction under the job's lease, and only then send. So
//   - an intent is durable before its call leaves, and a result is stored together with what follows from it;
//   - exactly one handler advances a request at a time: a lost lease refuses the transaction (`fenced`) and the turn has not happened;
//   - a process killed at any instant leaves rows from which the next start goes on: `intent` without result is settled, not repeated.
// Steps of a parallel sequence run at once inside the same handler; their results are taken in one by one.
// Nothing waits in memory: a retry or a poll that is due later becomes the job's next time, a ticket ends the job until it is resolved.

package import Base
package import Catalog
import Identity
package import Integrations
package import Jobs
package import Store
import Synchronization

package final class Engine: Sendable {
    /// The kind of the jobs that advance requests.
    package static let jobKind = "request"

    let store: Store
    let jobs: JobQueue
    let catalog: Catalog
    let recorder: Recorder
    let http: HTTPTransport
    let time: TimeSource
    let log: Log
    let settings: RunSettings
    /// A secret's value by its name, for sending only. Throws `notFound`.
    let secret: @Sendable (String) async throws(PAOError) -> String
    let breakers: CircuitBreakers
    let tokens: OAuth2TokenCache

    package init(
        store: Store, jobs: JobQueue, catalog: Catalog, recorder: Recorder, http: HTTPTransport, time: TimeSource, log: Log,
        settings: RunSettings, secret: @escaping @Sendable (String) async throws(PAOError) -> String
    ) {
        self.store = store
        self.jobs = jobs
        self.catalog = catalog
        self.recorder = recorder
        self.http = http
        self.time = time
        self.log = log
        self.settings = settings
        self.secret = secret
        breakers = CircuitBreakers(time: time)
        tokens = OAuth2TokenCache(http: http, time: time)
        jobs.register(Self.jobKind) { [self] job in try await advance(job) }
    }

    /// Asks for a request to be looked at, in the transaction of whatever changed.
    package static func enqueue(
        _ request: ServiceRequest, priority: JobPriority, at time: Timestamp? = nil, jobs: JobQueue, in tx: Connection
    ) throws(PAOError) {
        try jobs.enqueue(
            NewJob(kind: jobKind, subject: request.rowID, team: request.requester.team, priority: priority, runAt: time), in: tx)
    }

    // MARK: Turning

    private func advance(_ job: ClaimedJob) async throws(PAOError) {
        guard var run = try load(job.subject) else {
            return try await store.write { tx throws(PAOError) in try job.lease.complete(in: tx) }
        }
        if try await waitsForConcurrency(run, job) { return }
        await withTaskGroup(of: Landing.self) { group in
            var landing: Landing?
            while true {
                do throws(PAOError) {
                    let launches = try await turn(&run, landing, job.lease)
                    for launch in launches { group.addTask { await self.fly(launch) } }
                } catch {
                    log(.warning, "a turn of a request was not stored", ["request": .string(run.request.id), "error": .string(error.description)])
                    return
                }
                if run.inFlight.isEmpty { return }
                landing = await group.next()
            }
        }
        guard job.lease.isFinished else {
            throw PAOError(.internal, "The request \(run.request.id) could not be advanced.")
        }
    }

    /// What a call led to.
    struct Landing: Sendable {
        var stepRowID: String
        var outcome: RequestRun.Outcome
        var lines: [RunChanges.LogLine]
    }

    /// One decision, one transaction. Throws what the store throws; then nothing of it has happened.
    private func turn(_ run: inout RequestRun, _ landing: Landing?, _ lease: Lease) async throws(PAOError) -> [RequestRun.Launch] {
        while true {
            var next = run
            next.now = time.now()
            var launches: [RequestRun.Launch] = []
            if let landing {
                next.changes.logLines += landing.lines
                if let launch = next.apply(landing.outcome, to: landing.stepRowID) { launches.append(launch) }
            }
            launches += try next.launches()
            let rest = next.inFlight.isEmpty ? next.rest : nil
            do throws(PAOError) {
                try await commit(next, rest, lease)
            } catch where error.code == .superseded {
                run.request.isStopping = true
                run.request.stopReason = error.detail
                continue
            }
            next.changes = RunChanges()
            run = next
            return launches
        }
    }

    private func commit(_ run: RequestRun, _ rest: RequestRun.Rest?, _ lease: Lease) async throws(PAOError) {
        if run.changes.isEmpty, rest == nil { return }
        let recorder = recorder
        let jobs = jobs
        try await store.write { tx throws(PAOError) in
            try lease.check(in: tx)
            if !run.request.isStopping, let row = try tx.first("SELECT stop_reason FROM service_requests WHERE id = ? AND stopping = 1", run.request.rowID), run.request.status != .aborted {
                throw PAOError(.superseded, "The request was told to stop.", detail: row.text(0))
            }
            try recorder.write(run, leaseEpoch: lease.epoch, in: tx)
            if let key = run.changes.releasedKey { try Self.wakeNext(key, jobs: jobs, in: tx) }
            switch rest {
            case nil: break
            case .done?: try lease.complete(in: tx)
            case .until(let time)?: try lease.reschedule(in: tx, at: time)
            }
        }
    }

    // MARK: Calling

    /// Carries out one launch. Never throws: whatever happens is an outcome.
    private func fly(_ launch: RequestRun.Launch) async -> Landing {
        let lines = Mutex<[RunChanges.LogLine]>([])
        let (time, actionID) = (time, launch.input.action.id)
        let http = http.guarded(by: breakers)
        let (instances, tokens) = (settings.environment.jira, tokens)
        let tools = ActionTools(
            http: http, time: time,
            log: { text in
                let at = time.now()
                lines.withLock { $0.append(.init(actionID: actionID, attempt: nil, level: "info", message: text, at: at)) }
            }, timeout: launch.timeout, doubtAge: launch.doubtAge,
            jira: { name in
                instances[name].map { JiraClient(instance: $0, http: http, tokens: tokens, time: time, timeout: launch.timeout) }
            }, services: settings.environment.services, tokens: tokens, memory: launch.input.memory, attempt: launch.input.attempt)
        let outcome = await outcome(of: launch, tools)
        return Landing(stepRowID: launch.stepRowID, outcome: outcome, lines: lines.withLock { $0 })
    }

    private func outcome(of launch: RequestRun.Launch, _ tools: ActionTools) async -> RequestRun.Outcome {
        let effect: PreparedEffect
        do throws(StepFailure) {
            effect = try await revealed(launch)
        } catch {
            return .result(.failed(error))
        }
        switch launch.work {
        case .perform: return .result(await launch.type.perform(effect, tools))
        case .poll(let reference): return .result(await launch.type.poll(effect, reference: reference, tools))
        case .settle: return .settlement(await launch.type.settle(effect, tools))
        }
    }

    /// The effect with its secrets filled in; never stored.
    private func revealed(_ launch: RequestRun.Launch) async throws(StepFailure) -> PreparedEffect {
        guard launch.isProtected else { return launch.effect }
        var secrets: [String: String] = [:]
        for name in launch.secretNames {
            do throws(PAOError) {
                secrets[name] = try await secret(name)
            } catch {
                throw StepFailure("secret", "The secret \(name) cannot be read: \(error.message)")
            }
        }
        var input = launch.input
        input.scope = input.scope.revealed(.init(secrets: secrets, open: settings.open))
        return try launch.type.prepare(input)
    }

    // MARK: Loading

    private func load(_ rowID: String) throws(PAOError) -> RequestRun? {
        let (loader, now) = (RunLoader(catalog: catalog, settings: settings), time.now())
        return try store.read { connection throws(PAOError) -> RequestRun? in
            guard let request = try RequestStore(connection).request(rowID: rowID) else { return nil }
            return try loader.run(of: request, now: now, in: connection)
        }
    }

    // MARK: One at a time per concurrency key

    /// A request whose key is taken stays queued; the end of the one before wakes it.
    private func waitsForConcurrency(_ run: RequestRun, _ job: ClaimedJob) async throws(PAOError) -> Bool {
        guard let key = run.request.concurrencyKey, run.request.status == .queued else { return false }
        let id = run.request.rowID
        return try await store.write { tx throws(PAOError) -> Bool in
            let holder = try tx.first(
                """
                SELECT 1 FROM service_requests WHERE concurrency_key = ? AND id <> ?
                  AND (status IN ('in_progress','resuming') OR (status = 'queued' AND id < ?)) LIMIT 1
                """, key, id, id)
            if holder != nil { try job.lease.complete(in: tx) }
            return holder != nil
        }
    }

    static func wakeNext(_ key: String, jobs: JobQueue, in tx: Connection) throws(PAOError) {
        let row = try tx.first(
            """
            SELECT id, requester_team FROM service_requests WHERE concurrency_key = ? AND status = 'queued' ORDER BY created_at, id LIMIT 1
            """, key)
        guard let row else { return }
        try jobs.enqueue(NewJob(kind: jobKind, subject: row.text(0), team: row.text(1), priority: .start), in: tx)
    }
}

extension PAOError.Code {
    /// A person changed the request while a turn was decided; the turn is decided anew.
    static let superseded = Self(rawValue: "superseded")
}
