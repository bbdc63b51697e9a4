/// Who does something: a person (by session or token) or the appliance itself. Every verb of a domain service takes one.
package struct Actor: Sendable {
    package enum Kind: String, Sendable { case user, token, system }

    package var kind: Kind
    /// UUID of the user row; empty for the system.
    package var userID: String
    package var login: String
    package var email: String?
    /// Slugs of the teams the user is a member of.
    package var teams: [String]
    /// Slugs of those teams and of all teams below them; nil sees everything.
    package var visibleTeams: Set<String>?
    package var permissions: Set<Permission>
    package var correlationID: String
    package var address: String?
    package var agent: String?

    package init(
        kind: Kind, userID: String, login: String, email: String?, teams: [String], visibleTeams: Set<String>?,
        permissions: Set<Permission>, correlationID: String, address: String? = nil, agent: String? = nil
    ) {
        self.kind = kind
        self.userID = userID
        self.login = login
        self.email = email
        self.teams = teams
        self.visibleTeams = visibleTeams
        self.permissions = permissions
        self.correlationID = correlationID
        self.address = address
        self.agent = agent
    }

    /// The appliance acting by itself (engine, scheduler); may do everything.
    package static func system(correlationID: String) -> Actor {
        Actor(
            kind: .system, userID: "", login: "system", email: nil, teams: [], visibleTeams: nil, permissions: Set(Permission.all),
            correlationID: correlationID)
    }

    package func may(_ permission: Permission) -> Bool { permissions.contains(permission) }

    /// Whether things of that team are visible; what is not answers 404.
    package func sees(team: String) -> Bool { visibleTeams?.contains(team) ?? true }
}
