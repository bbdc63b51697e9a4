import Base
package import Identity
import Web

/// `/users`, `/teams`, `/roles`, `/tokens`. What one may grant is decided by the services.
package struct IdentityRoutes: Sendable {
    let identity: IdentityServices

    package init(identity: IdentityServices) { self.identity = identity }

    package var endpoints: [Endpoint] { users + teams + roles + tokens }

    // MARK: Users

    private var users: [Endpoint] {
        [
            .get("/api/v1/users", .permission(.adminUsers), "List users by login", query: Endpoint.paging, answer: "A page of users") {
                call throws(PAOError) in
                let page = try call.page()
                let found = try identity.users.page(after: page.after?.first ?? "", limit: page.limit + 1, by: call.actor)
                return call.list(Page(found, limit: page.limit) { [$0.login] }, \.json)
            },
            .get("/api/v1/users/{id}", .permission(.adminUsers), "One user with roles and teams", answer: "The user") {
                call throws(PAOError) in
                let profile = try identity.users.profile(of: call.parameter("id"), by: call.actor)
                return .json(profile.user.json(roles: profile.roles, teams: profile.teams))
            },
            .change(
                "POST", "/api/v1/users", .permission(.adminUsers), "Make a user",
                body: .object([
                    .init("login", .string, required: true, "Lower-case login name."), .init("name", .string, "Shown to people."),
                    .init("email", .string, "E-mail address."), .init("password", .string, "At least 12 characters; none for programs."),
                    .init("roles", .array, "Role names."), .init("teams", .array, "Slugs; the first is the primary one."),
                ]), answer: "The user", status: 201
            ) { call async throws(PAOError) in
                let user = try await identity.users.create(
                    NewUser(
                        login: try call.required("login"), name: call.text("name"), email: call.text("email"),
                        password: call.text("password"),
                        roles: call.strings("roles"), teams: call.strings("teams")), by: call.actor)
                return .json(
                    user.json(roles: call.strings("roles"), teams: call.strings("teams")), status: 201,
                    headers: ["Location": "/api/v1/users/\(user.id)"])
            },
            .change(
                "POST", "/api/v1/users/{id}/active", .permission(.adminUsers), "Let a user in, or shut them out",
                body: .object([.init("active", .boolean, required: true, "false ends sessions and tokens at once.")]), answer: "Nothing",
                status: 204
            ) { call async throws(PAOError) in
                try await identity.users.setActive(call.body["active"]?.bool ?? false, of: call.parameter("id"), by: call.actor)
                return Response(status: 204)
            },
        ]
    }

    // MARK: Teams

    private var teams: [Endpoint] {
        [
            .get("/api/v1/teams", .authenticated, "List teams", answer: "`{data: [...]}`") { call throws(PAOError) in
                .json(["data": .array(try identity.teams.list(by: call.actor).map(\.json))])
            },
            .get("/api/v1/teams/{id}", .authenticated, "One team with its members", answer: "The team") { call throws(PAOError) in
                let (team, members) = try identity.teams.team(call.parameter("id"), by: call.actor)
                var json = team.json
                json["members"] = .array(members.map(JSON.string))
                return .json(json)
            },
            .change(
                "POST", "/api/v1/teams", .permission(.adminTeams), "Make a team",
                body: .object([
                    .init("slug", .string, required: true, "Lower case, used in URLs."),
                    .init("name", .string, required: true, "Shown to people."),
                    .init("description", .string, "What it does."), .init("parent", .string, "Slug of the team above."),
                ]), answer: "The team", status: 201
            ) { call async throws(PAOError) in
                let team = try await identity.teams.create(
                    try call.required("slug"), name: try call.required("name"), description: call.text("description") ?? "",
                    parent: call.text("parent"), by: call.actor)
                return .json(team.json, status: 201, headers: ["Location": "/api/v1/teams/\(team.slug)"])
            },
            .change("PUT", "/api/v1/teams/{id}/members/{user}", .permission(.adminTeams), "Add a member", answer: "Nothing", status: 204) {
                call async throws(PAOError) in
                try await identity.teams.add(call.parameter("user"), to: call.parameter("id"), by: call.actor)
                return Response(status: 204)
            },
            .change(
                "DELETE", "/api/v1/teams/{id}/members/{user}", .permission(.adminTeams), "Remove a member", answer: "Nothing", status: 204
            ) {
                call async throws(PAOError) in
                try await identity.teams.remove(call.parameter("user"), from: call.parameter("id"), by: call.actor)
                return Response(status: 204)
            },
        ]
    }

    // MARK: Roles

    private var roles: [Endpoint] {
        [
            .get("/api/v1/roles", .permission(.adminRoles), "List roles", answer: "`{data: [...]}`") { call throws(PAOError) in
                .json(["data": .array(try identity.roles.list(by: call.actor).map(\.json))])
            },
            .change(
                "PUT", "/api/v1/roles/{name}", .permission(.adminRoles), "Make or change a role of one's own",
                body: .object([
                    .init("description", .string, "What it is for."), .init("permissions", .array, required: true, "Permission names."),
                ]), answer: "The role"
            ) { call async throws(PAOError) in
                let role = try await identity.roles.save(
                    call.parameter("name"), description: call.text("description") ?? "", permissions: try call.permissions("permissions"),
                    by: call.actor)
                return .json(role.json)
            },
        ]
    }

    // MARK: Tokens

    private var tokens: [Endpoint] {
        [
            .get("/api/v1/tokens", .authenticated, "List one's own tokens", answer: "`{data: [...]}`") { call throws(PAOError) in
                .json(["data": .array(try identity.tokens.list(of: call.actor.userID, by: call.actor).map(\.json))])
            },
            .change(
                "POST", "/api/v1/tokens", .authenticated, "Mint a token; its text is shown once",
                body: .object([
                    .init("name", .string, required: true, "What it is for."),
                    .init("scopes", .array, "Permissions, at most one's own; all of them without it."),
                    .init("expiresIn", .string, "A duration such as 90d."),
                    .init("userId", .string, "Of another user; needs admin.tokens."),
                ]), answer: "The token with its text", status: 201
            ) { call async throws(PAOError) in
                let scopes = call.body["scopes"].map { $0.isNull } ?? true ? call.actor.permissions : try call.permissions("scopes")
                var new = NewToken(name: try call.required("name"), scopes: scopes, userID: call.text("userId"))
                if let text = call.text("expiresIn") {
                    guard let lifetime = Duration(text: text) else {
                        throw PAOError(
                            .invalid, "expiresIn is a duration such as 90d.",
                            findings: [.init(field: "expiresIn", rule: "type", message: "expiresIn is a duration such as 90d.")])
                    }
                    new.lifetime = lifetime
                }
                let (token, text) = try await identity.tokens.mint(new, by: call.actor)
                var json = token.json
                json["token"] = .string(text)
                return .json(json, status: 201)
            },
            .change("DELETE", "/api/v1/tokens/{id}", .authenticated, "Revoke a token", answer: "Nothing", status: 204) {
                call async throws(PAOError) in
                try await identity.tokens.revoke(call.parameter("id"), by: call.actor)
                return Response(status: 204)
            },
        ]
    }
}

