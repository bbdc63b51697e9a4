import Base
import Catalog
import Identity
import Testing

@testable import Orchestration

@Suite struct WindowTests {
    private static let site = Documents.automatic("site", actions: Documents.post("a"))
    private static let patch = Documents.automatic("patch", actions: Documents.post("a")).replacing(
        "fulfillment:", with: "fulfillment:\n  maintenanceWindows: [{days: [sat], from: \"02:00\", to: \"03:00\"}]")

    private func windows(_ world: World) -> FreezeWindows {
        FreezeWindows(
            store: world.store, requests: world.requests, audit: world.identity.audit, events: world.events,
            identifiers: IdentifierSource(time: world.clock.source, random: .system), time: world.clock.source)
    }

    private func admin(_ world: World) -> Actor { world.actor("root") }

    private func freeze(_ world: World, _ scope: FreezeWindow.Scope = .init(), for duration: Duration? = .seconds(3600)) async throws
        -> FreezeWindow
    {
        try await windows(world).declare(
            reason: "Year end", scope: scope, startsAt: nil, endsAt: duration.map { world.clock.now + $0 }, by: admin(world))
    }

    @Test("nothing starts while frozen; it says why and until when, and goes on at the end")
    func frozen() async throws {
        let world = try await World(Self.site)
        let window = try await freeze(world)
        let id = try await world.submit("site")
        try await world.run(for: .seconds(600))
        let waiting = try world.request(id)
        #expect(waiting.status == .queued && world.outside.lines == [])
        #expect(waiting.json["waiting"]?["kind"] == "freeze" && waiting.json["waiting"]?["until"]?.string == window.endsAt?.description)
        #expect(waiting.json["waiting"]?["reason"] == "frozen by root: Year end")
        let explanation = try world.requests.explanation(id, by: world.actor())
        #expect(explanation["reason"]?.string?.hasSuffix("frozen by root: Year end") == true)
        #expect(try windows(world).overview().waiting == 1)
        try await world.run()
        #expect(try world.status(id) == .completed)
        #expect(try world.request(id).json["waiting"] == .null)
        #expect(world.clock.now >= window.endsAt ?? world.clock.now)
    }

    @Test(
        "only what is named is frozen",
        arguments: [
            (FreezeWindow.Scope(catalogIDs: ["site"]), true), (.init(catalogIDs: ["other"]), false), (.init(categories: ["tests"]), true),
            (.init(categories: ["tests"], teams: ["other"]), false), (.init(teams: ["platform"]), true),
        ])
    func scope(_ scope: FreezeWindow.Scope, _ isFrozen: Bool) async throws {
        let world = try await World(Self.site)
        _ = try await freeze(world, scope)
        let id = try await world.submit("site")
        try await world.run(for: .seconds(60))
        #expect(try world.status(id) == (isFrozen ? .queued : .completed))
    }

    @Test("what has begun goes on")
    func running() async throws {
        let world = try await World(Self.site)
        world.outside.next("POST https://keyed.test/a", .answer(503, "{}"))
        let id = try await world.submit("site")
        try await world.run(for: .zero)
        #expect(try world.status(id) == .inProgress)
        _ = try await freeze(world)
        try await world.run(for: .seconds(600))
        #expect(try world.status(id) == .completed)
    }

    @Test("an open-ended freeze lets go when it is ended, once")
    func ended() async throws {
        let world = try await World(Self.site)
        let window = try await freeze(world, for: nil)
        let id = try await world.submit("site")
        try await world.run(for: .seconds(3 * 86_400))
        #expect(try world.status(id) == .queued)
        _ = try await windows(world).end(window.id, by: admin(world))
        try await world.run(for: .zero)
        #expect(try world.status(id) == .completed)
        #expect(await code { _ = try await windows(world).end(window.id, by: admin(world)) } == .conflict)
        #expect(try world.count("SELECT COUNT(*) FROM audit_logs WHERE entity_type = 'freeze_window'") == 2)
    }

    @Test("an emergency goes through: only by who may declare freezes, with a reason in the audit trail")
    func override() async throws {
        let world = try await World(Self.site)
        _ = try await freeze(world)
        let id = try await world.submit("site")
        try await world.run(for: .seconds(60))
        let operating = world.actor("op", permissions: [.requestsOperate, .requestsRead])
        #expect(await code { _ = try await world.requests.startNow(id, reason: "x", by: operating) } == .forbidden)
        _ = try await world.requests.startNow(id, reason: "customer is down", by: admin(world))
        try await world.run(for: .seconds(60))
        #expect(try world.status(id) == .completed)
        #expect(try world.count("SELECT COUNT(*) FROM audit_logs WHERE action = 'override' AND new LIKE '%customer is down%'") == 1)
        #expect(await code { _ = try await world.requests.startNow(id, reason: "x", by: admin(world)) } == .conflict)
    }

    @Test("a document's requests start in its maintenance window")
    func maintenance() async throws {
        let world = try await World(Self.patch)
        let id = try await world.submit("patch")
        try await world.run(for: .zero)
        let until = try #require(try world.request(id).hold?.until)
        #expect(until > world.clock.now && until.description.hasSuffix("T02:00:00.000Z"))
        try await world.run()
        #expect(try world.status(id) == .completed)
        #expect(try #require(try world.request(id).startedAt) >= until)
    }

    @Test("whoever may operate starts a scheduled request at once")
    func scheduled() async throws {
        let world = try await World(Self.site)
        let later = world.clock.now + .seconds(86_400)
        let id = try await world.submit(Submission(catalogID: "site", kind: .item, data: ["title": "x"], startAfter: later))
        try await world.run(for: .seconds(60))
        #expect(try world.request(id).json["waiting"]?["kind"] == "scheduled")
        _ = try await world.requests.startNow(id, reason: "ready early", by: world.actor("op"))
        try await world.run(for: .seconds(60))
        #expect(try world.status(id) == .completed)
    }

    @Test("a freeze cannot end before it begins")
    func interval() async throws {
        let world = try await World(Self.site)
        #expect(
            await code {
                _ = try await windows(world).declare(
                    reason: "x", scope: .init(), startsAt: nil, endsAt: world.clock.now, by: admin(world))
            } == .invalid)
    }
}
