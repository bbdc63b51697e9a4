package import Base
import Store

/// The first account: for `pao init` and `pao demo`, on a new data directory or again on one that was set up before.
package struct Setup: Sendable {
    package static let team = "platform"

    let context: IdentityContext
    let users: Users
    let roles: Roles
    let teams: Teams
    let tokens: Tokens

    package struct Result: Sendable {
        package let user: User
        package let password: String
        /// Has every permission; lives as long as any token by default.
        package let token: String
    }

    /// Makes the administrator, the team `platform` and a token; an account that is there gets the new password. Without a password one
    /// is made. Several transactions: cut short, it is repaired by running it again. Throws `invalid`.
    package func perform(admin login: String, password given: String?) async throws(PAOError) -> Result {
        let actor = Actor.system(correlationID: context.identifiers.uuid())
        let password = given ?? Base32.encode(context.random.bytes(15))
        try await roles.installBuiltIn()
        try await makeTeam(by: actor)
        try IdentityFailpoint.teamMade.reach()
        let user = try await makeAdministrator(login, password, by: actor)
        try IdentityFailpoint.administratorMade.reach()
        let token = NewToken(name: "setup", scopes: Set(Permission.all), userID: user.id)
        return Result(user: user, password: password, token: try await tokens.mint(token, by: actor).text)
    }

    private func makeTeam(by actor: Actor) async throws(PAOError) {
        guard try !teams.list(by: actor).contains(where: { $0.slug == Self.team }) else { return }
        _ = try await teams.create(Self.team, name: "Platform", by: actor)
    }

    private func makeAdministrator(_ login: String, _ password: String, by actor: Actor) async throws(PAOError) -> User {
        guard let user = try users.find(login: login) else {
            let new = NewUser(login: login, password: password, roles: [Role.administrator], teams: [Self.team])
            return try await users.create(new, by: actor)
        }
        try await users.resetPassword(of: user.id, to: password, by: actor)
        try await roles.assign(Role.administrator, to: user.id, by: actor)
        try await users.setActive(true, of: user.id, by: actor)
        return user
    }
}
