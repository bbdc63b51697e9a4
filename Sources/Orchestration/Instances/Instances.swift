package import Base
package import Identity
package import Store

/// The service of instances: what completed requests left behind.
package final class Instances: Sendable {
    let store: Store

    package init(store: Store) { self.store = store }

    /// Throws `notFound`.
    package func instance(_ id: String, by actor: Actor) throws(PAOError) -> ServiceInstance {
        try store.read { connection throws(PAOError) in
            guard let instance = try InstanceStore(connection).instance(id: id),
                actor.sees(team: instance.owner.team) || instance.owner.userID == actor.userID
            else { throw PAOError(.notFound, "There is no instance \(id).") }
            return instance
        }
    }

    /// Newest first.
    package func list(
        states: [InstanceState], catalogItemID: String?, team: String?, search: String?, _ page: PageRequest, by actor: Actor
    ) throws(PAOError) -> Page<ServiceInstance> {
        var query = ListQuery(columns: InstanceStore.columns, source: InstanceStore.source, key: ["i.created_at", "i.id"])
        query.filter("i.instance_state", isOneOf: states.map(\.rawValue))
        if let catalogItemID { query.filter("i.catalog_item_id = ?", catalogItemID) }
        if let team { query.filter("i.owner_team = ?", team) }
        if let search { query.filter("instr(lower(i.instance_name), lower(?)) > 0", search) }
        if let visible = actor.visibleTeams {
            let teams = visible.sorted()
            let marks = teams.map { _ in "?" }.joined(separator: ", ")
            query.filter("(i.owner_team IN (\(marks)) OR i.owner_user_id = ?)", values: teams.map(SQLValue.text) + [.text(actor.userID)])
        }
        let (sql, values) = try query.page(page)
        return try store.read { connection throws(PAOError) in
            let rows = try InstanceStore(connection).list(sql: sql, values: values)
            let total = page.countsTotal ? try query.total(in: connection) : nil
            return Page(rows, limit: page.limit, total: total) { [$0.createdAt.description, $0.rowID] }
        }
    }
}
