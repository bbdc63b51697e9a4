import Base
import Identity
import Testing

@testable import Orchestration

/// What a crash may do and must not: every workflow ends, and no effect happens twice.
@Suite struct CrashTests {
    /// A workflow with how it is brought to its end when it waits for people.
    struct Workflow: Sendable, CustomTestStringConvertible {
        var name: String
        var document: String
        var needsPeople = false
        var testDescription: String { name }
    }

    static let ticket = """
        - id: t
          name: Ticket
          type: jira-ticket
          config: {ticket: {project: OPS, summaryTemplate: "Please {{fields.title}}"}}
        """

    static let workflows = [
        Workflow(
            name: "keyed posts in order",
            document: Documents.automatic("w", actions: ["a", "b", "c"].map { Documents.post($0) }.joined(separator: "\n"))),
        Workflow(
            name: "posts with a key and without, in parallel",
            document: Documents.automatic(
                "w", settings: "mode: parallel",
                actions: [
                    Documents.post("a"), Documents.post("b", to: "plain", more: "timeout: 1h"), Documents.post("c", after: ["a", "b"]),
                ].joined(separator: "\n"))),
        Workflow(name: "an issue in JIRA, then a post", document: Documents.automatic("w", actions: ticket + "\n" + Documents.post("a"))),
        Workflow(
            name: "a task for a person, then a post",
            document: Documents.automatic(
                "w",
                actions: """
                    - id: p
                      name: Person
                      type: manual-task
                      config: {title: "Do {{fields.title}}"}
                      outputs: [place]

                    """ + Documents.post("a")), needsPeople: true),
    ]

    /// Runs to the end, over every death, as the person where one is needed, and as an operator who knows that what is in doubt did not happen twice.
    private func finish(_ world: World, _ id: String) async throws {
        for _ in 0..<5 {
            try await world.run()
            if world.isDead { world.restart() }
            for ticket in try world.openTickets(id) where ticket.system == "inbox" {
                _ = try await world.tickets.resolve(ticket.id, outputs: ["place": "here"], comment: nil, by: world.actor())
            }
            if try world.status(id) == .completed { return }
        }
    }

    private func expectOnce(_ world: World, _ id: String, _ note: Comment) throws {
        #expect(try world.status(id) == .completed, note)
        #expect(world.outside.effects.allSatisfy { $0 == 1 }, note)
        #expect(try world.count("SELECT COUNT(*) FROM service_instances WHERE instance_state = 'active'") == 1, note)
        let doubled = "SELECT COUNT(*) FROM (SELECT 1 FROM manual_tickets GROUP BY step_id, generation, ticket_type HAVING COUNT(*) > 1)"
        #expect(try world.count(doubled) == 0, note)
    }

    @Test("killed before each transaction of the engine, a workflow ends with every effect once", arguments: workflows)
    func beforeEachCommit(_ workflow: Workflow) async throws {
        var turn = 1
        while true {
            let world = try await World(workflow.document)
            let id = try await world.submit("w")
            let (turns, died) = (Turns(turn), Flag())
            world.onTurn.withLock {
                $0 = { [weak world] in
                    guard turns.isFatal() else { return }
                    died.set()
                    try? world?.kill()
                }
            }
            try await finish(world, id)
            if !died.isSet || turn > 40 { break }
            if try world.status(id) == .failed {
                // A call without a key whose answer was lost: only a person can tell, and is asked.
                try await expectDoubt(world, id, "turn \(turn)")
            } else {
                try expectOnce(world, id, "turn \(turn)")
            }
            turn += 1
        }
        #expect(turn > 4, "the workflow was killed at \(turn - 1) places")
    }

    /// The one thing that the appliance must not decide: nothing was repeated, and a person completes the step by hand.
    private func expectDoubt(_ world: World, _ id: String, _ note: Comment) async throws {
        let step = try #require(try world.request(id).steps.first { $0.status == .failed })
        #expect(step.id == "b", note)
        #expect(try world.request(id).errorContext?["error"]?["type"] == "in_doubt", note)
        #expect(world.outside.effects.allSatisfy { $0 == 1 }, note)
        _ = try await world.requests.complete(id, actionID: "b", outputs: ["id": "b-1"], reason: "looked", by: world.actor())
        try await finish(world, id)
        #expect(try world.status(id) == .completed, note)
    }

    @Test("killed between sending and the answer, and before sending, at each call", arguments: workflows, [false, true])
    func aroundEachCall(_ workflow: Workflow, wasSent: Bool) async throws {
        for line in ["POST https://keyed.test/a", "POST https://keyed.test/c", "POST https://plain.test/b", "POST https://jira.test"] {
            let world = try await World(workflow.document)
            let id = try await world.submit("w")
            let die: @Sendable () -> Void = { [weak world] in try? world?.kill() }
            world.outside.next(line, wasSent ? .dieAfter(die) : .dieBefore(die))
            world.outside.lag(searches: 2)
            try await finish(world, id)
            if try world.status(id) == .failed { try await expectDoubt(world, id, "\(line)") } else { try expectOnce(world, id, "\(line)") }
        }
    }

    @Test("every lost answer, at each call, is settled without a second effect", arguments: workflows)
    func lostAnswers(_ workflow: Workflow) async throws {
        for line in ["POST https://keyed.test/a", "POST https://plain.test/b", "POST https://jira.test"] {
            let world = try await World(workflow.document)
            let id = try await world.submit("w")
            world.outside.next(line, .cutAfter)
            world.outside.lag(searches: 2)
            try await finish(world, id)
            if try world.status(id) == .failed { try await expectDoubt(world, id, "\(line)") } else { try expectOnce(world, id, "\(line)") }
        }
    }

    @Test("a search that lags does not make a second issue, and an issue that was never made is made")
    func laggingSearch() async throws {
        for wasMade in [true, false] {
            let world = try await World(Self.workflows[2].document)
            world.outside.next("POST https://jira.test", wasMade ? .cutAfter : .lost)
            world.outside.lag(searches: 2)
            let id = try await world.submit("w")
            try await finish(world, id)
            #expect(try world.status(id) == .completed)
            #expect(world.outside.issues.count == 1)
        }
    }

    @Test("a request is taken up again after every kill in a row")
    func killedAgainAndAgain() async throws {
        let world = try await World(Self.workflows[0].document)
        let id = try await world.submit("w")
        for _ in 0..<6 {
            world.outside.next("POST", .dieAfter { [weak world] in try? world?.kill() })
            try await world.run(for: .seconds(1))
            world.restart()
        }
        try await finish(world, id)
        try expectOnce(world, id, "six kills")
        #expect(try world.request(id).steps.allSatisfy { $0.attempts.count == 1 })
    }
}
