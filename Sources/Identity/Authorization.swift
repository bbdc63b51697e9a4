package import Base
package import Store

extension Actor {
    package func may(_ permission: Permission, team: String) -> Bool { may(permission) && sees(team: team) }

    /// Throws `forbidden`, naming the permission.
    package func require(_ permission: Permission) throws(PAOError) {
        guard may(permission) else {
            throw PAOError(.forbidden, "This needs the permission \(permission.rawValue).")
        }
    }

    /// For a thing that belongs to a team. Throws `notFound` when the team is not visible, so that its existence does not show, and
    /// `forbidden` when it is but the permission is missing.
    package func require(_ permission: Permission, team: String, of thing: String) throws(PAOError) {
        guard sees(team: team) else { throw .notFound(thing) }
        try require(permission)
    }

    /// The same rule as `sees(team:)` as an SQL condition: one text for every actor of a kind, so that the statement stays prepared.
    /// `column` holds a team's slug; NULL is seen only by those who see everything.
    package func teamScope(column: StaticString) -> (sql: String, values: [SQLValue]) {
        guard let visibleTeams else { return ("1", []) }
        let slugs = JSON.array(visibleTeams.sorted().map(JSON.string))
        return ("\(column) IN (SELECT value FROM json_each(?))", [slugs.sqlValue])
    }
}

extension PAOError {
    /// `thing` as in "The request req-… is not there": words and id.
    static func notFound(_ thing: String) -> PAOError {
        PAOError(.notFound, "\(thing) does not exist, or is not yours to see.")
    }
}
