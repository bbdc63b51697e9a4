import Base
import Testing

@testable import Orchestration

/// A JIRA that does not answer for long: what is done there beside steps.
@Suite struct JiraPatienceTests {
    private static let day = Duration.seconds(86_400)
    /// Half a minute, doubled up to a quarter of an hour: 6 looks in the first quarter of an hour, then 4 in an hour.
    private static let looksInADay = 95...105

    private static let byTicket = Documents.item(
        "db",
        fulfillment: "strategy: {mode: manual}\n"
            + "manual: {actions: [{id: t, name: T, type: jira-ticket, config: {ticket: {project: OPS, summaryTemplate: Do}}}]}")

    private func looks(_ world: World, _ line: String) -> Int { world.outside.lines.count { $0.hasPrefix(line) } }

    private func jobs(_ world: World) throws -> Int { try world.count("SELECT COUNT(*) FROM jobs") }

    @Test("an issue that cannot be ended for a day stays open, and the request's log says so")
    func closing() async throws {
        let world = try await World(Self.byTicket)
        let id = try await world.submit("db")
        try await world.run(for: .seconds(2))
        let ticket = try #require(try world.openTickets(id).first)
        let before = looks(world, "GET https://jira.test/rest/api/2/issue/OPS-1")
        world.outside.next("GET https://jira.test/rest/api/2/issue/OPS-1", .answer(503, ""), times: 1000)
        _ = try await world.tickets.resolve(ticket.id, outputs: [:], comment: nil, by: world.actor())
        try await world.run(for: Self.day * 3)
        #expect(Self.looksInADay.contains(looks(world, "GET https://jira.test/rest/api/2/issue/OPS-1") - before))
        #expect(try world.writtenTexts().contains("OPS-1 stays open in JIRA"))
        #expect(try jobs(world) == 0 && world.status(id) == .completed)
    }

    @Test("an escalation's issue is followed for as long as it is open, less and less often while JIRA does not answer")
    func following() async throws {
        let world = try await World(Documents.automatic("db", settings: "retry: {attempts: 1}", actions: Documents.post("a")))
        world.outside.next("POST https://keyed.test", .answer(400, ""))
        let id = try await world.submit("db")
        try await world.run()
        _ = try await world.requests.escalate(id, reason: "stuck", priority: nil, by: world.actor())
        try await world.run(for: .seconds(60))
        let (began, failures) = (world.clock.now, 200)
        world.outside.next("GET https://jira.test/rest/api/2/issue/OPS-1", .answer(503, ""), times: failures)
        world.outside.move("OPS-1", to: "Done")
        try await world.run(for: Self.day * 7)
        let rowID = try world.request(id).rowID
        let tickets = try world.store.read { connection throws(PAOError) in try TicketStore(connection).tickets(ofRequest: rowID) }
        let ticket = try #require(tickets.first)
        #expect(ticket.status == .resolved)
        let took = try #require(ticket.resolvedAt) - began
        #expect(took > Self.day * 2 && took < Self.day * 3, "some \(failures) quarters of an hour")
        #expect(try jobs(world) == 0)
    }

    @Test("an escalation that cannot be opened for a day stays in the inbox")
    func opening() async throws {
        let world = try await World(Documents.automatic("db", settings: "retry: {attempts: 1}", actions: Documents.post("a")))
        world.outside.next("POST https://keyed.test", .answer(400, ""))
        let id = try await world.submit("db")
        try await world.run()
        world.outside.next("POST https://jira.test", .answer(429, ""), times: 1000)
        _ = try await world.requests.escalate(id, reason: "stuck", priority: nil, by: world.actor())
        try await world.run(for: Self.day * 3)
        #expect(Self.looksInADay.contains(looks(world, "POST https://jira.test/rest/api/2/issue")))
        #expect(try world.openTickets(id).map(\.system) == ["inbox"])
        #expect(try world.writtenTexts().contains("stays in the inbox: JIRA could not be reached for a day"))
        #expect(try world.effects(id).filter { $0.kind == "jira-ticket" }.map(\.state) == [.failed] && jobs(world) == 0)
    }

    @Test("a comment that cannot be sent for a day is given up, and the ledger says what is known of it", arguments: [true, false])
    func comments(mayBeThere: Bool) async throws {
        let world = try await World(Self.byTicket)
        let id = try await world.submit("db")
        try await world.run(for: .seconds(2))
        let comment = "https://jira.test/rest/api/2/issue/OPS-1/comment"
        if mayBeThere { world.outside.next("POST \(comment)", .lost) }
        world.outside.next(mayBeThere ? "GET \(comment)" : "POST \(comment)", .answer(429, ""), times: 1000)
        let ticket = try #require(try world.openTickets(id).first)
        _ = try await world.tickets.resolve(ticket.id, outputs: [:], comment: nil, by: world.actor())
        try await world.run(for: Self.day * 3)
        let effect = try #require(try world.effects(id).first { $0.kind == "jira-comment" })
        #expect(effect.state == (mayBeThere ? .unknown : .failed) && effect.note == "JIRA could not be reached for a day")
        #expect(Self.looksInADay.contains(looks(world, mayBeThere ? "GET \(comment)" : "POST \(comment)")))
        #expect(try jobs(world) == 0)
    }

    @Test("a bundle waits five minutes for its own issue, which is opened when JIRA answers")
    func bundle() async throws {
        let world = try await World(
            BundleTests.item("other"), Self.byTicket,
            """
            kind: CatalogBundle
            metadata: {id: starter, name: Starter, version: 1.0.0, category: tests, owner: {team: platform},
              description: A bundle of the tests that is long enough to say what it is for.}
            presentation: {form: {groups: []}}
            components:
              - {id: database, catalogItem: other, config: {title: one}, outputs: [address]}
              - {id: review, catalogItem: db, dependsOn: [database], config: {title: "{{components.database.outputs.address}}"}}
            fulfillment: {orchestration: {mode: sequential, jiraLinking: {linkType: blocks, parentTicket: true}}}
            """)
        // At once, and after 30, 60, 120 and 240 s; the component's own call comes next.
        world.outside.next("POST https://jira.test/rest/api/2/issue", .answer(429, ""), times: 5)
        let id = try await world.submit(Submission(catalogID: "starter", kind: .bundle, data: [:]))
        try await world.run(for: .seconds(3600))
        let request = try world.request(id)
        let (began, first) = (try #require(request.startedAt), try #require(request.steps[0].startedAt))
        #expect(first - began >= .seconds(300) && first - began < .seconds(302))
        #expect(world.outside.issues.map { $0.labels.contains("bundle") } == [false, true])
        #expect(try world.effects(id).filter { $0.kind == "jira-ticket" }.map(\.state) == [.done])
        #expect(world.outside.lines.contains("POST https://jira.test/rest/api/2/issueLink"))
    }
}
