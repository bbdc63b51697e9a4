package import Base

/// Work of this process that recurs, such as looking for a new catalog. Nothing of it is stored: what must survive a crash is a job.
package struct Schedule: Sendable {
    package let name: String
    /// From the end of one run to the start of the next, so that runs never overlap.
    package let every: Duration
    /// Up to this part of `every` is added at random, so that servers do not call the same host at the same moment.
    package let jitter: Double
    package let runsAtStart: Bool
    package let body: @Sendable () async throws -> Void

    package init(
        _ name: String, every: Duration, jitter: Double = 0.1, runsAtStart: Bool = false, body: @escaping @Sendable () async throws -> Void
    ) {
        self.name = name
        self.every = every
        self.jitter = jitter
        self.runsAtStart = runsAtStart
        self.body = body
    }
}

/// Runs schedules until it is stopped. A run that throws is logged, and the next one comes as if it had not.
package actor Scheduler {
    private let time: TimeSource
    private let random: RandomSource
    private let log: Log
    private var tasks: [Task<Void, Never>] = []

    package init(time: TimeSource, random: RandomSource, log: Log) {
        self.time = time
        self.random = random
        self.log = log
    }

    package func add(_ schedule: Schedule) {
        tasks.append(Task { [time, random, log] in await Self.run(schedule, time: time, random: random, log: log) })
    }

    /// Cancels what runs and waits for its end.
    package func stop() async {
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        tasks = []
    }

    private static func run(_ schedule: Schedule, time: TimeSource, random: RandomSource, log: Log) async {
        if schedule.runsAtStart { await runOnce(schedule, log: log) }
        while !Task.isCancelled {
            let pause = schedule.every + schedule.every * (schedule.jitter * random.fraction())
            do { try await time.sleep(pause) } catch { return }
            await runOnce(schedule, log: log)
        }
    }

    private static func runOnce(_ schedule: Schedule, log: Log) async {
        do {
            try await schedule.body()
        } catch {
            guard !Task.isCancelled else { return }
            log(.error, "scheduled work failed", ["schedule": .string(schedule.name), "error": .string("\(PAOError.wrapping(error))")])
        }
    }
}
