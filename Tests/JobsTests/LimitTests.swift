import Base
import Jobs
import Store
import Testing

@Suite struct LimitTests {
    private func held(_ bench: Bench, running: Int, limit: @escaping @Sendable (String) -> Int?) -> (JobQueue, Door) {
        var options = JobOptions()
        options.running = running
        options.limit = limit
        let (queue, door) = (bench.queue(options), Door())
        queue.register("note") { job in
            await door.pass(job.subject)
            try await bench.store.note(job)
        }
        return (queue, door)
    }

    @Test("no more handlers run at once than allowed, and all jobs are done in the end")
    func total() async throws {
        let bench = try Bench()
        let (queue, door) = held(bench, running: 3, limit: { _ in nil })
        try await bench.add((0..<10).map { note("\($0)") }, to: queue)
        try await queue.start()
        try await bench.eventually { await door.entered.count == 3 }
        #expect(try queue.statistics().leased == 3)
        #expect(await queue.runningCount == 3)
        await door.open()
        try await bench.eventually { try bench.done.count == 10 }
    }

    @Test("jobs of a full group are passed over, block nobody, and run when there is room")
    func groups() async throws {
        let bench = try Bench()
        let (queue, door) = held(bench, running: 5, limit: { $0 == "host:slow" ? 2 : nil })
        let slow = (0..<300).map { note("slow\($0)", keys: ["type:rest", "host:slow"]) }
        try await bench.add(slow + [note("x", keys: ["host:fast"]), note("y", keys: ["type:rest"]), note("z")], to: queue)
        try await queue.start()
        try await bench.eventually { await door.entered.count == 5 }
        #expect(await Set(door.entered) == ["slow0", "slow1", "x", "y", "z"])
        await door.open()
        try await bench.eventually { try bench.done.count == 303 }
    }

    @Test("a limit of one makes jobs of a key run one after another, in order")
    func serial() async throws {
        let bench = try Bench()
        let queue = bench.notingQueue(running: 8, limit: { $0.hasPrefix("serial:") ? 1 : nil })
        try await bench.add((0..<20).map { note("\($0)", keys: ["serial:k"]) }, to: queue)
        try await queue.start()
        try await bench.eventually { try bench.done.count == 20 }
        #expect(try bench.done == (0..<20).map(String.init))
    }

    @Test("a key is matched whole, line feeds in it do no harm")
    func keys() async throws {
        let bench = try Bench()
        let (queue, door) = held(bench, running: 5, limit: { $0 == "host:a" ? 1 : nil })
        let keys = [["host:a"], ["host:a"], ["host:ab"], ["x\nhost:a\ny"]]
        try await bench.add(keys.enumerated().map { note("\($0.offset)", keys: $0.element) }, to: queue)
        try await queue.start()
        try await bench.eventually { await door.entered.count == 3 }
        #expect(await Set(door.entered) == ["0", "2", "3"])
        await door.open()
        try await bench.eventually { try bench.done.count == 4 }
    }

    @Test(
        "looking for jobs reads as few rows as it can",
        arguments: [
            (
                """
                SELECT id, priority, fair_rank, limit_keys FROM jobs
                WHERE state = 'queued' AND (priority, fair_rank, id) > (?, ?, ?) AND instr(limit_keys, ?) = 0
                ORDER BY priority, fair_rank, id LIMIT ?
                """, "COVERING INDEX jobs_claim (state=? AND (priority,fair_rank,id)>(?,?,?))"
            ),
            (
                "SELECT max(fair_rank) FROM jobs WHERE state = 'queued' AND priority = ? AND team = ?",
                "COVERING INDEX jobs_team (state=? AND priority=? AND team=?)"
            ),
            ("SELECT min(run_at) FROM jobs WHERE state = 'delayed'", "COVERING INDEX jobs_due (state=?)"),
            (
                "SELECT id FROM jobs WHERE state = 'delayed' AND run_at <= ? ORDER BY run_at LIMIT ?",
                "INDEX jobs_due (state=? AND run_at<?)"
            ),
            (
                "DELETE FROM jobs WHERE kind = ? AND subject = ? AND state <> 'dead' AND +state <> 'leased'",
                "INDEX jobs_live (kind=? AND subject=?)"
            ),
        ])
    func plans(sql: String, use: String) throws {
        let bench = try Bench()
        let plan = try bench.store.queryPlan(sql)
        #expect(plan.count == 1 && plan[0].contains(use), "\(plan)")
    }
}
