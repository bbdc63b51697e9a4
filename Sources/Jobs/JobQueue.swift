// DESIGN: jobs are rows, and a row is the only truth: what is not committed was not enqueued, claimed or finished.
//
// Order        by priority; within one by fair rank (start-time fair queuing between teams), so that a team with one job waits for one
//              job of each other team, not for all of them.
// Claim        one look at the queue in one transaction (`JobClaim`) gives leases to as many jobs as there is room for; each handler
//              then runs in a task of its own.
// Finish       the handler finishes its job by the lease, in the transaction that stores its results. A lease that was lost finishes
//              nothing (`fenced`), and the transaction is undone with it.
// Failure      a handler that throws, or returns without having finished, gives the job back: it waits (backoff) and counts a receive;
//              after the last one it is dead until a person re-drives it.
// Crash        at start all leases are freed at once, without counting a receive. A job may thus run again after its handler has done
//              everything but commit: handlers write their intent first.
// Waiting      the loop sleeps until it is woken (a commit that enqueued, a handler that ended) or until the time of the earliest delayed
//              job, lease expiry or renewal. The pause is bounded only because the wall clock may jump.
// Clock        leases of running handlers are renewed by the monotonic clock. When the wall clock was set back, all that waits is looked at
//              once: a wait of seconds must not become one of days.

package import Base
package import Store
import Synchronization

