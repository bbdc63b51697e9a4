// DESIGN: one thread owns the only connection that writes or checkpoints (SQLite before 3.51.3 can damage a database when two do so at
// the same instant). Callers queue closures; the thread opens a transaction, runs closures until none waits or the batch is full (count
// or time), and commits with one fsync for all of them.
//
// Order        closures run in the order in which they were queued; hooks run in that order after the commit; then callers go on.
//              Those of background tasks stand back behind the others, but one of them goes into each commit.
// Durability   a caller goes on only after the fsync that covers its change (with `synchronous` full). A crash before it loses the
//              whole batch, none of whose callers has been answered; a crash after it loses nothing.
// Isolation    a closure that throws is undone alone and gets its error; the others are not touched, but all see what those before
//              them in the batch have written. Most batches have no such closure, and a savepoint for each would copy every page it
//              touches; so a batch runs without them, and only when one of several closures throws it is undone as a whole and run
//              once more with savepoints. Closures therefore have no effect but on the database. Errors too are delivered after the
//              commit, since they may rest on what it writes.
// Failure      a commit that fails, or a transaction that SQLite gives up by itself (full disk, I/O), fails the whole batch.
// Checkpoints  after callers have been answered: passive from `checkpointPages`; when readers keep the log from being reused until it has
//              `truncatePages`, one that waits for them a moment, and after a failed try only at the double length.
// Idle         the thread sleeps on a condition variable.
// Turns        where options say so there is no thread: whoever queues asks for a turn, and a turn is one round of what the thread
//              does, for all that waits by then. All of it is then on the thread that hands out turns.

import Base
import Glibc
import Synchronization

/// A closure with what becomes of it. `settle` is called once: with nil after the commit, else with the reason.
struct Submission: Sendable {
    let isBackground: Bool
    let perform: @Sendable (Connection) throws(PAOError) -> Void
    let settle: @Sendable (PAOError?) -> Void
}

final class Writer: @unchecked Sendable {
    private struct Queue {
        var waiting: [Submission] = []
        var background: [Submission] = []
        var isClosed = false

        var isEmpty: Bool { waiting.isEmpty && background.isEmpty }
    }

    private static let checkpointPages = 4000
    private static let truncatePages = 16_000
    /// Closures of background tasks in a commit that others wait for.
    private static let backgroundShare = 1
    /// Others in one commit that are a burst, and how long it counts as one.
    private static let burst = 4
    private static let pressure = Duration.milliseconds(20)

    private let connection: Connection
    private let options: StoreOptions
    private let time: TimeSource
    private let queue = Monitor(Queue())
    private let counters = Counters()
    /// Milliseconds of the monotonic clock.
    private let pressedUntil = Atomic(0)
    private let logPages = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    private let thread = Mutex<Thread?>(nil)
    /// In turns only: one is being taken.
    private var isInTurn = false
    /// Taken from the queue and not yet run, last first; touched by the thread only.
    private var taken: [Submission] = []
    private var takenBackground: [Submission] = []
    private var nextTruncation = truncatePages

    /// The connection belongs to the thread from here until `stop` has returned.
    init(_ connection: Connection, options: StoreOptions, time: TimeSource) throws(PAOError) {
        self.connection = connection
        self.options = options
        self.time = time
        logPages.initialize(to: 0)
        connection.reportLogLength(to: logPages)
        guard case .thread = options.execution else { return }
        let thread = try Thread("pao-writer") { [self] in run() }
        self.thread.withLock { $0 = thread }
    }

    deinit {
        connection.close()
        logPages.deallocate()
    }

    /// Whether a closure that runs now is asking.
    var isCurrentThread: Bool { isInTurn || thread.withLock { $0?.isCurrent ?? false } }

    /// After `stop` the submission is settled at once with `unavailable`.
    func submit(_ submission: Submission) {
        let isAccepted = queue.change { queue in
            if queue.isClosed { return false }
            if submission.isBackground { queue.background.append(submission) } else { queue.waiting.append(submission) }
            return true
        }
        guard isAccepted else { return submission.settle(.storeIsClosed) }
        counters.queued.add(1, ordering: .relaxed)
        askForTurn()
    }

    /// Runs what was accepted, then ends the thread. To be called once.
    func stop() {
        queue.change { $0.isClosed = true }
        takeTurns()
        thread.withLock { $0 }?.join()
    }

    // MARK: In turns

    private func askForTurn() {
        guard case .turns(let schedule) = options.execution else { return }
        schedule { [self] in takeTurn() }
    }

    /// What was asked for in vain, since a turn before took all there was, does nothing.
    private func takeTurn() {
        guard !isInTurn, let first = takeIfAny(background: true) else { return }
        isInTurn = true
        commitBatch(startingWith: first)
        checkpointIfDue()
        isInTurn = false
    }

    /// Until nothing waits; does nothing where a thread does it.
    func takeTurns() {
        guard case .turns = options.execution else { return }
        while !isInTurn, !taken.isEmpty || !takenBackground.isEmpty || queue.change({ !$0.isEmpty }) { takeTurn() }
    }

    /// Only after `stop`, and when no reader is left.
    func closeConnection() {
        checkpoint(.truncate)
        connection.close()
    }

    var statistics: StoreStatistics { counters.statistics }

    /// A moment ago more callers waited for one commit than come together but in a burst.
    var isPressed: Bool { time.monotonic().milliseconds < pressedUntil.load(ordering: .relaxed) }

