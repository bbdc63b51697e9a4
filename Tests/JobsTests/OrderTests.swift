import Base
import Jobs
import Store
import Testing

@Suite struct OrderTests {
    @Test("jobs run by priority, then in the order in which they were enqueued")
    func priorities() async throws {
        let bench = try Bench()
        let queue = bench.notingQueue()
        try await bench.add([note("d", .background), note("b1"), note("b2"), note("a", .urgent), note("c", .continuation)], to: queue)
        try await queue.start()
        try await bench.eventually { try bench.done.count == 5 }
        #expect(try bench.done == ["a", "c", "b1", "b2", "d"])
    }

    @Test("the one job of a team does not wait for the 10,000 of another")
    func fairness() async throws {
        let bench = try Bench()
        let queue = bench.notingQueue()
        try await bench.add((0..<10_000).map { note("a\($0)", team: "a") }, to: queue)
        try await bench.add([note("b", team: "b")], to: queue)
        try await queue.start()
        try await bench.eventually { try bench.done.contains("b") }
        #expect(try #require(bench.done.firstIndex(of: "b")) <= 2)
        #expect(await queue.drain(timeout: .seconds(1)))
    }

    @Test("a team that comes later starts at what is being served, not at the beginning")
    func noArrears() async throws {
        let bench = try Bench()
        let queue = bench.notingQueue()
        try await bench.add((0..<100).map { note("old\($0)", team: "a") }, to: queue)
        try await queue.start()
        try await bench.eventually { try bench.done.count == 100 }
        _ = await queue.drain(timeout: .seconds(1))
        let next = bench.notingQueue()
        try await bench.add((0..<3).map { note("a\($0)", team: "a") } + (0..<3).map { note("b\($0)", team: "b") }, to: next)
        try await next.start()
        try await bench.eventually { try bench.done.count == 106 }
        let order = try bench.done.suffix(6)
        #expect([order.prefix(2), order.dropFirst(2).prefix(2), order.suffix(2)].map(Set.init) == (0..<3).map { ["a\($0)", "b\($0)"] })
    }

    @Test("a delayed job runs at its time, not before")
    func delayed() async throws {
        let bench = try Bench()
        let queue = bench.queue()
        let times = Record<Timestamp>()
        queue.register("note") { job in
            times.append(bench.clock.now)
            try await bench.store.note(job)
        }
        try await queue.start()
        let at = bench.clock.now + .seconds(90)
        try await bench.add([note("later", at: at)], to: queue)
        try await bench.eventually(step: .seconds(1)) { try bench.done == ["later"] }
        #expect(try #require(times.all.first) >= at)
        #expect(try bench.store.read { tx throws(PAOError) in try tx.rows("SELECT id FROM jobs") }.isEmpty)
    }

    @Test("more due jobs than one look can move are all moved")
    func promotion() async throws {
        let bench = try Bench()
        let queue = bench.notingQueue(running: 50)
        let at = bench.clock.now + .seconds(1)
        try await bench.add((0..<1200).map { note("\($0)", at: at) }, to: queue)
        bench.clock.advance(by: .seconds(2))
        try await queue.start()
        try await bench.eventually { try bench.done.count == 1200 }
    }

    @Test("a kind has one live job per subject; another kind or subject is its own")
    func unique() async throws {
        let bench = try Bench()
        let queue = bench.notingQueue()
        let later = bench.clock.now + .seconds(50)
        let isNew = try await bench.store.write { tx throws(PAOError) in
            [
                try queue.enqueue(note("s", at: later), in: tx), try queue.enqueue(note("s", at: later + .seconds(5)), in: tx),
                try queue.enqueue(NewJob(kind: "other", subject: "s"), in: tx), try queue.enqueue(note("t"), in: tx),
            ]
        }
        #expect(isNew == [true, false, true, true])
    }

    @Test("enqueuing a delayed job again with an earlier time brings it forward")
    func bringForward() async throws {
        let bench = try Bench()
        let queue = bench.notingQueue()
        try await queue.start()
        try await bench.add([note("s", at: bench.clock.now + .seconds(5000))], to: queue)
        try await bench.add([note("s")], to: queue)
        try await bench.eventually { try bench.done == ["s"] }
    }

    @Test("a job that is enqueued while it runs, runs once more")
    func again() async throws {
        let bench = try Bench()
        let queue = bench.queue()
        let door = Door()
        queue.register("note") { job in
            await door.pass(job.subject)
            try await bench.store.note(job)
        }
        try await queue.start()
        try await bench.add([note("s")], to: queue)
        try await bench.eventually { await door.entered.count == 1 }
        try await bench.add([note("s"), note("s")], to: queue)
        await door.open()
        try await bench.eventually { try bench.done == ["s", "s"] }
        try await bench.eventually { try queue.statistics() == JobStatistics() }
    }

    @Test("a job enqueued in a transaction that is undone never was")
    func undone() async throws {
        let bench = try Bench()
        let queue = bench.notingQueue()
        let outcome = await code {
            try await bench.store.write { tx throws(PAOError) in
                try queue.enqueue(note("s"), in: tx)
                throw PAOError(.conflict, "no")
            }
        }
        #expect(outcome == .conflict)
        #expect(try queue.statistics() == JobStatistics())
    }

    @Test("a waiting job can be removed, once")
    func removal() async throws {
        let bench = try Bench()
        let queue = bench.notingQueue()
        try await bench.add([note("s"), note("t", at: bench.clock.now + .seconds(9))], to: queue)
        let removed = try await bench.store.write { tx throws(PAOError) in
            [
                try queue.removeWaiting(kind: "note", subject: "s", in: tx), try queue.removeWaiting(kind: "note", subject: "t", in: tx),
                try queue.removeWaiting(kind: "note", subject: "t", in: tx),
            ]
        }
        #expect(removed == [true, true, false])
    }
}
