package import Base
package import Store

/// The audit trail as people read it.
package struct AuditTrail: Sendable {
    private let store: Store

    package init(store: Store) { self.store = store }

    /// Newest first; `after` of the page holds the last sequence seen. Throws `forbidden`.
    package func list(_ query: AuditQuery, _ page: PageRequest, by actor: Actor) throws(PAOError) -> Page<AuditRecord> {
        var query = query
        query.before = page.after?.first.flatMap { Int($0) }
        let narrowed = query
        let rows = try store.read { connection throws(PAOError) in
            try AuditLog.page(narrowed, limit: page.limit + 1, for: actor, in: connection)
        }
        return Page(rows, limit: page.limit) { ["\($0.sequence)"] }
    }
}
