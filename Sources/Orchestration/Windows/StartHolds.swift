package import Base
import Catalog
package import Identity
import Jobs
import Store

// Requests that could start and do not: freeze windows, maintenance windows of their document, and letting them go all the same.

extension RunLoader {
    /// Why the request does not start now; nil when it may.
    func hold(_ run: RequestRun, at now: Timestamp, in connection: Connection) throws(PAOError) -> StartHold? {
        let windows = FreezeWindowStore(connection)
        if try windows.isOverridden(run.request) { return nil }
        if let freeze = try windows.freeze(of: run.request, at: now) {
            return StartHold(kind: .freeze, reason: "frozen by \(freeze.createdBy): \(freeze.reason)", until: freeze.endsAt)
        }
        return run.document.maintenanceHold(at: now)
    }
}

extension CatalogDocument {
    /// nil while one of its maintenance windows is open, and without any.
    fileprivate func maintenanceHold(at now: Timestamp) -> StartHold? {
        let windows = fulfillment.maintenanceWindows
        guard let opening = windows.map({ $0.opening(from: now) }).min(), opening > now else { return nil }
        let times = windows.map(\.text).joined(separator: "; ")
        return StartHold(kind: .maintenance, reason: "\(metadata.name) starts only in its maintenance window: \(times)", until: opening)
    }
}

extension Engine {
    /// An open-ended hold is looked at again after this time; whoever ends it wakes the request at once.
    private static let longestWait = Duration.seconds(86_400)

    /// True when the request has to wait: its job comes back when the hold ends. What holds it back is stored and told once.
    func holdsBack(_ run: RequestRun, _ job: ClaimedJob) async throws(PAOError) -> Bool {
        let now = time.now()
        guard run.request.status == .queued, run.request.startAfter.map({ $0 <= now }) ?? true else { return false }
        let loader = intake.loader
        let (hold, known) = try store.read { connection throws(PAOError) in
            (try loader.hold(run, at: now, in: connection), try FreezeWindowStore(connection).hold(of: run.request.rowID))
        }
        if hold == nil, known == nil { return false }
        let intake = intake
        try await store.write { tx throws(PAOError) in
            try job.lease.check(in: tx)
            if hold != known { try intake.recorder.record(hold, of: run.request, at: now, in: tx) }
            if let hold { try job.lease.reschedule(in: tx, at: min(hold.until ?? now + Self.longestWait, now + Self.longestWait)) }
        }
        return hold != nil
    }
}

extension Recorder {
    /// The hold itself, its event and its line in the request's log. The request counts as changed, so that what was checked before the
    /// wait is checked again at its end.
    func record(_ hold: StartHold?, of request: ServiceRequest, at now: Timestamp, in tx: Connection) throws(PAOError) {
        try FreezeWindowStore(tx).setHold(hold, of: request.rowID, at: now)
        try tx.run("UPDATE service_requests SET updated_at = ? WHERE id = ?", now, request.rowID)
        try events.append(
            Event(
                type: "request.held", subjectType: "request", subjectID: request.id, requestID: request.id, requestKey: request.rowID,
                team: request.requester.team, new: hold?.kind.rawValue ?? "released", correlationID: request.correlationID), in: tx)
        let until = hold.map { $0.until.map { " until \($0)" } ?? " until somebody ends it" } ?? ""
        try tx.run(
            "INSERT INTO step_logs(request_id, at, level, message) VALUES (?, ?, 'info', ?)", request.rowID, now,
            hold.map { "waits\(until): \($0.reason)" } ?? "nothing holds the request back any more")
        try OrchestrationFailpoint.holding.reach()
    }
}

extension Requests {
    /// What holds a queued request back, its own start time among it.
    func hold(of request: ServiceRequest, in connection: Connection) throws(PAOError) -> StartHold? {
        guard request.status == .queued else { return nil }
        if let start = request.startAfter, start > time.now() {
            return StartHold(kind: .scheduled, reason: "asked to start later", until: start)
        }
        return try FreezeWindowStore(connection).hold(of: request.rowID)
    }

    /// Lets a request start now whatever holds it back. A freeze is lifted only by who may declare one. Throws `forbidden`, and `conflict`
    /// when nothing holds it back.
    package func startNow(_ id: String, reason: String, by actor: Actor) async throws(PAOError) -> ServiceRequest {
        let (intake, now) = (intake, time.now())
        return try await store.write { tx throws(PAOError) -> ServiceRequest in
            let request = try Self.visible(RequestStore(tx).request(id: id), id, actor)
            guard actor.may(.requestsOperate) else { throw Self.denied(.requestsOperate) }
            let run = try intake.loader.run(of: request, now: now, in: tx)
            let isScheduled = request.startAfter.map { $0 > now } ?? false
            let hold = try intake.loader.hold(run, at: now, in: tx)
            guard request.status == .queued, hold != nil || isScheduled else {
                throw PAOError(.conflict, "Nothing holds the request back: it is \(request.status.rawValue).")
            }
            if hold?.kind == .freeze, !actor.may(.adminSettings) { throw Self.denied(.adminSettings) }
            try FreezeWindowStore(tx).letStart(request.rowID, reason: reason, by: actor.login, at: now)
            try intake.recorder.audit.append(
                AuditEntry(
                    actor, "override", "request", id, team: request.requester.team, requestID: id, old: hold?.json ?? .null,
                    new: ["reason": .string(reason)]), in: tx)
            try intake.recorder.record(nil, of: request, at: now, in: tx)
            try Engine.enqueue(request, priority: .urgent, at: now, jobs: intake.jobs, in: tx)
            return try RequestStore(tx).request(rowID: request.rowID) ?? request
        }
    }
}