extension Call {
    func strings(_ name: String) -> [String] { body[name]?.array?.compactMap(\.string) ?? [] }

    /// Throws `invalid` naming what is no permission.
    func permissions(_ name: String) throws(PAOError) -> Set<Permission> {
        let names = strings(name)
        let unknown = names.filter { !Permission.all.contains(Permission(rawValue: $0)) }
        guard unknown.isEmpty else {
            throw PAOError(
                .invalid, "There is no permission \(unknown[0]).",
                findings: unknown.map { .init(field: name, rule: "unknown", message: "There is no permission \($0).") })
        }
        return Set(names.map(Permission.init(rawValue:)))
    }
}

extension User {
    var json: JSON {
        [
            "id": .string(id), "login": .string(login), "name": .string(name), "email": .optional(email), "active": .bool(isActive),
            "lastLogin": .optional(lastLogin?.description), "createdAt": .string(createdAt.description),
        ]
    }

    func json(roles: [String], teams: [String]) -> JSON {
        var json = json
        json["roles"] = .array(roles.map(JSON.string))
        json["teams"] = .array(teams.map(JSON.string))
        return json
    }
}

extension Team {
    var json: JSON {
        [
            "slug": .string(slug), "name": .string(name), "description": .string(description), "parent": .optional(parent),
        ]
    }
}

extension Role {
    var json: JSON {
        [
            "name": .string(name), "description": .string(description), "builtIn": .bool(isBuiltIn),
            "permissions": .array(permissions.map(\.rawValue).sorted().map(JSON.string)),
        ]
    }
}

extension Token {
    var json: JSON {
        [
            "id": .string(id), "kind": .string(kind.rawValue), "name": .string(name), "userId": .string(userID),
            "scopes": .array(scopes.map(\.rawValue).sorted().map(JSON.string)), "createdAt": .string(createdAt.description),
            "expiresAt": .string(expiresAt.description), "revokedAt": .optional(revokedAt?.description),
            "lastUsedAt": .optional(lastUsedAt?.description),
        ]
    }
}
