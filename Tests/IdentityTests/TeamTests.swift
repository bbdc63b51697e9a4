import Store
import Testing

@testable import Base
@testable import Identity

@Suite("Teams and what they see")
struct TeamTests {
    private func world() async throws -> World {
        let world = try await World()
        try await world.team("company")
        try await world.team("payments", under: "company")
        try await world.team("cards", under: "payments")
        try await world.team("search", under: "company")
        return world
    }

    @Test(
        "one sees the own teams and all below",
        arguments: [
            (["company"], ["cards", "company", "payments", "search"]), (["payments"], ["cards", "payments"]), (["cards"], ["cards"]),
            (["cards", "search"], ["cards", "search"]), ([], []),
        ])
    func visible(teams: [String], seen: [String]) async throws {
        let world = try await world()
        try await world.user("ann", roles: ["developer"], teams: teams)
        let actor = try world.actor("ann")
        #expect(actor.visibleTeams == Set(seen))
        #expect(try world.services.teams.list(by: actor).map(\.slug) == seen)
        #expect(actor.teams == teams)
    }

    @Test("administrators see everything")
    func administrator() async throws {
        let world = try await world()
        try await world.user("root", roles: ["admin", "viewer"], teams: ["cards"])
        let actor = try world.actor("root")
        #expect(actor.visibleTeams == nil && actor.sees(team: "search"))
        #expect(try world.services.teams.list(by: actor).count == 4)
    }

    @Test("the SQL condition agrees with sees(team:)", arguments: [["payments"], [], ["search", "cards"]])
    func scope(teams: [String]) async throws {
        let world = try await world()
        try await world.user("ann", teams: teams)
        for actor in [try world.actor("ann"), world.system] {
            let scope = actor.teamScope(column: "slug")
            let found = try world.store.read { connection throws(PAOError) in
                try connection.rows("SELECT slug FROM teams WHERE \(scope.sql)", values: scope.values).map { $0.text(0) }
            }
            #expect(Set(found) == Set(["company", "payments", "cards", "search"].filter(actor.sees)))
        }
    }

    @Test("what is not visible is not found, what is visible but not allowed is forbidden")
    func require() async throws {
        let world = try await world()
        try await world.user("ann", roles: ["viewer"], teams: ["payments"])
        let actor = try world.actor("ann")
        #expect(await code { try actor.require(.requestsRead, team: "cards", of: "It") } == nil)
        #expect(await code { try actor.require(.requestsRead, team: "search", of: "It") } == .notFound)
        #expect(await code { try actor.require(.requestsOperate, team: "search", of: "It") } == .notFound)
        #expect(await code { try actor.require(.requestsOperate, team: "cards", of: "It") } == .forbidden)
        #expect(actor.may(.requestsRead, team: "cards") && !actor.may(.requestsRead, team: "search"))
        #expect(!actor.may(.requestsOperate, team: "cards"))
    }

    @Test("no team comes below itself")
    func ring() async throws {
        let world = try await world()
        let teams = world.services.teams
        for parent in ["payments", "cards"] {
            #expect(
                await code { _ = try await teams.update("payments", name: "P", description: "", parent: parent, by: world.system) }
                    == .conflict)
        }
        let moved = try await teams.update("cards", name: "Cards", description: "", parent: "search", by: world.system)
        #expect(moved.parent == "search")
    }

    @Test("members come and go, and their view with them")
    func members() async throws {
        let world = try await world()
        let ann = try await world.user("ann")
        let teams = world.services.teams
        try await teams.add(ann.id, to: "search", by: world.system)
        try await teams.add(ann.id, to: "search", by: world.system)
        #expect(try teams.team("search", by: world.system).members == ["ann"])
        try await teams.remove(ann.id, from: "search", by: world.system)
        #expect(try world.actor("ann").visibleTeams == [])
        #expect(try world.audited("add_member").count == 1)
        #expect(await code { try await teams.add(ann.id, to: "nowhere", by: world.system) } == .notFound)
    }

    @Test("who administers a team changes it and what is below, and nothing beside or above")
    func administration() async throws {
        let world = try await world()
        _ = try await world.services.roles.save("lead", description: "", permissions: [.adminTeams], by: world.system)
        try await world.user("ann", roles: ["lead"], teams: ["payments"])
        let (teams, actor) = (world.services.teams, try world.actor("ann"))
        #expect(await code { _ = try await teams.create("wallets", name: "W", parent: "cards", by: actor) } == nil)
        #expect(await code { _ = try await teams.create("images", name: "I", parent: "search", by: actor) } == .notFound)
        #expect(await code { _ = try await teams.create("top", name: "T", by: actor) } == .forbidden)
        #expect(await code { _ = try await teams.create("cards", name: "C", parent: "payments", by: actor) } == .conflict)
        #expect(await code { _ = try teams.team("search", by: actor) } == .notFound)
    }
}
