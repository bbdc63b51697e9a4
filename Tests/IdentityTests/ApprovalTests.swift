import Store
import Testing

@testable import Base
@testable import Identity

@Suite("Approvals")
struct ApprovalTests {
    private func world() async throws -> World {
        let world = try await World()
        try await world.team("company")
        try await world.team("payments", under: "company")
        try await world.team("search", under: "company")
        try await world.user("asker", roles: ["developer", "approver"], teams: ["payments"])
        for name in ["ann", "bob", "cleo"] { try await world.user(name, roles: ["approver"], teams: ["company"]) }
        try await world.user("stranger", roles: ["approver"], teams: ["search"])
        try await world.user("viewer", roles: ["viewer"], teams: ["company"])
        try await world.user("operator", roles: ["platform-engineer"], teams: ["company"])
        try await world.user("root", roles: ["admin"])
        return world
    }

    private func gate(
        _ name: String = "gate", role: String = "approver", required: Int = 1, timeout: Duration? = nil,
        onTimeout: Gate.OnTimeout = .reject
    ) -> Gate {
        Gate(name: name, role: role, team: "payments", required: required, timeout: timeout, onTimeout: onTimeout)
    }

    private func ask(_ world: World, _ gates: Gate...) async throws -> [Approval] {
        let (approvals, asker) = (world.services.approvals, try world.actor("asker"))
        return try await world.write { tx throws(PAOError) in try approvals.request(gates, for: "request", "req-1", by: asker, in: tx) }
    }

    private func decide(
        _ world: World, _ decision: Decision, _ approval: Approval, by login: String, reason: String = ""
    ) async throws -> ApprovalOutcome {
        let (approvals, actor) = (world.services.approvals, try world.actor(login))
        return try await world.write { tx throws(PAOError) in
            try approvals.decide(decision, on: approval.id, reason: reason, by: actor, in: tx)
        }
    }

    private func delegate(_ world: World, _ approval: Approval, from: String, to: String) async throws {
        let (approvals, actor, target) = (world.services.approvals, try world.actor(from), try world.actor(to))
        try await world.write { tx throws(PAOError) in
            try approvals.delegate(approval.id, to: target.userID, reason: "away", by: actor, in: tx)
        }
    }

    private func sweep(_ world: World) async throws -> [ApprovalOutcome] {
        let approvals = world.services.approvals
        return try await world.write { tx throws(PAOError) in try approvals.sweep(in: tx) }
    }

    private func statuses(_ world: World) throws -> [Approval.Status] {
        try world.store.read { connection throws(PAOError) in
            try world.services.approvals.history(of: "request", "req-1", in: connection).map(\.approval.status)
        }
    }

    private func inbox(_ world: World, _ login: String) throws -> [String] {
        let actor = try world.actor(login)
        return try world.store.read { connection throws(PAOError) in
            try world.services.approvals.inbox(for: actor, limit: 10, in: connection).map(\.name)
        }
    }

    @Test("one approval opens a gate of one")
    func single() async throws {
        let world = try await world()
        let approval = try await ask(world, gate())[0]
        guard case .approved(let done) = try await decide(world, .approve, approval, by: "ann") else {
            Issue.record("not approved")
            return
        }
        #expect(done.status == .approved && done.decisionAt == world.clock.source.now())
        #expect(await code { _ = try await decide(world, .approve, approval, by: "bob") } == .conflict)
    }

    @Test("levels open one after the other")
    func levels() async throws {
        let world = try await world()
        let both = try await ask(world, gate("one"), gate("two", role: "platform-engineer"))
        #expect(try statuses(world) == [.pending, .waiting])
        #expect(await code { _ = try await decide(world, .approve, both[1], by: "operator") } == .conflict)
        guard case .opened(let next) = try await decide(world, .approve, both[0], by: "ann") else {
            Issue.record("not opened")
            return
        }
        #expect(next.name == "two" && next.status == .pending)
        #expect(await code { _ = try await decide(world, .approve, both[1], by: "ann") } == .forbidden)
        guard case .approved = try await decide(world, .approve, both[1], by: "operator") else {
            Issue.record("not approved")
            return
        }
        #expect(try statuses(world) == [.approved, .approved])
    }

    @Test("two of three must agree, each counted once")
    func several() async throws {
        let world = try await world()
        let approval = try await ask(world, gate(required: 2))[0]
        guard case .counted(_, remaining: 1) = try await decide(world, .approve, approval, by: "ann") else {
            Issue.record("not counted")
            return
        }
        #expect(await code { _ = try await decide(world, .approve, approval, by: "ann") } == .conflict)
        guard case .approved = try await decide(world, .approve, approval, by: "bob") else {
            Issue.record("not approved")
            return
        }
    }

