import Base
import Jobs
import Store
import Testing

@Suite struct LeaseTests {
    @Test("a handler that fails gets the job again after growing waits, then it is dead, with the last error")
    func deadLetter() async throws {
        let bench = try Bench()
        let queue = bench.queue()
        let times = Record<Timestamp>()
        let receives = Record<Int>()
        queue.register("note") { job in
            times.append(bench.clock.now)
            receives.append(job.receives)
            throw PAOError(.unavailable, "try \(job.receives + 1)")
        }
        try await queue.start()
        try await bench.add([note("s")], to: queue)
        try await bench.eventually(step: .milliseconds(250)) { try queue.statistics().dead == 1 }
        #expect(receives.all == [0, 1, 2])
        #expect(times.all[1] - times.all[0] >= .seconds(1) && times.all[2] - times.all[1] >= .seconds(4))
        let dead = try #require(queue.deadJobs().first)
        #expect(dead.subject == "s" && dead.receives == 3 && dead.lastError.contains("try 3"))
    }

    @Test("a job that waits for seconds does so whatever the wall clock is set to", arguments: [-86_400, -600, 600, 86_400])
    func clockJumps(_ seconds: Int) async throws {
        let bench = try Bench()
        let queue = bench.queue()
        queue.register("note") { job in try await bench.store.note(job) }
        try await queue.start()
        try await bench.add([note("s", at: bench.clock.now + .seconds(5))], to: queue)
        bench.clock.set(by: .seconds(seconds))
        try await bench.eventually(step: .milliseconds(250)) { try bench.done == ["s"] }
        // The queue looks at least once a minute; this clock runs ahead of it.
        #expect(bench.clock.elapsed < .seconds(300))
        try await bench.add([note("t")], to: queue)
        try await bench.eventually { try bench.done == ["s", "t"] }
    }

    @Test("a dead job that is re-driven starts from the beginning")
    func redrive() async throws {
        let bench = try Bench()
        let queue = bench.queue()
        let attempts = Record<Int>()
        queue.register("note") { job in
            attempts.append(job.receives)
            if attempts.all.count > 3 { try await bench.store.note(job) }
        }
        try await queue.start()
        try await bench.add([note("s")], to: queue)
        try await bench.eventually(step: .milliseconds(250)) { try queue.statistics().dead == 1 }
        let dead = try #require(queue.deadJobs().first)
        #expect(dead.lastError.contains("without finishing"))
        try await bench.store.write { tx throws(PAOError) in try queue.redrive(dead.id, in: tx) }
        try await bench.eventually { try bench.done == ["s"] }
        #expect(attempts.all == [0, 1, 2, 0])
        #expect(await code { try await bench.store.write { tx throws(PAOError) in try queue.redrive(dead.id, in: tx) } } == .notFound)
    }

    @Test("re-driving beside a live job of the same subject is a conflict")
    func redriveConflict() async throws {
        let bench = try Bench()
        let queue = bench.queue()
        queue.register("note") { job in
            try await bench.store.write { tx throws(PAOError) in try job.lease.fail(in: tx, PAOError(.invalid, "hopeless")) }
        }
        try await queue.start()
        try await bench.add([note("s")], to: queue)
        try await bench.eventually { try queue.statistics().dead == 1 }
        let dead = try #require(queue.deadJobs().first)
        #expect(dead.receives == 1 && dead.lastError.contains("hopeless"))
        try await bench.add([note("s", at: bench.clock.now + .seconds(9))], to: queue)
        #expect(await code { try await bench.store.write { tx throws(PAOError) in try queue.redrive(dead.id, in: tx) } } == .conflict)
        let later = bench.clock.now + .seconds(1)
        #expect(try await bench.store.write { tx throws(PAOError) in try queue.removeDead(before: later, in: tx) } == 1)
    }

    @Test("a job without a handler dies instead of being lost")
    func unknownKind() async throws {
        let bench = try Bench()
        let queue = bench.queue()
        try await queue.start()
        try await bench.add([note("s")], to: queue)
        try await bench.eventually(step: .milliseconds(250)) { try queue.statistics().dead == 1 }
        #expect(try queue.deadJobs()[0].lastError.contains("note"))
    }

    @Test("a rescheduled job runs again at its time with its new payload, and its failures are forgotten")
    func reschedule() async throws {
        let bench = try Bench()
        let queue = bench.queue()
        let seen = Record<String>()
        queue.register("note") { job in
            seen.append("\(job.receives) \(job.payload)")
            if seen.all.count == 1 { throw PAOError(.unavailable, "once") }
            guard seen.all.count == 2 else { return try await bench.store.note(job) }
            try await bench.store.write { tx throws(PAOError) in
                try job.lease.reschedule(in: tx, at: tx.timestamp + .seconds(30), payload: ["poll": 1])
            }
        }
        try await queue.start()
        try await bench.add([note("s")], to: queue)
        try await bench.eventually(step: .seconds(1)) { try bench.done == ["s"] }
        #expect(seen.all == ["0 {}", "1 {}", "0 {\"poll\":1}"])
    }

