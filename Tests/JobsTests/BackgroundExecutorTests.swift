import Base
import Glibc
import Jobs
import Synchronization
import Testing

@Suite struct BackgroundExecutorTests {
    /// Pieces of work that begin one after another, each on the executor.
    private func work(_ pieces: Int, on executor: BackgroundExecutor) async -> Duration {
        let start = ContinuousClock.now
        await Task(executorPreference: executor) { for _ in 0..<pieces { await Task.yield() } }.value
        return ContinuousClock.now - start
    }

    @Test("under pressure each piece of work waits 10 ms, and all of it is done")
    func standingBack() async {
        let asked = Atomic(0)
        let executor = BackgroundExecutor {
            asked.add(1, ordering: .relaxed)
            return true
        }
        let elapsed = await work(10, on: executor)
        #expect(elapsed >= .milliseconds(100))
        #expect(asked.load(ordering: .relaxed) >= 10)
    }

    @Test("without pressure it is asked for, too, and nothing waits")
    func free() async {
        let asked = Atomic(0)
        let executor = BackgroundExecutor {
            asked.add(1, ordering: .relaxed)
            return false
        }
        _ = await work(1000, on: executor)
        #expect(asked.load(ordering: .relaxed) >= 1000)
    }

    @Test("its threads are nicer than those that answer")
    func niceness() async {
        let executor = BackgroundExecutor()
        let niceness = await Task(executorPreference: executor) { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }.value
        #expect(niceness == 15)
    }
}
