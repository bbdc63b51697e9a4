import Base
import Jobs
import Store
import Testing

@Suite struct LimitTests {
    private func held(_ bench: Bench, running: Int) -> (JobQueue, Door) {
        var options = JobOptions()
        options.running = running
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
        let (queue, door) = held(bench, running: 3)
        try await bench.add((0..<10).map { note("\($0)") }, to: queue)
        try await queue.start()
        try await bench.eventually { await door.entered.count == 3 }
        #expect(try queue.statistics().leased == 3)
        #expect(await queue.runningCount == 3)
        await door.open()
        try await bench.eventually { try bench.done.count == 10 }
    }

    @Test(
        "looking for jobs reads as few rows as it can",
        arguments: [
            (
                """
                SELECT id, priority, fair_rank FROM jobs WHERE state = 'queued' ORDER BY priority, fair_rank, id LIMIT ?
                """, "COVERING INDEX jobs_claim (state=?)"
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