package actor JobQueue {
    /// Finishes the job by `job.lease`. What it throws is kept with the job.
    package typealias Handler = @Sendable (_ job: ClaimedJob) async throws -> Void

    private struct Running {
        let job: ClaimedJob
        let task: Task<Void, Never>
    }

    private static let longestPause = Duration.seconds(60)
    /// After the store has failed.
    private static let pauseAfterFailure = Duration.seconds(1)

    private nonisolated let store: Store
    private nonisolated let time: TimeSource
    private nonisolated let ids: IdentifierSource
    private nonisolated let log: Log
    private nonisolated let options: JobOptions
    private nonisolated let handlers = Mutex<[String: Handler]>([:])
    private nonisolated let hastened = Mutex<[NewJob]>([])
    private nonisolated let wakeUps: AsyncStream<Void>
    private nonisolated let signal: AsyncStream<Void>.Continuation

    /// By lease, since a job that was rescheduled may be claimed again before its handler has returned.
    private var running: [ObjectIdentifier: Running] = [:]
    private var loop: Task<Void, Never>?
    private var timer: Task<Void, Never>?
    /// By the monotonic clock.
    private var lastRenewal = Duration.zero
    /// By the wall clock.
    private var lastLook = Timestamp(milliseconds: 0)
    private var idleWaiters: [CheckedContinuation<Void, Never>] = []

    package init(store: Store, time: TimeSource, ids: IdentifierSource, log: Log, options: JobOptions = .init()) {
        self.store = store
        self.time = time
        self.ids = ids
        self.log = log
        self.options = options
        // One wake-up kept is enough: it makes the loop look at everything.
        (wakeUps, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    deinit {
        signal.finish()
        timer?.cancel()
    }

    // MARK: Enqueuing

    /// Becomes visible, and wakes the queue, with the commit of the transaction. False when a live job of that kind and subject is there
    /// already: a waiting one keeps its payload and takes the earlier time; a running one runs again after it has finished.
    @discardableResult
    package nonisolated func enqueue(_ job: NewJob, in tx: Connection) throws(PAOError) -> Bool {
        let isNew = try JobTable.insert(job, id: ids.uuid(), in: tx)
        tx.afterCommit(wake)
        return isNew
    }

    /// Enqueues with the next look at the queue, without a transaction of the caller's. A crash forgets it: for jobs that are parked.
    package nonisolated func hasten(_ job: NewJob) {
        hastened.withLock { $0.append(job) }
        wake()
    }

    /// Returns how many were hastened; `forgetHastened` that many after the commit.
    nonisolated func enqueueHastened(in tx: Connection) throws(PAOError) -> Int {
        let jobs = hastened.withLock { $0 }
        for job in jobs { try enqueue(job, in: tx) }
        return jobs.count
    }

    nonisolated func forgetHastened(_ count: Int) { hastened.withLock { $0.removeFirst(count) } }

    /// Removes a job that waits; true when there was one. A running one is its handler's affair.
    @discardableResult
    package nonisolated func removeWaiting(kind: String, subject: String, in tx: Connection) throws(PAOError) -> Bool {
        try JobTable.removeWaiting(kind: kind, subject: subject, in: tx)
    }

    /// One handler per kind, before `start`.
    package nonisolated func register(_ kind: String, _ handler: @escaping Handler) {
        handlers.withLock { $0[kind] = handler }
    }

    nonisolated func handler(of kind: String) -> Handler? { handlers.withLock { $0[kind] } }

    /// Looks at the queue soon.
    private nonisolated var wake: @Sendable () -> Void {
        { [signal] in _ = signal.yield() }
    }

    // MARK: Running

    /// Frees the leases of the process before this one and begins to work. Throws what the store throws.
    package func start() async throws(PAOError) {
        guard loop == nil else { return }
        lastLook = time.now()
        let freed = try await store.write { tx throws(PAOError) -> Int in
            let freed = try JobClaim.freeAll(in: tx)
            try JobFailpoint.freeing.reach()
            return freed
        }
        if freed > 0 { log(.info, "jobs of the process before are taken up again", ["jobs": .int(freed)]) }
        lastRenewal = time.monotonic()
        loop = Task { [weak self, wakeUps] in
            for await _ in wakeUps { await self?.turn() }
        }
        signal.yield()
    }

    /// Claims nothing more and waits for the handlers that run; after the time those left are cancelled, and their jobs are taken up by
    /// the next start. True when none was left. The queue cannot be started again.
    package func drain(timeout: Duration) async -> Bool {
        signal.finish()
        await loop?.value
        timer?.cancel()
        let deadline = Task { [time] in
            try? await time.sleep(timeout)
            if !Task.isCancelled { self.stopWaiting() }
        }
        if !running.isEmpty { await withCheckedContinuation { idleWaiters.append($0) } }
        deadline.cancel()
        for entry in running.values { entry.task.cancel() }
        return running.isEmpty
    }

    private func stopWaiting() {
        for waiter in idleWaiters { waiter.resume() }
        idleWaiters = []
    }

    /// Handlers that run now.
    package var runningCount: Int { running.count }

    private func turn() async {
        timer?.cancel()
        var pause = Self.pauseAfterFailure
        do throws(PAOError) {
            try await renewIfDue()
            pause = try await claim()
        } catch {
            guard store.isOpen else { return }
            log(.error, "the job queue cannot reach its table", ["error": .string(error.description)])
        }
        timer = Task { [time, signal] in
            try? await time.sleep(pause)
            if !Task.isCancelled { signal.yield() }
        }
    }

    /// Whether the wall clock stands before where it stood when the queue was last looked at.
    private func noticeSettingBack() -> Bool {
        let now = time.now()
        defer { lastLook = now }
        return now + JobClaim.tolerance < lastLook
    }

    private var untilRenewal: Duration {
        running.isEmpty ? Self.longestPause : lastRenewal + options.lease / 3 - time.monotonic()
    }

    /// Returns how long to wait when nothing wakes the loop.
    private func claim() async throws(PAOError) -> Duration {
        // A handler's end wakes the loop; what is enqueued until then need not be looked at.
        guard running.count < options.running else { return max(.milliseconds(1), untilRenewal) }
        let claim = JobClaim(free: options.running - running.count, held: running.values.map(\.job.id), options: options)
        let wasSetBack = noticeSettingBack()
        let (hastened, outcome) = try await store.write { tx throws(PAOError) in
            if wasSetBack { try JobClaim.recall(in: tx) }
            return (try self.enqueueHastened(in: tx), try claim.run(in: tx))
        }
        forgetHastened(hastened)
        if !outcome.jobs.isEmpty { JobFailpoint.leased.pass() }
        for job in outcome.jobs {
            running[ObjectIdentifier(job.lease)] = Running(
                job: job, task: Task(executorPreference: options.executor, priority: .utility) { await self.run(job) })
        }
        if outcome.isPartial { signal.yield() }
        let untilNext = outcome.next.map { $0 - time.now() } ?? Self.longestPause
        return max(.milliseconds(1), min(untilNext, untilRenewal, Self.longestPause))
    }

    private func run(_ job: ClaimedJob) async {
        let failure = await perform(job)
        if !job.lease.isFinished { await giveBack(job, failure) }
        running[ObjectIdentifier(job.lease)] = nil
        signal.yield()
        if running.isEmpty { stopWaiting() }
    }

    private nonisolated func perform(_ job: ClaimedJob) async -> PAOError {
        guard let handler = handler(of: job.kind) else {
            return PAOError(.internal, "There is no handler for jobs of kind \(job.kind).")
        }
        do {
            try await handler(job)
            return PAOError(.internal, "The handler ended without finishing the job.")
        } catch {
            return .wrapping(error)
        }
    }

    /// Tried until it is stored: a job that is not given back would wait for the end of its lease. Not beyond the end of the store.
    private func giveBack(_ job: ClaimedJob, _ failure: PAOError) async {
        while await !isGivenBack(job, failure), store.isOpen, !Task.isCancelled { try? await time.sleep(Self.pauseAfterFailure) }
    }

    private func isGivenBack(_ job: ClaimedJob, _ failure: PAOError) async -> Bool {
        let options = options
        do throws(PAOError) {
            let isDead = try await store.write { tx throws(PAOError) in
                try JobClaim.giveBack(job.lease, receives: job.receives + 1, error: failure.description, options: options, in: tx)
            }
            log(
                isDead ? .error : .warning, isDead ? "job is dead" : "job will be tried again",
                ["job": .string(job.id), "kind": .string(job.kind), "subject": .string(job.subject), "error": .string(failure.description)])
            return true
        } catch {
            log(.error, "job could not be given back", ["job": .string(job.id), "error": .string(error.description)])
            return false
        }
    }

    private func renewIfDue() async throws(PAOError) {
        guard time.monotonic() >= lastRenewal + options.lease / 3 else { return }
        let leases = running.values.filter { !$0.job.lease.isFinished }.map(\.job.lease)
        let duration = options.lease
        let lost = try await store.write { tx throws(PAOError) in
            var lost: [Lease] = []
            for lease in leases where try !JobTable.renew(lease, until: tx.timestamp + duration, in: tx) { lost.append(lease) }
            return lost
        }
        lastRenewal = time.monotonic()
        for lease in lost where !lease.isFinished { cancel(lease) }
    }

    private func cancel(_ lease: Lease) {
        guard let entry = running[ObjectIdentifier(lease)] else { return }
        log(.warning, "lease lost", ["job": .string(lease.jobID), "kind": .string(entry.job.kind)])
        entry.task.cancel()
    }

    // MARK: Looking after

    /// The newest first.
    package nonisolated func deadJobs(limit: Int = 100) throws(PAOError) -> [DeadJob] {
        try store.read { tx throws(PAOError) in try JobTable.dead(limit: limit, in: tx) }
    }

    /// Gives a dead job its receives back and queues it. Throws `notFound`, and `conflict` when a live one of its kind and subject is there.
    package nonisolated func redrive(_ id: String, in tx: Connection) throws(PAOError) {
        guard try JobTable.redrive(id, in: tx) else { throw PAOError(.notFound, "There is no dead job \(id).") }
        tx.afterCommit(wake)
    }

    /// Forgets dead jobs of before that time; how many.
    package nonisolated func removeDead(before time: Timestamp, in tx: Connection) throws(PAOError) -> Int {
        try JobTable.removeDead(before: time, in: tx)
    }

    package nonisolated func statistics() throws(PAOError) -> JobStatistics {
        try store.read { tx throws(PAOError) in try JobTable.statistics(in: tx) }
    }
}
