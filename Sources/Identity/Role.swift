/// A named set of permissions.
package struct Role: Sendable, Equatable {
    package let name: String
    package let description: String
    package let isBuiltIn: Bool
    package let permissions: Set<Permission>

    /// Whoever has this role sees every team.
    package static let administrator = "admin"

    package static let builtIn: [Role] = [
        Role("admin", "May do everything and sees every team.", Permission.all),
        Role(
            "platform-engineer", "Publishes the catalog and operates what others asked for.",
            [
                .catalogRead, .catalogPublish, .catalogRefresh, .requestsCreate, .requestsRead, .requestsOperate, .requestsApprove,
                .ticketsRead, .ticketsResolve, .instancesRead, .instancesOperate, .auditRead, .metricsRead, .adminJobs,
            ]),
        Role(
            "approver", "Decides on what waits for approval.",
            [.catalogRead, .requestsRead, .requestsApprove, .ticketsRead, .instancesRead]),
        Role(
            "developer", "Asks for services and looks after those of the own teams.",
            [.catalogRead, .requestsCreate, .requestsRead, .ticketsRead, .instancesRead, .instancesOperate]),
        Role(
            "technician", "Does by hand what tickets ask for.",
            [.catalogRead, .requestsRead, .ticketsRead, .ticketsResolve, .instancesRead]),
        Role("viewer", "Looks.", [.catalogRead, .requestsRead, .ticketsRead, .instancesRead, .metricsRead]),
        Role(
            "agent", "A program that asks for services; never approves or administers.",
            [.catalogRead, .requestsCreate, .requestsRead, .instancesRead]),
    ]

    private init(_ name: String, _ description: String, _ permissions: [Permission]) {
        self.init(name: name, description: description, isBuiltIn: true, permissions: Set(permissions))
    }

    package init(name: String, description: String, isBuiltIn: Bool, permissions: Set<Permission>) {
        self.name = name
        self.description = description
        self.isBuiltIn = isBuiltIn
        self.permissions = permissions
    }
}
