package import Base

/// A time in which nothing starts on what it names. What runs goes on, approvals go on, and what people submit waits.
package struct FreezeWindow: Sendable, Equatable {
    /// What is frozen: a request is when each list that is not empty holds its item, category or team. Three empty lists freeze everything.
    package struct Scope: Sendable, Equatable {
        package var catalogIDs: [String] = []
        package var categories: [String] = []
        /// Slugs.
        package var teams: [String] = []

        package init(catalogIDs: [String] = [], categories: [String] = [], teams: [String] = []) {
            self.catalogIDs = catalogIDs
            self.categories = categories
            self.teams = teams
        }

        func holds(_ request: ServiceRequest) -> Bool {
            (catalogIDs.isEmpty || catalogIDs.contains(request.catalogID))
                && (categories.isEmpty || categories.contains(request.category))
                && (teams.isEmpty || teams.contains(request.requester.team))
        }
    }

    package var id: String
    package var reason: String
    package var scope: Scope
    package var startsAt: Timestamp
    /// nil: until somebody ends it.
    package var endsAt: Timestamp?
    /// Login name.
    package var createdBy: String
    package var createdAt: Timestamp

    /// A bound as people write it: an instant, or by the clocks of a time zone (`2026-12-20T22:00`). A freeze begins with the first and ends
    /// with the last time that these show it. Throws `invalid`.
    package static func bound(_ text: String, zone: String?, _ field: String) throws(PAOError) -> Timestamp {
        if let instant = Timestamp(text) { return instant }
        var message = "\(field) must be an instant such as 2026-12-20T22:00:00Z, or with a timeZone a time such as 2026-12-20T22:00."
        if let zone {
            do throws(WallClock.Unknown) {
                if let instant = try WallClock.named(zone).instant(text, isLast: field == "endsAt") { return instant }
            } catch {
                message = error == .noDatabase ? "The package tzdata is missing." : "There is no time zone \(zone)."
            }
        }
        throw PAOError(.invalid, message, findings: [.init(field: field, rule: "instant", message: message)])
    }

    package func isActive(at now: Timestamp) -> Bool { startsAt <= now && (endsAt.map { now < $0 } ?? true) }
}

/// Why a request that could start does not, and until when.
package struct StartHold: Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// An administrator has frozen what it works on.
        case freeze
        /// The document lets its requests start only at certain times.
        case maintenance
        /// The requester wants it to start later.
        case scheduled
    }

    package var kind: Kind
    package var reason: String
    /// nil: until somebody lets it go.
    package var until: Timestamp?

    package var json: JSON {
        ["kind": .string(kind.rawValue), "reason": .string(reason), "until": .optional(until?.description)]
    }
}
