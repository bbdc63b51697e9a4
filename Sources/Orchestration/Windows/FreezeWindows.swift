package import Base
package import Identity
package import Jobs
package import Store

/// The service of freeze windows: who administers the appliance declares and ends them.
package final class FreezeWindows: Sendable {
    private let store: Store
    private let jobs: JobQueue
    private let audit: AuditLog
    private let events: EventLog
    private let identifiers: IdentifierSource
    private let time: TimeSource

    package init(store: Store, requests: Requests, audit: AuditLog, events: EventLog, identifiers: IdentifierSource, time: TimeSource) {
        self.store = store
        jobs = requests.jobs
        self.audit = audit
        self.events = events
        self.identifiers = identifiers
        self.time = time
    }

    /// What a list shows: the windows, the newest first, and how many requests wait for them now.
    package struct Overview: Sendable {
        package var windows: [FreezeWindow]
        package var waiting: Int
        package var now: Timestamp

        package var json: JSON {
            ["data": .array(windows.map { $0.json(at: now) }), "waiting": .int(waiting)]
        }
    }

    package func overview() throws(PAOError) -> Overview {
        let now = time.now()
        return try store.read { connection throws(PAOError) in
            let windows = FreezeWindowStore(connection)
            return Overview(windows: try windows.windows(limit: 200), waiting: try windows.frozenCount(), now: now)
        }
    }

    /// From now on unless `startsAt` is given. Throws `forbidden`, and `invalid` for an end that is not after the start.
    package func declare(
        reason: String, scope: FreezeWindow.Scope, startsAt: Timestamp?, endsAt: Timestamp?, by actor: Actor
    ) async throws(PAOError) -> FreezeWindow {
        try actor.require(.adminSettings)
        let now = time.now()
        let window = FreezeWindow(
            id: identifiers.readable("frz"), reason: reason, scope: scope, startsAt: startsAt ?? now, endsAt: endsAt,
            createdBy: actor.login, createdAt: now)
        if let endsAt, endsAt <= max(window.startsAt, now) {
            throw PAOError(
                .invalid, "The end must be after the start, and after now.",
                findings: [.init(field: "endsAt", rule: "after", message: "The end must be after the start, and after now.")])
        }
        let (audit, events) = (audit, events)
        try await store.write { tx throws(PAOError) in
            try FreezeWindowStore(tx).insert(window)
            try audit.append(AuditEntry(actor, "create", "freeze_window", window.id, new: window.json(at: now)), in: tx)
            try events.append(window.event(new: "declared", actor), in: tx)
            try OrchestrationFailpoint.frozen.reach()
        }
        return window
    }

    /// Ends it now, and lets go what waited for it. Throws `forbidden`, `notFound`, and `conflict` when it has ended.
    package func end(_ id: String, by actor: Actor) async throws(PAOError) -> FreezeWindow {
        try actor.require(.adminSettings)
        let (audit, events, jobs, now) = (audit, events, jobs, time.now())
        return try await store.write { tx throws(PAOError) -> FreezeWindow in
            let windows = FreezeWindowStore(tx)
            guard var window = try windows.window(id) else { throw PAOError(.notFound, "There is no freeze window \(id).") }
            if let end = window.endsAt, end <= now { throw PAOError(.conflict, "The freeze window \(id) has ended at \(end).") }
            try windows.end(id, at: now)
            window.endsAt = now
            for (rowID, team) in try windows.frozen() {
                try jobs.enqueue(NewJob(kind: Engine.jobKind, subject: rowID, team: team, priority: .start), in: tx)
            }
            try audit.append(AuditEntry(actor, "end", "freeze_window", id, new: window.json(at: now)), in: tx)
            try events.append(window.event(new: "ended", actor), in: tx)
            try OrchestrationFailpoint.unfrozen.reach()
            return window
        }
    }
}

extension FreezeWindow {
    package func json(at now: Timestamp) -> JSON {
        let hasEnded = endsAt.map { $0 <= now } ?? false
        return [
            "id": .string(id), "reason": .string(reason), "catalogItemIds": .array(scope.catalogIDs.map(JSON.string)),
            "categories": .array(scope.categories.map(JSON.string)), "teams": .array(scope.teams.map(JSON.string)),
            "startsAt": .string(startsAt.description), "endsAt": .optional(endsAt?.description),
            "state": .string(isActive(at: now) ? "active" : hasEnded ? "ended" : "planned"), "createdBy": .string(createdBy),
            "createdAt": .string(createdAt.description),
        ]
    }

    fileprivate func event(new: String, _ actor: Actor) -> Event {
        Event(type: "freeze", subjectType: "freeze_window", subjectID: id, new: new, correlationID: actor.correlationID)
    }
}
