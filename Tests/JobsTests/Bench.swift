import Base
import Foundation
import Jobs
import Store
import Synchronization
import Testing

/// A queue on a real store with a clock of the test's own.
final class Bench: Sendable {
    let clock = TestClock()
    let store: Store
    private let directory: String
    private let bytes = Mutex(0)

    init() throws {
        directory = NSTemporaryDirectory() + "jobs-test-" + UUID().uuidString
        let migrations = [
            Migration(number: 1, name: "jobs", sql: JobSchema.sql + JobSchema.parked), Migration(number: 2, name: "done", sql: Self.done),
        ]
        var options = StoreOptions()
        options.synchronous = .off
        store = try Store(directory: directory, migrations: migrations, options: options, time: clock.source, log: .silent)
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(atPath: directory)
    }

    private static let done = "CREATE TABLE done (position INTEGER PRIMARY KEY, subject TEXT NOT NULL) STRICT"

    func queue(_ options: JobOptions = .init()) -> JobQueue {
        let ids = IdentifierSource(time: clock.source, random: RandomSource { RandomSource.system.bytes($0) })
        return JobQueue(store: store, time: clock.source, ids: ids, log: .silent, options: options)
    }

    /// A queue whose jobs of kind `note` write their subject into a table, in the transaction that completes them.
    func notingQueue(running: Int = 1) -> JobQueue {
        var options = JobOptions()
        options.running = running
        let queue = queue(options)
        queue.register("note") { [store] job in try await store.note(job) }
        return queue
    }

    /// Moves the clock on, second by second, until the condition holds.
    func eventually(step: Duration = .zero, _ condition: () async throws -> Bool, line: Int = #line) async throws {
        let limit = ContinuousClock.now + .seconds(20)
        while try await !condition() {
            guard ContinuousClock.now < limit else { throw PAOError(.internal, "did not happen (line \(line))") }
            if step > .zero { clock.advance(by: step) }
            for _ in 0..<20 { await Task.yield() }
        }
    }

    func add(_ jobs: [NewJob], to queue: JobQueue) async throws {
        try await store.write { tx throws(PAOError) in
            for job in jobs { try queue.enqueue(job, in: tx) }
        }
    }

    var done: [String] {
        get throws {
            try store.read { tx throws(PAOError) in try tx.rows("SELECT subject FROM done ORDER BY position").map { $0.text(0) } }
        }
    }

    /// `column` of the only job.
    func job(_ column: String) throws -> SQLValue {
        try store.read { tx throws(PAOError) in try tx.rows("SELECT \(column) FROM jobs").first?[0] ?? .null }
    }
}

extension Store {
    func note(_ job: ClaimedJob) async throws(PAOError) {
        try await write { tx throws(PAOError) in
            try tx.run("INSERT INTO done (subject) VALUES (?)", job.subject)
            try job.lease.complete(in: tx)
        }
    }
}

func note(_ subject: String, team: String = "a", _ priority: JobPriority = .start, at: Timestamp? = nil) -> NewJob {
    NewJob(kind: "note", subject: subject, team: team, priority: priority, runAt: at)
}

/// Holds handlers until it is opened.
actor Door {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private(set) var entered: [String] = []

    func pass(_ name: String) async {
        entered.append(name)
        guard !isOpen else { return }
        await withCheckedContinuation { waiting.append($0) }
    }

    func open() {
        isOpen = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}

final class Record<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])
    var all: [Element] { elements.withLock { $0 } }
    func append(_ element: Element) { elements.withLock { $0.append(element) } }
}

func code<T>(_ body: () async throws -> T) async -> PAOError.Code? {
    do {
        _ = try await body()
        return nil
    } catch {
        return PAOError.wrapping(error).code
    }
}