    @Test("a parked job runs when it is hastened, before what is new, and in the next process at once")
    func parked() async throws {
        let bench = try Bench()
        let queue = bench.queue()
        let seen = Record<String>()
        let park: JobQueue.Handler = { job in
            seen.append(job.subject)
            guard job.subject == "s", seen.all.count < 3 else { return try await bench.store.note(job) }
            try await bench.store.write { tx throws(PAOError) in try job.lease.park(in: tx, until: tx.timestamp + .seconds(86_400)) }
        }
        queue.register("note", park)
        try await queue.start()
        try await bench.add([note("s")], to: queue)
        try await bench.eventually { try bench.job("parked") == .integer(1) }
        try await bench.eventually { await queue.runningCount == 0 }
        #expect(try bench.job("priority") == .integer(JobPriority.continuation.rawValue))
        queue.hasten(note("s"))
        try await bench.eventually { seen.all.count == 2 }
        _ = await queue.drain(timeout: .seconds(1))
        let next = bench.queue()
        next.register("note", park)
        try await next.start()
        try await bench.eventually { try bench.done == ["s"] }
        #expect(seen.all == ["s", "s", "s"])
    }

    @Test("a job that is rescheduled over and over at once keeps its place and its count of handlers")
    func tightLoop() async throws {
        let bench = try Bench()
        let queue = bench.queue()
        let runs = Record<Int>()
        queue.register("note") { job in
            runs.append(job.receives)
            guard runs.all.count < 100 else { return try await bench.store.note(job) }
            try await bench.store.write { tx throws(PAOError) in try job.lease.reschedule(in: tx, at: tx.timestamp) }
            try await bench.add([note("wakes the queue \(runs.all.count)", at: bench.clock.now + .seconds(9))], to: queue)
            await Task.yield()
        }
        try await queue.start()
        try await bench.add([note("s")], to: queue)
        try await bench.eventually { try bench.done == ["s"] }
        try await bench.eventually { await queue.runningCount == 0 }
        #expect(runs.all.count >= 100 && runs.all.allSatisfy { $0 == 0 })
    }

    @Test("a handler that lost its lease can store nothing", arguments: ["check", "complete", "reschedule", "fail"])
    func fencing(verb: String) async throws {
        let bench = try Bench()
        let queue = bench.queue()
        let outcomes = Record<PAOError.Code?>()
        queue.register("note") { job in
            try await bench.store.write { tx throws(PAOError) in try tx.run("UPDATE jobs SET lease_epoch = lease_epoch + 1") }
            outcomes.append(
                await code {
                    try await bench.store.write { tx throws(PAOError) in
                        try tx.run("INSERT INTO done (subject) VALUES ('wrong')")
                        switch verb {
                        case "check": try job.lease.check(in: tx)
                        case "complete": try job.lease.complete(in: tx)
                        case "reschedule": try job.lease.reschedule(in: tx, at: tx.timestamp)
                        default: try job.lease.fail(in: tx, PAOError(.internal, "x"))
                        }
                    }
                })
        }
        try await queue.start()
        try await bench.add([note("s")], to: queue)
        try await bench.eventually { !outcomes.all.isEmpty }
        #expect(outcomes.all == [.fenced])
        #expect(try bench.done == [])
        #expect(await queue.drain(timeout: .seconds(1)))
        #expect(try bench.job("state") == .text("leased"))
    }

    @Test("a start frees the leases of the process before, without counting a receive, and its handlers are fenced")
    func restart() async throws {
        let bench = try Bench()
        let (old, door) = (bench.queue(), Door())
        let outcomes = Record<PAOError.Code?>()
        old.register("note") { job in
            await door.pass(job.subject)
            outcomes.append(await code { try await bench.store.note(job) })
        }
        try await old.start()
        try await bench.add([note("s")], to: old)
        try await bench.eventually { await door.entered == ["s"] }

        let new = bench.queue()
        let receives = Record<Int>()
        new.register("note") { job in
            receives.append(job.receives)
            try await bench.store.note(job)
        }
        try await new.start()
        try await bench.eventually { try bench.done == ["s"] }
        await door.open()
        try await bench.eventually { !outcomes.all.isEmpty }
        #expect(outcomes.all == [.fenced] && receives.all == [0])
        #expect(try bench.done == ["s"])
    }

    @Test("a lease is renewed while its handler runs, so that the job is not given to another")
    func renewal() async throws {
        let bench = try Bench()
        let (queue, door) = (bench.queue(), Door())
        queue.register("note") { job in
            await door.pass(job.subject)
            try await bench.store.note(job)
        }
        try await queue.start()
        try await bench.add([note("s")], to: queue)
        try await bench.eventually { await door.entered == ["s"] }
        let first = try bench.job("lease_until")
        #expect(first == .text((bench.clock.now + .seconds(300)).description))
        try await bench.eventually(step: .seconds(20)) { bench.clock.elapsed > .seconds(2000) }
        try await bench.eventually(step: .seconds(20)) {
            guard case .text(let text) = try bench.job("lease_until"), let until = Timestamp(text) else { return false }
            return until > TestClock.start + .seconds(2000)
        }
        await door.open()
        try await bench.eventually { try bench.done == ["s"] }
        #expect(await door.entered == ["s"])
    }

    @Test("a lease that nobody holds any more expires, counts a receive, and the job runs")
    func expiry() async throws {
        let bench = try Bench()
        let queue = bench.queue()
        let receives = Record<Int>()
        queue.register("note") { job in
            receives.append(job.receives)
            try await bench.store.note(job)
        }
        try await queue.start()
        let until = bench.clock.now + .seconds(40)
        try await bench.store.write { tx throws(PAOError) in
            try queue.enqueue(note("s"), in: tx)
            try tx.run("UPDATE jobs SET state = 'leased', lease_until = ?", until)
        }
        try await bench.eventually(step: .seconds(1)) { try bench.done == ["s"] }
        #expect(receives.all == [1] && bench.clock.now >= until)
    }
}
