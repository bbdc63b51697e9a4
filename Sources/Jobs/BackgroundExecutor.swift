import Base
import Glibc
import Store

/// A thread (or several) for work that nobody waits for in this second. It is nice to the threads that answer: under load a new request is
/// acknowledged before old ones are carried on, and an idle machine runs both at full speed.
package final class BackgroundExecutor: TaskExecutor {
    /// A queue that gives up its front without moving the rest each time.
    private struct Queue: @unchecked Sendable {
        var jobs: [UnownedJob] = []
        var head = 0

        mutating func take() -> UnownedJob? {
            guard head < jobs.count else { return nil }
            let job = jobs[head]
            head += 1
            if head == jobs.count || head > 1024 {
                jobs.removeFirst(head)
                head = 0
            }
            return job
        }
    }

    /// As of `setpriority`: 0 is everybody's, 19 the nicest.
    private static let niceness: Int32 = 15

    /// Microseconds between two pieces of work while others are under pressure: it goes on, slowly.
    private static let restraint: UInt32 = 10_000

    private let queue = Monitor(Queue())
    private let mustStandBack: @Sendable () -> Bool

    /// The threads live as long as the process. `mustStandBack` is asked before each piece of work and must be quick.
    package init(threads: Int = 1, mustStandBack: @escaping @Sendable () -> Bool = { false }) {
        self.mustStandBack = mustStandBack
        for _ in 0..<threads { start() }
    }

    private func start() {
        _ = Thread.detached("pao-background") { [self] in
            // On Linux: of this thread alone.
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
            run()
        }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.change { $0.jobs.append(job) }
    }

    private func run() -> Never {
        while true {
            let job = queue.wait { $0.take() }
            if mustStandBack() { usleep(Self.restraint) }
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
