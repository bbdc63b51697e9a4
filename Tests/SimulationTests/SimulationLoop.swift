// DESIGN: one thread runs everything of a simulation.
//
// The Swift runtime hands every job that becomes ready to a hook (`swift_task_enqueueGlobal_hook`). Jobs that become ready on the thread of
// a loop stay with that loop; all others go their usual way. So no line of the shipped code knows of the simulation, and nothing can
// escape from it: a task, an actor's turn and a child of a group all end up in `ready`.
//
// A step takes one of the ready entries by the seed's choice and runs it to its next suspension. When none is ready, time jumps to the
// next event (a sleep that ends, a packet that arrives, a person who acts). Nothing else makes time pass, and nothing waits for real.
//
// A process that dies is forgotten: its ready entries and events are dropped, and what hangs on them is never run again, as after kill -9.
// That memory is not freed before the test process ends.

import Base
import Foundation
import Testing

final class SimulationLoop: SerialExecutor, @unchecked Sendable {
    /// Whose entry or event it is; the world's go on when the process dies.
    enum Owner: Equatable { case world, process }

    private enum Entry {
        case job(UnownedJob)
        case body(() -> Void)
    }

    private struct Event {
        let at: Duration
        let number: Int
        let owner: Owner
        let body: () -> Void
    }

    private var ready: [Entry] = []
    /// By time, then in the order they were asked for; the next one last.
    private var events: [Event] = []
    private var counted = 0
    var random: SeededRandom
    private(set) var trace = Trace()
    private(set) var steps = 0
    private(set) var notes: [String] = []
    var keepsNotes = false
    /// Since the simulation began.
    private(set) var now = Duration.zero

    init(seed: UInt64) { random = SeededRandom(seed) }

    // MARK: What becomes ready

    func enqueue(_ job: consuming ExecutorJob) { ready.append(.job(UnownedJob(job))) }

    fileprivate func take(_ job: UnownedJob) { ready.append(.job(job)) }

    /// A turn of the store's writer.
    func soon(_ body: @escaping () -> Void) { ready.append(.body(body)) }

    @discardableResult
    func after(_ delay: Duration, _ owner: Owner = .process, _ body: @escaping () -> Void) -> Int {
        counted += 1
        let event = Event(at: now + max(delay, .zero), number: counted, owner: owner, body: body)
        let place = events.partitioningIndex { ($0.at, $0.number) < (event.at, event.number) }
        events.insert(event, at: place)
        return counted
    }

    /// The event happens now instead of later; nothing when it has happened.
    func hasten(_ number: Int) {
        guard let index = events.firstIndex(where: { $0.number == number }) else { return }
        soon(events.remove(at: index).body)
    }

    /// The process is gone with all that it was doing.
    func forgetProcess() {
        ready.removeAll()
        events.removeAll { $0.owner == .process }
    }

    /// The end: nothing will happen any more.
    func forgetAll() {
        ready.removeAll()
        events.removeAll()
    }

    /// Part of the trace; kept as text where somebody wants to read it.
    func note(_ text: String) {
        trace.add(text)
        if keepsNotes { notes.append("\(steps) +\(now.milliseconds) ms \(text)") }
    }

    // MARK: Running

    /// False when nothing will ever happen again.
    func step() -> Bool {
        steps += 1
        if ready.isEmpty {
            guard let event = events.popLast() else { return false }
            now = max(now, event.at)
            trace.add(UInt64(now.milliseconds))
            event.body()
            return true
        }
        let index = random.below(ready.count)
        trace.add(UInt64(index) << 32 | UInt64(ready.count))
        ready.swapAt(index, ready.count - 1)
        switch ready.removeLast() {
        case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
        case .body(let body): body()
        }
        return true
    }

    /// Until the body says so; false when that needs more than `limit` steps or can never be.
    func run(limit: Int, until isDone: () -> Bool) -> Bool {
        let end = steps + limit
        while !isDone() {
            guard steps < end, step() else { return false }
        }
        return true
    }

    func run(for duration: Duration, limit: Int) -> Bool {
        var isOver = false
        after(duration, .world) { isOver = true }
        return run(limit: limit) { isOver }
    }

    /// Runs an asynchronous body to its end, before anything else is asked for. Throws what it throws.
    func complete<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
        let answer = Answer<Value>()
        Task { answer.result = await Result { try await body() } }
        guard run(limit: 1_000_000, until: { answer.result != nil }), let result = answer.result else { throw Stuck() }
        return try result.get()
    }

    private final class Answer<Value>: @unchecked Sendable {
        var result: Result<Value, any Error>?
    }

    struct Stuck: Error {}

    // MARK: Time

    static let start = Timestamp(milliseconds: 1_790_000_000_000)

    var time: TimeSource {
        TimeSource(
            now: { [self] in Self.start + now }, monotonic: { [self] in now },
            sleep: { [self] duration in
                try Task.checkCancellation()
                let sleep = Sleep()
                await withTaskCancellationHandler {
                    await withUnsafeContinuation { continuation in
                        sleep.number = after(duration) { continuation.resume() }
                    }
                } onCancel: {
                    if let number = sleep.number { hasten(number) }
                }
                try Task.checkCancellation()
            })
    }

    private final class Sleep: @unchecked Sendable {
        var number: Int?
    }

    var randomSource: RandomSource { RandomSource { [self] count in (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) } } }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

extension Array {
    /// The first index from which on the predicate holds; the array is ordered so that it holds from there to the end.
    func partitioningIndex(_ holds: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

// MARK: The thread

extension SimulationLoop {
    private typealias Original = @convention(thin) (UnownedJob) -> Void
    private typealias Hook = @convention(thin) (UnownedJob, Original) -> Void

    /// The loop of a thread, where it has one.
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// Set once, for the whole test process.
    private static let isHooked: Bool = {
        guard let symbol = dlsym(dlopen(nil, RTLD_LAZY), "swift_task_enqueueGlobal_hook") else { return false }
        symbol.assumingMemoryBound(to: Hook?.self).pointee = { job, original in
            guard let loop = pthread_getspecific(SimulationLoop.key) else { return original(job) }
            Unmanaged<SimulationLoop>.fromOpaque(loop).takeUnretainedValue().take(job)
        }
        return true
    }()

    /// A thread of its own that has the loop until the body returns.
    func onItsThread<Value: Sendable>(_ body: @escaping @Sendable (SimulationLoop) throws -> Value) async throws -> Value {
        try #require(Self.isHooked, "the Swift runtime has no hook for jobs")
        return try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { [self] in
                pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
                let result = Result { try body(self) }
                pthread_setspecific(Self.key, nil)
                continuation.resume(with: result)
            }
            thread.stackSize = 16 << 20
            thread.start()
        }
    }
}
