import Base
import Catalog
import Identity
import Testing

@testable import Orchestration

@Suite struct ApprovalFlowTests {
    private static let gates = """
        approvals:
          - {name: Lead, role: approver, team: platform}
          - {name: Security, role: approver, team: other, when: "{{fields.title == 'public'}}", timeout: 2d, onTimeout: reject}
        """

    static let document = Documents.item(
        "site",
        fulfillment: gates + "\n" + """
            strategy: {mode: automatic}
            manual: {actions: [{id: by-hand, type: manual-task, config: {title: Do}}]}
            automatic:
              retry: {attempts: 1}
              actions:
            """ + "\n" + Documents.post("a").split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))

    private struct Cast {
        let world: World
        let ada: Actor
        let lead: Actor
        let security: Actor
    }

    private func cast() async throws -> Cast {
        let world = try await World(Self.document)
        return Cast(
            world: world, ada: try await world.account("ada", roles: ["approver"], teams: ["platform"]),
            lead: try await world.account("lead", roles: ["approver"], teams: ["platform"]),
            security: try await world.account("security", roles: ["approver"], teams: ["platform", "other"]))
    }

    private func inbox(_ cast: Cast, _ actor: Actor) throws -> [Requests.ApprovalItem] {
        try cast.world.requests.approvalInbox(PageRequest(), by: actor).items
    }

    @Test("nothing starts before every level has agreed, in order; then it runs")
    func levels() async throws {
        let cast = try await cast()
        let id = try await cast.world.submit("site", ["title": "public"], by: cast.ada)
        try await cast.world.run(for: .seconds(60))
        #expect(try cast.world.status(id) == .pendingApproval)
        #expect(cast.world.outside.lines == [])
        let first = try #require(try inbox(cast, cast.lead).first)
        #expect(first.json["request"]?["requestData"] == ["title": "public"])
        _ = try await cast.world.requests.decide(.approve, on: first.approval.id, reason: "", by: cast.lead)
        #expect(try cast.world.status(id) == .pendingApproval)
        let second = try #require(try inbox(cast, cast.security).first)
        _ = try await cast.world.requests.decide(.approve, on: second.approval.id, reason: "fine", by: cast.security)
        #expect(try cast.world.status(id) == .queued)
        try await cast.world.run()
        #expect(try cast.world.status(id) == .completed)
        let history = try cast.world.requests.approvalHistory(id, by: cast.ada)
        #expect(history.map { $0["status"] } == ["approved", "approved"])
        #expect(history[1]["decisions"]?[0]?["userId"] == "security")
    }

    @Test("a gate whose condition is false is not there")
    func condition() async throws {
        let cast = try await cast()
        let id = try await cast.world.submit("site", ["title": "private"], by: cast.ada)
        #expect(try cast.world.requests.approvalHistory(id, by: cast.ada).map { $0["name"] } == ["Lead"])
    }

    @Test("nobody decides on their own request")
    func ownRequest() async throws {
        let cast = try await cast()
        let id = try await cast.world.submit("site", by: cast.ada)
        #expect(try inbox(cast, cast.ada).isEmpty)
        let approval = try #require(try inbox(cast, cast.lead).first).approval.id
        let refused = await code { _ = try await cast.world.requests.decide(.approve, on: approval, reason: "", by: cast.ada) }
        #expect(refused == .forbidden)
        #expect(try cast.world.status(id) == .pendingApproval)
    }

    @Test("one rejection ends it, with the reason")
    func rejection() async throws {
        let cast = try await cast()
        let id = try await cast.world.submit("site", by: cast.ada)
        let approval = try #require(try inbox(cast, cast.lead).first).approval.id
        _ = try await cast.world.requests.decide(.reject, on: approval, reason: "too dear", by: cast.lead)
        try await cast.world.run()
        #expect(try cast.world.status(id) == .rejected)
        #expect(try cast.world.request(id).json["statusReason"] == "rejected by lead: too dear")
        #expect(try cast.world.request(id).completedAt != nil)
    }

    @Test("when nobody decides in time, the request is rejected")
    func timeout() async throws {
        let cast = try await cast()
        let id = try await cast.world.submit("site", ["title": "public"], by: cast.ada)
        let first = try #require(try inbox(cast, cast.lead).first)
        _ = try await cast.world.requests.decide(.approve, on: first.approval.id, reason: "", by: cast.lead)
        #expect(try await cast.world.requests.sweepApprovals() == 0)
        cast.world.clock.advance(.seconds(86_400 * 3))
        #expect(try await cast.world.requests.sweepApprovals() == 1)
        #expect(try cast.world.status(id) == .rejected)
    }

    @Test("a cancelled request leaves nothing to decide")
    func cancelled() async throws {
        let cast = try await cast()
        let id = try await cast.world.submit("site", by: cast.ada)
        _ = try await cast.world.requests.cancel(id, reason: "", by: cast.ada)
        #expect(try inbox(cast, cast.lead).isEmpty)
    }

    @Test("what was approved cannot be changed by a retry")
    func changedAfterApproval() async throws {
        let cast = try await cast()
        let id = try await cast.world.submit("site", by: cast.ada)
        let approval = try #require(try inbox(cast, cast.lead).first).approval.id
        _ = try await cast.world.requests.decide(.approve, on: approval, reason: "", by: cast.lead)
        cast.world.outside.next("POST", .answer(500, ""))
        try await cast.world.run()
        let refused = await code {
            _ = try await cast.world.requests.retry(
                id, actionID: nil, changedData: ["title": "public"], skipVerification: false, by: cast.ada)
        }
        #expect(refused == .conflict)
        _ = try await cast.world.requests.retry(id, actionID: nil, changedData: nil, skipVerification: false, by: cast.ada)
        try await cast.world.run()
        #expect(try cast.world.status(id) == .completed)
    }
}