    private func run() {
        while let first = takeWaiting() {
            commitBatch(startingWith: first)
            checkpointIfDue()
        }
    }

    /// nil when the queue is closed and empty.
    private func takeWaiting() -> Submission? {
        if taken.isEmpty, takenBackground.isEmpty {
            queue.wait { (queue) -> Void? in
                guard !queue.isEmpty || queue.isClosed else { return nil }
                take(from: &queue)
                return ()
            }
        }
        return takeIfAny(background: true)
    }

    private func takeIfAny(background: Bool) -> Submission? {
        if taken.isEmpty { queue.change { take(from: &$0) } }
        return taken.popLast() ?? (background ? takenBackground.popLast() : nil)
    }

    private func take(from queue: inout Queue) {
        taken = queue.waiting.reversed()
        queue.waiting.removeAll(keepingCapacity: true)
        guard takenBackground.isEmpty else { return }
        takenBackground = queue.background.reversed()
        queue.background.removeAll(keepingCapacity: true)
    }

    private typealias Outcome = (submission: Submission, error: PAOError?)

    private func commitBatch(startingWith first: Submission) {
        var hooks: [@Sendable () -> Void] = []
        do throws(PAOError) {
            try connection.run("BEGIN IMMEDIATE")
        } catch {
            return settle([(first, error)], failure: nil)
        }
        var outcomes = runTogether(startingWith: first, hooks: &hooks)
        if outcomes.last?.error != nil {
            connection.rollBack()
            hooks = []
            if outcomes.count == 1 { return settle(outcomes, failure: nil) }
            outcomes = runOneByOne(outcomes.map(\.submission), hooks: &hooks)
        }
        let failure = commit(lastError: outcomes.last?.error)
        if failure == nil {
            counters.countCommit(of: outcomes.count)
            let foreground = outcomes.count { !$0.submission.isBackground }
            if foreground >= Self.burst { pressedUntil.store((time.monotonic() + Self.pressure).milliseconds, ordering: .relaxed) }
            for hook in hooks { hook() }
        }
        settle(outcomes, failure: failure)
    }

    /// Until none waits, the batch is full, or one throws.
    private func runTogether(startingWith first: Submission, hooks: inout [@Sendable () -> Void]) -> [Outcome] {
        var outcomes: [Outcome] = []
        let deadline = time.monotonic() + options.batchDuration
        var next: Submission? = first
        var background = 0
        while let submission = next {
            outcomes.append((submission, perform(submission, isAlone: true, hooks: &hooks)))
            guard outcomes.last?.error == nil, connection.isInTransaction else { break }
            if submission.isBackground { background += 1 }
            let mayTakeBackground = background == outcomes.count || background < Self.backgroundShare
            next = outcomes.count < options.batchLimit && time.monotonic() < deadline ? takeIfAny(background: mayTakeBackground) : nil
        }
        return outcomes
    }

    private func runOneByOne(_ submissions: [Submission], hooks: inout [@Sendable () -> Void]) -> [Outcome] {
        do throws(PAOError) {
            try connection.run("BEGIN IMMEDIATE")
        } catch {
            return submissions.map { ($0, error) }
        }
        var outcomes: [Outcome] = []
        for submission in submissions {
            guard connection.isInTransaction else {
                outcomes.append((submission, outcomes.last?.error ?? .storeIsClosed))
                continue
            }
            outcomes.append((submission, perform(submission, isAlone: false, hooks: &hooks)))
        }
        return outcomes
    }

    /// `isAlone`: what throws ends the whole transaction, so that no savepoint is needed.
    private func perform(_ submission: Submission, isAlone: Bool, hooks: inout [@Sendable () -> Void]) -> PAOError? {
        connection.timestamp = time.now()
        connection.hooks = []
        defer { connection.hooks = [] }
        do throws(PAOError) {
            if isAlone { try connection.checked(submission.perform) } else { try connection.savepoint(submission.perform) }
            hooks += connection.hooks
            return nil
        } catch {
            return error
        }
    }

    /// Why nothing of the batch was stored; nil when it was.
    private func commit(lastError: PAOError?) -> PAOError? {
        guard connection.isInTransaction else {
            return lastError ?? PAOError(.internal, "Something went wrong inside the server.", detail: "a closure ended the transaction")
        }
        do throws(PAOError) {
            try StoreFailpoint.beforeCommit.reach()
            try connection.run("COMMIT")
            StoreFailpoint.afterCommit.pass()
            return nil
        } catch {
            connection.rollBack()
            return error
        }
    }

    private func settle(_ outcomes: [(submission: Submission, error: PAOError?)], failure: PAOError?) {
        counters.queued.subtract(outcomes.count, ordering: .relaxed)
        for outcome in outcomes { outcome.submission.settle(outcome.error ?? failure) }
    }

    private func checkpointIfDue() {
        let pages = logPages.pointee
        if pages >= nextTruncation {
            let isDone = checkpoint(.truncate)
            logPages.pointee = isDone ? 0 : pages
            nextTruncation = isDone ? Self.truncatePages : pages * 2
        } else if pages >= Self.checkpointPages {
            checkpoint(.passive)
        }
    }

    @discardableResult
    private func checkpoint(_ kind: Connection.Checkpoint) -> Bool {
        StoreFailpoint.beforeCheckpoint.pass()
        defer { StoreFailpoint.afterCheckpoint.pass() }
        return connection.checkpoint(kind)
    }
}

extension PAOError {
    static let storeIsClosed = PAOError(.unavailable, "The server is shutting down.", retryAfter: 5)
}
