package import Base
package import Catalog
package import Identity
package import Store

/// Forms that people have filled in without submitting them: one draft per person and item, kept while typing, and templates that a team
/// shares. Secret values are never kept: they are entered when the form is submitted.
package final class SavedForms: Sendable {
    package struct Template: Sendable {
        package var id: String
        package var name: String
        package var catalogItemID: String
        package var data: JSON
        package var team: String
        package var owner: String
        package var createdAt: Timestamp

        package var json: JSON {
            [
                "id": .string(id), "name": .string(name), "catalogItemId": .string(catalogItemID), "requestData": data,
                "team": .string(team),
                "userId": .string(owner), "createdAt": .string(createdAt.description),
            ]
        }
    }

    private let store: Store
    private let catalog: Catalog
    private let audit: AuditLog
    private let identifiers: IdentifierSource

    package init(store: Store, catalog: Catalog, audit: AuditLog, identifiers: IdentifierSource) {
        self.store = store
        self.catalog = catalog
        self.audit = audit
        self.identifiers = identifiers
    }

    // MARK: Drafts

    /// `{catalogItemId, requestData, updatedAt}`. Throws `notFound`.
    package func draft(of itemID: String, by actor: Actor) throws(PAOError) -> JSON {
        let row = try store.read { connection throws(PAOError) in
            try connection.first(
                "SELECT data, updated_at FROM request_drafts WHERE user_id = ? AND catalog_item_id = ?", actor.userID, itemID)
        }
        guard let row else { throw PAOError(.notFound, "There is no draft for \(itemID).") }
        return ["catalogItemId": .string(itemID), "requestData": row.json(0), "updatedAt": .string(row.text(1))]
    }

    /// In place of the one before. Throws `notFound` for an unknown item.
    package func keepDraft(_ data: JSON, of itemID: String, by actor: Actor) async throws(PAOError) {
        let kept = try keepable(data, of: itemID)
        try await store.write { tx throws(PAOError) in
            _ = try tx.run(
                """
                INSERT INTO request_drafts(user_id, catalog_item_id, data, updated_at) VALUES (?, ?, ?, ?)
                ON CONFLICT(user_id, catalog_item_id) DO UPDATE SET data = excluded.data, updated_at = excluded.updated_at
                """, actor.userID, itemID, kept, tx.timestamp)
        }
    }

    /// What is gone already stays gone.
    package func dropDraft(of itemID: String, by actor: Actor) async throws(PAOError) {
        try await store.write { tx throws(PAOError) in
            _ = try tx.run("DELETE FROM request_drafts WHERE user_id = ? AND catalog_item_id = ?", actor.userID, itemID)
        }
    }

    private func keepable(_ data: JSON, of itemID: String) throws(PAOError) -> JSON {
        guard let document = catalog.snapshot.document(id: itemID) else { throw PAOError(.notFound, "The catalog has no \(itemID).") }
        return SensitiveFields(document.form).sealing(data, seal: { _ in .null })
    }

    // MARK: Templates

    /// Of the teams that the actor sees, newest first.
    package func templates(catalogItemID: String?, _ page: PageRequest, by actor: Actor) throws(PAOError) -> Page<Template> {
        var query = ListQuery(columns: Self.columns, source: "request_templates t", key: ["t.created_at", "t.id"])
        if let catalogItemID { query.filter("t.catalog_item_id = ?", catalogItemID) }
        let scope = actor.teamScope(column: "t.team")
        query.filter(scope.sql, values: scope.values)
        let (sql, values) = try query.page(page)
        return try store.read { connection throws(PAOError) in
            Page(try connection.rows(sql, values: values).map(Self.template), limit: page.limit) { [$0.createdAt.description, $0.id] }
        }
    }

    private static let columns = "t.id, t.name, t.catalog_item_id, t.data, t.team, t.owner_login, t.created_at"

    private static func template(_ row: Row) -> Template {
        Template(
            id: row.text(0), name: row.text(1), catalogItemID: row.text(2), data: row.json(3), team: row.text(4), owner: row.text(5),
            createdAt: row.timestamp(6))
    }

    /// For the actor's first team unless one is named. Throws `notFound` for an unknown item, `invalid` for a foreign team, `conflict`
    /// for a taken name.
    package func saveTemplate(_ name: String, of itemID: String, data: JSON, team: String?, by actor: Actor) async throws(PAOError)
        -> Template
    {
        let kept = try keepable(data, of: itemID)
        guard let team = team ?? actor.teams.first, actor.teams.contains(team) else {
            throw SubmissionCheck.invalid([.init(field: "team", rule: "member", message: "You are not a member of that team.")])
        }
        let (id, audit) = (identifiers.uuid(), audit)
        return try await store.write { tx throws(PAOError) -> Template in
            let taken = try tx.first(
                "SELECT 1 FROM request_templates WHERE team = ? AND catalog_item_id = ? AND name = ?", team, itemID, name)
            if taken != nil { throw PAOError(.conflict, "The team \(team) has a template \(name) already.") }
            _ = try tx.run(
                """
                INSERT INTO request_templates(id, name, catalog_item_id, data, team, owner_user_id, owner_login, created_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """, id, name, itemID, kept, team, actor.userID, actor.login, tx.timestamp)
            try audit.append(AuditEntry(actor, "create", "request_template", id, team: team, new: ["name": .string(name)]), in: tx)
            return Template(
                id: id, name: name, catalogItemID: itemID, data: kept, team: team, owner: actor.login, createdAt: tx.timestamp)
        }
    }

    /// By whoever made it, or may operate for its team. Throws `notFound` and `forbidden`.
    package func deleteTemplate(_ id: String, by actor: Actor) async throws(PAOError) {
        let audit = audit
        try await store.write { tx throws(PAOError) in
            let row = try tx.first("SELECT team, owner_user_id FROM request_templates WHERE id = ?", id)
            guard let row, actor.sees(team: row.text(0)) else { throw PAOError(.notFound, "There is no template \(id).") }
            guard row.text(1) == actor.userID || actor.may(.requestsOperate) else { throw Requests.denied(.requestsOperate) }
            _ = try tx.run("DELETE FROM request_templates WHERE id = ?", id)
            try audit.append(AuditEntry(actor, "delete", "request_template", id, team: row.text(0)), in: tx)
        }
    }
}
