/// What a role may allow: `resource.action`.
package struct Permission: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    private init(_ rawValue: String) { self.rawValue = rawValue }

    package static let catalogRead = Self("catalog.read")
    package static let catalogPublish = Self("catalog.publish")
    package static let catalogRefresh = Self("catalog.refresh")
    package static let requestsCreate = Self("requests.create")
    package static let requestsRead = Self("requests.read")
    /// Retry, skip, complete by hand, abort, escalate, cancel of what others asked for.
    package static let requestsOperate = Self("requests.operate")
    package static let requestsApprove = Self("requests.approve")
    package static let ticketsRead = Self("tickets.read")
    package static let ticketsResolve = Self("tickets.resolve")
    package static let instancesRead = Self("instances.read")
    package static let instancesOperate = Self("instances.operate")
    package static let auditRead = Self("audit.read")
    package static let metricsRead = Self("metrics.read")
    package static let adminUsers = Self("admin.users")
    package static let adminTeams = Self("admin.teams")
    package static let adminRoles = Self("admin.roles")
    package static let adminTokens = Self("admin.tokens")
    package static let adminJobs = Self("admin.jobs")
    package static let adminSettings = Self("admin.settings")
    package static let adminBackups = Self("admin.backups")
    package static let adminSecrets = Self("admin.secrets")

    package static let all: [Permission] = [
        catalogRead, catalogPublish, catalogRefresh, requestsCreate, requestsRead, requestsOperate, requestsApprove, ticketsRead,
        ticketsResolve, instancesRead, instancesOperate, auditRead, metricsRead, adminUsers, adminTeams, adminRoles, adminTokens,
        adminJobs, adminSettings, adminBackups, adminSecrets,
    ]
}