@Suite struct QueueingTests {
    private func document(_ policy: String) -> String {
        Documents.automatic(
            "db", fields: ["title", "target"],
            settings: "retry: {attempts: 1}\nconcurrency: {key: \"{{fields.target}}\", policy: \(policy)}", actions: Documents.post("a"))
    }

    private func submit(_ world: World, _ title: String) async throws -> String {
        try await world.submit("db", ["title": .string(title), "target": "x"])
    }

    @Test("the instance's name and the key of concurrency may hold the request's id")
    func ownID() async throws {
        let document = Documents.automatic(
            "db", fields: ["title", "{id: mark, type: string, default: \"{{request.id}}\"}"],
            settings: "concurrency: {key: \"{{request.id}}-{{system.uuid}}\", policy: reject}", actions: Documents.post("a"),
            extra: "instance: {name: \"s-{{request.id}}\"}")
        let world = try await World(document)
        let ids = [try await world.submit("db", ["title": "one"]), try await world.submit("db", ["title": "one"])]
        try await world.run()
        #expect(try ids.map(world.status) == [.completed, .completed])
        #expect(try ids.map { try world.request($0).instanceName } == ids.map { "s-\($0)" })
        #expect(try ids.map { try world.request($0).parameters["mark"]?.string } == ids)
    }

    @Test("requests with the same key run one after another, in the order they were made")
    func queue() async throws {
        let world = try await World(document("queue"))
        var ids: [String] = []
        for title in ["one", "two", "three"] { ids.append(try await submit(world, title)) }
        try await world.run()
        #expect(try ids.map(world.status) == [.completed, .completed, .completed])
        #expect(world.outside.calls.compactMap { (try? JSON.parse($0.body))?["name"]?.string } == ["one", "two", "three"])
    }

    @Test("a failed request lets the next one go ahead, and waits for its turn when it is resumed")
    func failedReleases() async throws {
        let world = try await World(document("queue"))
        world.outside.next("POST", .answer(500, ""))
        let first = try await submit(world, "one")
        let second = try await submit(world, "two")
        try await world.run()
        #expect(try [first, second].map(world.status) == [.failed, .completed])
        _ = try await world.requests.retry(first, actionID: nil, changedData: nil, skipVerification: false, by: world.actor())
        try await world.run()
        #expect(try world.status(first) == .completed)
    }

    @Test("a cancelled one does not hold the others up")
    func cancelledReleases() async throws {
        let world = try await World(document("queue"))
        let first = try await submit(world, "one")
        let second = try await submit(world, "two")
        _ = try await world.requests.cancel(first, reason: "", by: world.actor())
        try await world.run()
        #expect(try [first, second].map(world.status) == [.cancelled, .completed])
    }