    @Test("one rejection ends the round and needs a reason")
    func rejection() async throws {
        let world = try await world()
        let both = try await ask(world, gate(required: 2), gate())
        _ = try await decide(world, .approve, both[0], by: "ann")
        #expect(await code { _ = try await decide(world, .reject, both[0], by: "bob", reason: " ") } == .invalid)
        guard case .rejected(_, reason: "too dear") = try await decide(world, .reject, both[0], by: "bob", reason: "too dear") else {
            Issue.record("not rejected")
            return
        }
        #expect(try statuses(world) == [.rejected, .cancelled])
        let decisions = try world.store.read { connection throws(PAOError) in
            try world.services.approvals.history(of: "request", "req-1", in: connection)[0].decisions
        }
        #expect(decisions.map(\.login) == ["ann", "bob"] && decisions.map(\.decision) == [.approve, .reject])
    }

    @Test(
        "who may decide",
        arguments: [
            ("asker", .forbidden), ("stranger", .notFound), ("viewer", .forbidden), ("operator", .forbidden), ("ann", nil), ("root", nil),
        ] as [(String, PAOError.Code?)])
    func eligible(login: String, refused: PAOError.Code?) async throws {
        let world = try await world()
        let approval = try await ask(world, gate())[0]
        #expect(try inbox(world, login) == (refused == nil ? ["gate"] : []))
        #expect(await code { _ = try await decide(world, .approve, approval, by: login) } == refused)
        #expect(try inbox(world, login) == [])
    }

    @Test("an administrator does not approve the own request either")
    func ownAdministrator() async throws {
        let world = try await world()
        let (approvals, root, gate) = (world.services.approvals, try world.actor("root"), gate())
        let approval = try await world.write { tx throws(PAOError) in
            try approvals.request([gate], for: "request", "req-2", by: root, in: tx)[0]
        }
        #expect(await code { _ = try await decide(world, .approve, approval, by: "root") } == .forbidden)
    }

    @Test("who is delegated to decides without the role or the team, who delegated does not any more")
    func delegation() async throws {
        let world = try await world()
        let approval = try await ask(world, gate())[0]
        try await delegate(world, approval, from: "ann", to: "stranger")
        #expect(try inbox(world, "ann") == [] && inbox(world, "stranger") == ["gate"])
        #expect(await code { _ = try await decide(world, .approve, approval, by: "ann") } == .forbidden)
        #expect(await code { try await delegate(world, approval, from: "stranger", to: "ann") } == .conflict)
        #expect(await code { try await delegate(world, approval, from: "bob", to: "asker") } == .invalid)
        #expect(await code { try await delegate(world, approval, from: "bob", to: "viewer") } == .invalid)
        #expect(await code { try await delegate(world, approval, from: "bob", to: "bob") } == .invalid)
        guard case .approved = try await decide(world, .approve, approval, by: "stranger") else {
            Issue.record("not approved")
            return
        }
    }

    @Test("a gate that nobody decides on expires, its time counted from when it opened")
    func expiry() async throws {
        let world = try await world()
        let both = try await ask(world, gate("one", timeout: .seconds(60)), gate("two", timeout: .seconds(60)))
        world.clock.advance(.seconds(59))
        #expect(try await sweep(world).isEmpty)
        _ = try await decide(world, .approve, both[0], by: "ann")
        world.clock.advance(.seconds(59))
        #expect(try await sweep(world).isEmpty)
        world.clock.advance(.seconds(1))
        guard case .expired(let expired)? = try await sweep(world).first else {
            Issue.record("not expired")
            return
        }
        #expect(expired.name == "two")
        #expect(try await sweep(world).isEmpty)
        #expect(try statuses(world) == [.approved, .expired])
    }

    @Test("an escalated gate is reported once and can still be decided")
    func escalation() async throws {
        let world = try await world()
        let approval = try await ask(world, gate(timeout: .seconds(60), onTimeout: .escalate))[0]
        world.clock.advance(.seconds(60))
        guard case .escalated(let late)? = try await sweep(world).first else {
            Issue.record("not escalated")
            return
        }
        #expect(late.escalatedAt == world.clock.source.now() && late.status == .pending)
        #expect(try await sweep(world).isEmpty)
        _ = try await decide(world, .approve, approval, by: "ann")
    }

    @Test("asking again is a new round that voids the old one")
    func rounds() async throws {
        let world = try await world()
        let old = try await ask(world, gate(required: 2), gate())[0]
        _ = try await decide(world, .approve, old, by: "ann")
        let new = try await ask(world, gate())[0]
        #expect(new.round == 2)
        #expect(try statuses(world) == [.cancelled, .cancelled, .pending])
        #expect(await code { _ = try await decide(world, .approve, old, by: "bob") } == .conflict)
        #expect(try await world.write { tx throws(PAOError) in try world.services.approvals.cancel("request", "req-1", in: tx) } == 1)
    }

    @Test("every decision is in the trail of its request")
    func audited() async throws {
        let world = try await world()
        let approval = try await ask(world, gate())[0]
        _ = try await decide(world, .reject, approval, by: "ann", reason: "no")
        let record = try #require(try world.audited("reject").first)
        #expect(record.requestID == "req-1" && record.actorLogin == "ann" && record.team == "payments" && record.entityID == approval.id)
    }
}
