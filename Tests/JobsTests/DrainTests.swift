import Base
import Jobs
import Store
import Testing

@Suite struct DrainTests {
    private func started(_ bench: Bench, _ handler: @escaping JobQueue.Handler) async throws -> JobQueue {
        let queue = bench.queue()
        queue.register("note", handler)
        try await queue.start()
        return queue
    }

    @Test("draining waits for the handlers that run and claims nothing more")
    func drain() async throws {
        let bench = try Bench()
        let door = Door()
        let queue = try await started(bench) { job in
            await door.pass(job.subject)
            try await bench.store.note(job)
        }
        try await bench.add([note("s")], to: queue)
        try await bench.eventually { await door.entered == ["s"] }
        let drained = Task { await queue.drain(timeout: .seconds(30)) }
        for _ in 0..<50 { await Task.yield() }
        try await bench.add([note("late")], to: queue)
        await door.open()
        #expect(await drained.value)
        #expect(try bench.done == ["s"])
        #expect(try queue.statistics().queued == 1)
    }

    @Test("after its time draining cancels what is left, whose job the next start takes up")
    func timeout() async throws {
        let bench = try Bench()
        let entered = Record<String>()
        let ended = Record<Bool>()
        let queue = try await started(bench) { job in
            entered.append(job.subject)
            while !Task.isCancelled { await Task.yield() }
            ended.append(true)
        }
        try await bench.add([note("s")], to: queue)
        try await bench.eventually { entered.all == ["s"] }
        let drained = Task { await queue.drain(timeout: .seconds(30)) }
        try await bench.eventually(step: .seconds(1)) { !ended.all.isEmpty }
        #expect(await drained.value == false)
        #expect(bench.clock.elapsed >= .seconds(30))
    }

    @Test("an idle queue drains at once")
    func idle() async throws {
        let bench = try Bench()
        let queue = try await started(bench) { _ in }
        #expect(await queue.drain(timeout: .seconds(30)))
    }
}

@Suite struct SchedulerTests {
    @Test("a schedule runs at the start when asked to, then after every interval, failures or not, until it is stopped")
    func runs() async throws {
        let clock = TestClock()
        let times = Record<Duration>()
        let scheduler = Scheduler(time: clock.source, random: RandomSource { Array(repeating: 0, count: $0) }, log: .silent)
        await scheduler.add(
            Schedule("look", every: .seconds(60), runsAtStart: true) {
                times.append(clock.elapsed)
                throw PAOError(.unavailable, "no")
            })
        while times.all.count < 3 {
            clock.advance(by: .seconds(1))
            for _ in 0..<20 { await Task.yield() }
        }
        await scheduler.stop()
        let count = times.all.count
        clock.advance(by: .seconds(600))
        for _ in 0..<50 { await Task.yield() }
        #expect(times.all.count == count)
        #expect(times.all[1] - times.all[0] >= .seconds(60) && times.all[2] - times.all[1] >= .seconds(60))
    }

    @Test("jitter lengthens the interval by at most its part")
    func jitter() async throws {
        let clock = TestClock()
        let times = Record<Duration>()
        let scheduler = Scheduler(time: clock.source, random: RandomSource { Array(repeating: 0x80, count: $0) }, log: .silent)
        await scheduler.add(Schedule("look", every: .seconds(100), jitter: 0.5) { times.append(clock.elapsed) })
        while times.all.isEmpty {
            clock.advance(by: .milliseconds(500))
            for _ in 0..<20 { await Task.yield() }
        }
        await scheduler.stop()
        #expect(times.all[0] >= .seconds(125))
    }
}
