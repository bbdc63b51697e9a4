package import Base
import Store

/// The tree of teams and who belongs to them. Teams are never deleted: what they own names them.
package struct Teams: Sendable {
    let context: IdentityContext

    /// The visible ones, by slug.
    package func list(by actor: Actor) throws(PAOError) -> [Team] {
        try context.store.read { connection throws(PAOError) in try TeamStore.all(for: actor, in: connection) }
    }

    /// With the logins of its members. Throws `notFound`.
    package func team(_ slug: String, by actor: Actor) throws(PAOError) -> (team: Team, members: [String]) {
        guard actor.sees(team: slug) else { throw .notFound("The team \(slug)") }
        return try context.store.read { connection throws(PAOError) in
            let team = try TeamStore.existing(slug, in: connection)
            return (team, try TeamStore.members(of: team.id, in: connection))
        }
    }

    /// Throws `forbidden`, `notFound` for the parent, `invalid`, `conflict` for a taken slug.
    package func create(
        _ slug: String, name: String, description: String = "", parent: String? = nil, by actor: Actor
    ) async throws(PAOError) -> Team {
        try actor.requireTeams(parent)
        try Name.check(slug, field: "slug")
        try Self.check(name: name)
        let team = Team(id: context.identifiers.uuid(), slug: slug, name: name, description: description, parent: parent)
        let audit = context.audit
        return try await context.change { tx throws(PAOError) in
            if try TeamStore.team(slug, in: tx) != nil { throw PAOError(.conflict, "The team \(slug) is there already.") }
            try TeamStore.insert(team, parentID: try Self.id(parent, in: tx), in: tx)
            try audit.append(AuditEntry(actor, "create", "team", slug, team: slug, new: team.auditValue), in: tx)
            return team
        }
    }

    /// Renames and moves; the slug stays. Throws `forbidden`, `notFound`, `invalid`, `conflict` when it would come below itself.
    package func update(
        _ slug: String, name: String, description: String, parent: String?, by actor: Actor
    ) async throws(PAOError) -> Team {
        try actor.requireTeams(slug)
        try actor.requireTeams(parent)
        try Self.check(name: name)
        let audit = context.audit
        return try await context.change { tx throws(PAOError) in
            let old = try TeamStore.existing(slug, in: tx)
            let parentID = try Self.id(parent, in: tx)
            if let parentID, try TeamStore.isBelow(parentID, old.id, in: tx) {
                throw PAOError(.conflict, "The team \(slug) cannot come below itself.")
            }
            let new = Team(id: old.id, slug: slug, name: name, description: description, parent: parent)
            try TeamStore.update(old.id, name: name, description: description, parentID: parentID, in: tx)
            try audit.append(
                AuditEntry(actor, "update", "team", slug, team: slug, old: old.auditValue, new: new.auditValue), in: tx)
            return new
        }
    }

    /// Nothing happens when the user is a member already. Throws `forbidden`, `notFound`.
    package func add(_ userID: String, to slug: String, isPrimary: Bool = false, by actor: Actor) async throws(PAOError) {
        try actor.requireTeams(slug)
        let audit = context.audit
        try await context.change { tx throws(PAOError) in
            let (team, user) = (try TeamStore.existing(slug, in: tx), try UserStore.existing(userID, in: tx))
            guard try TeamStore.add(user.id, to: team.id, isPrimary: isPrimary, in: tx) else { return }
            try audit.append(AuditEntry(actor, "add_member", "team", slug, team: slug, new: ["user": .string(user.login)]), in: tx)
        }
    }

    package func remove(_ userID: String, from slug: String, by actor: Actor) async throws(PAOError) {
        try actor.requireTeams(slug)
        let audit = context.audit
        try await context.change { tx throws(PAOError) in
            let (team, user) = (try TeamStore.existing(slug, in: tx), try UserStore.existing(userID, in: tx))
            guard try TeamStore.remove(user.id, from: team.id, in: tx) else { return }
            try audit.append(AuditEntry(actor, "remove_member", "team", slug, team: slug, old: ["user": .string(user.login)]), in: tx)
        }
    }

    private static func id(_ parent: String?, in tx: Connection) throws(PAOError) -> String? {
        guard let parent else { return nil }
        return try TeamStore.existing(parent, in: tx).id
    }

    private static func check(name: String) throws(PAOError) {
        guard (1...200).contains(name.unicodeScalars.count) else { throw .invalid("name", "length", "Must have 1 to 200 characters.") }
    }
}

extension Actor {
    /// To change that team; nil, the top of the tree, is for those who see everything.
    fileprivate func requireTeams(_ slug: String?) throws(PAOError) {
        guard let slug else {
            try require(.adminTeams)
            guard visibleTeams == nil else { throw PAOError(.forbidden, "Only who sees every team can put one at the top of the tree.") }
            return
        }
        try require(.adminTeams, team: slug, of: "The team \(slug)")
    }
}

extension Team {
    fileprivate var auditValue: JSON {
        ["name": .string(name), "description": .string(description), "parent": .optional(parent)]
    }
}