    @Test("reject takes one at a time")
    func reject() async throws {
        let world = try await World(document("reject"))
        let first = try await submit(world, "one")
        #expect(await code { _ = try await submit(world, "two") } == .conflict)
        try await world.run()
        #expect(try world.status(first) == .completed)
        _ = try await submit(world, "two")
    }

    @Test("replacePending cancels what still waits")
    func replacePending() async throws {
        let world = try await World(document("replacePending"))
        let first = try await submit(world, "one")
        let second = try await submit(world, "two")
        try await world.run()
        #expect(try [first, second].map(world.status) == [.cancelled, .completed])
        #expect(try world.request(first).stopReason == "replaced by \(second)")
    }

    @Test("a scheduled request starts at its time and not before; the check is repeated then")
    func scheduled() async throws {
        let world = try await World(document("queue"))
        var submission = Submission(catalogID: "db", kind: .item, data: ["title": "later", "target": "x"])
        submission.startAfter = world.clock.now + .seconds(3600)
        let later = try await world.submit(submission)
        let now = try await submit(world, "now")
        try await world.run(for: .seconds(60))
        #expect(try [later, now].map(world.status) == [.queued, .completed])
        try await world.run()
        #expect(try world.status(later) == .completed)
        #expect(try world.step(later, "a").startedAt.map { $0 >= submission.startAfter ?? $0 } == true)
    }

    @Test("a submission with the same key answers the same request")
    func idempotent() async throws {
        let world = try await World(document("queue"))
        var submission = Submission(catalogID: "db", kind: .item, data: ["title": "one", "target": "x"])
        submission.idempotency = ("k", [1])
        let first = try await world.submit(submission)
        guard case .replayed(_, let location, _) = try await world.requests.submit(submission, by: world.actor()) else {
            Issue.record("made twice")
            return
        }
        #expect(location?.hasSuffix(first) == true)
    }

    @Test("a batch is all or none, or each by itself")
    func batch() async throws {
        let world = try await World(document("queue"))
        let good = Submission(catalogID: "db", kind: .item, data: ["title": "one", "target": "x"])
        let bad = Submission(catalogID: "db", kind: .item, data: ["title": 5, "target": "x"])
        #expect(await code { _ = try await world.requests.submit(batch: [good, bad], atomic: true, by: world.actor()) } == .invalid)
        #expect(try world.count("SELECT COUNT(*) FROM service_requests") == 0)
        let results = try await world.requests.submit(batch: [good, bad], atomic: false, by: world.actor())
        #expect(results[0]["status"] == "queued" && results[1]["errors"]?[0]?["field"] == "title")
    }

    @Test("a clone asks for the same again, with what differs")
    func clone() async throws {
        let world = try await World(document("queue"))
        let id = try await submit(world, "one")
        let clone = try await world.requests.clone(id, changes: ["title": "two"], by: world.actor())
        #expect(clone.id != id)
        #expect(clone.parameters == ["title": "two", "target": "x"])
    }

    @Test("an instance of another team cannot be depended on, nor be told from one that is not there")
    func foreignDependency() async throws {
        let world = try await World(
            Documents.automatic(
                "app", fields: ["title", "{id: network, type: string}"], actions: Documents.post("a"),
                extra: "instance: {dependencies: [{on: \"{{fields.network}}\", type: network, required: true}]}"))
        let id = try await world.submit("app", ["title": "base", "network": ""])
        try await world.run()
        let instance = try #require(try world.request(id).instanceID)
        let stranger = world.actor("eve", teams: ["other"])
        let foreign = try world.requests.findings(
            Submission(catalogID: "app", kind: .item, data: ["title": "t", "network": .string(instance)]), by: stranger)
        let absent = try world.requests.findings(
            Submission(catalogID: "app", kind: .item, data: ["title": "t", "network": "si-aaaaaaaaaaaa"]), by: stranger)
        #expect(foreign.map(\.rule) == ["dependency"] && absent.map(\.rule) == ["dependency"])
        #expect(foreign[0].message.replacing(instance, with: "X") == absent[0].message.replacing("si-aaaaaaaaaaaa", with: "X"))
    }
}
