import Foundation
import Testing

@testable import Base
@testable import Identity

@Suite("Roles")
struct RoleTests {
    /// Rows are permissions, columns the built-in roles. `UPDATE_GOLDEN=1` rewrites the file.
    @Test("the built-in roles may what the matrix says")
    func matrix() throws {
        var lines = ["permission".padded + Role.builtIn.map { " " + $0.name }.joined()]
        for permission in Permission.all {
            let cells = Role.builtIn.map { role in
                " " + (role.permissions.contains(permission) ? "x" : ".").padding(toLength: role.name.count, withPad: " ", startingAt: 0)
            }
            lines.append((permission.rawValue.padded + cells.joined()).trimmingCharacters(in: .whitespaces))
        }
        let actual = lines.joined(separator: "\n") + "\n"
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/roles.txt")
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" { try actual.write(to: file, atomically: true, encoding: .utf8) }
        #expect(actual == (try String(contentsOf: file, encoding: .utf8)))
    }

    @Test("agents neither approve nor administer")
    func agents() throws {
        let agent = try #require(Role.builtIn.first { $0.name == "agent" })
        #expect(agent.permissions.allSatisfy { !$0.rawValue.hasPrefix("admin.") && !$0.rawValue.hasSuffix(".approve") })
    }

    @Test("a start brings back what a built-in role lost")
    func reinstall() async throws {
        let world = try await World()
        try await world.execute("DELETE FROM role_permissions WHERE permission = 'catalog.read'")
        try await world.services.prepare()
        #expect(try world.services.roles.list(by: world.system).filter(\.isBuiltIn) == Role.builtIn.sorted { $0.name < $1.name })
    }

    @Test("nobody gives away what they do not have")
    func escalation() async throws {
        let world = try await World()
        let roles = world.services.roles
        _ = try await roles.save("helpdesk", description: "", permissions: [.adminUsers, .adminRoles, .catalogRead], by: world.system)
        let (helper, boss) = (try await world.user("helper", roles: ["helpdesk"]), try await world.user("boss", roles: ["admin"]))
        let actor = try world.actor("helper")
        #expect(await code { try await roles.assign("admin", to: helper.id, by: actor) } == .forbidden)
        #expect(await code { try await roles.withdraw("admin", from: boss.id, by: actor) } == .forbidden)
        #expect(await code { _ = try await roles.save("x", description: "", permissions: [.adminBackups], by: actor) } == .forbidden)
        #expect(
            await code { try await world.services.users.resetPassword(of: boss.id, to: "nine lives of a cat", by: actor) } == .forbidden)
        #expect(await code { try await world.services.users.setActive(false, of: boss.id, by: actor) } == .forbidden)
        let new = NewUser(login: "puppet", roles: ["admin"])
        #expect(await code { _ = try await world.services.users.create(new, by: actor) } == .forbidden)
        #expect(await code { _ = try await roles.save("y", description: "", permissions: [.catalogRead], by: actor) } == nil)
    }

    @Test("built-in roles stay as they are, and unknown permissions are refused")
    func refused() async throws {
        let world = try await World()
        let roles = world.services.roles
        #expect(await code { _ = try await roles.save("viewer", description: "", permissions: [], by: world.system) } == .conflict)
        #expect(await code { try await roles.remove("viewer", by: world.system) } == .conflict)
        #expect(await code { try await roles.remove("nobody", by: world.system) } == .notFound)
        let unknown = Permission(rawValue: "moon.land")
        #expect(await code { _ = try await roles.save("x", description: "", permissions: [unknown], by: world.system) } == .invalid)
        #expect(await code { _ = try await roles.save("No Name", description: "", permissions: [], by: world.system) } == .invalid)
    }

    @Test("the last active administrator stays")
    func lastAdministrator() async throws {
        let world = try await World()
        let (one, two) = (try await world.user("one", roles: ["admin"]), try await world.user("two", roles: ["admin"]))
        try await world.services.users.setActive(false, of: two.id, by: world.system)
        #expect(await code { try await world.services.users.setActive(false, of: one.id, by: world.system) } == .conflict)
        #expect(await code { try await world.services.roles.withdraw("admin", from: one.id, by: world.system) } == .conflict)
        #expect(try world.actor("one").may(.adminUsers))
    }
}

extension String {
    fileprivate var padded: String { padding(toLength: 18, withPad: " ", startingAt: 0) }
}
