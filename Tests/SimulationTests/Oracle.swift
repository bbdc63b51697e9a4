import Base
import Identity
import Jobs
import Store

/// Says what must hold, whatever happened (I1 to I7 of docs/reliability.md), from the database and from what the hosts have done.
final class Oracle: @unchecked Sendable {
    var violations: [String] = []
    /// What subscribers were told, by sequence.
    private var told: [Int: String] = [:]
    private var lastTold = 0
    private var endTelling: (@Sendable () -> Void)?

    // MARK: Events as they are told

    /// Each process tells what it commits, in order and without a gap, beginning after what the one before committed.
    func follow(_ process: SimulatedProcess, _ loop: SimulationLoop) throws {
        lastTold = try process.store.read { tx throws(PAOError) in try process.events.lastSequence(in: tx) }
        stopListening()
        endTelling = process.events.subscribe { [self] stored in
            if stored.sequence != lastTold + 1 { violations.append("I6: event \(stored.sequence) was told after \(lastTold)") }
            lastTold = stored.sequence
            told[stored.sequence] = Self.text(stored)
            loop.note(Self.text(stored))
        }
    }

    func stopListening() {
        endTelling?()
        endTelling = nil
    }

    private static func text(_ stored: StoredEvent) -> String {
        "\(stored.event.type) \(stored.event.subjectID) \(stored.event.requestID ?? "") \(stored.event.new ?? "")"
    }

    // MARK: At rest

    /// Nothing is under way: whatever is not final waits for somebody, and says so.
    func expectRest(_ process: SimulatedProcess, _ acknowledged: [String], _ network: SimulatedNetwork) {
        check(process) { tx throws(PAOError) in
            for id in acknowledged where try tx.first("SELECT 1 FROM service_requests WHERE request_id = ?", id) == nil {
                violations.append("I1: \(id) was acknowledged and is gone")
            }
            for row in try tx.rows("SELECT id, request_id, status, error_context, concurrency_key FROM service_requests ORDER BY id") {
                if try !Self.isParked(row, in: tx) { violations.append("I1: \(row.text(1)) is \(row.text(2)) and waits for nobody") }
            }
            try expectNoStuckJob(in: tx)
            try expectEndedIssues(network.issues, in: tx)
        }
    }

    /// An issue whose ticket has ended has ended too, whoever ended it.
    private func expectEndedIssues(_ issues: [SimulatedNetwork.Issue], in tx: Connection) throws(PAOError) {
        let open = Set(issues.filter { !$0.isDone }.map(\.key))
        let ended = "SELECT ticket_id FROM manual_tickets WHERE ticket_system = 'jira' AND status IN ('resolved','closed') ORDER BY id"
        for row in try tx.rows(ended) where open.contains(row.text(0)) {
            violations.append("I2: the ticket \(row.text(0)) has ended, and its issue is open")
        }
    }

    private static func isParked(_ row: Row, in tx: Connection) throws(PAOError) -> Bool {
        switch row.text(2) {
        case "completed", "rejected", "cancelled", "aborted", "escalated": return true
        case "failed": return row.optionalText(3) != nil
        case "pending_approval":
            return try tx.first("SELECT 1 FROM approvals WHERE subject_id = ? AND status = 'pending'", row.text(1)) != nil
        case "queued", "resuming":
            guard let key = row.optionalText(4) else { return false }
            return try tx.first("SELECT 1 FROM service_requests WHERE concurrency_key = ? AND status = 'in_progress'", key) != nil
        default:
            let open = "SELECT 1 FROM manual_tickets WHERE request_id = ? AND status IN ('open','in_progress')"
            return try tx.first(open, row.text(0)) != nil
        }
    }

    private func expectNoStuckJob(in tx: Connection) throws(PAOError) {
        let stuck = try tx.rows(
            "SELECT kind, subject, state, last_error FROM jobs WHERE state = 'dead' OR (state <> 'leased' AND run_at < ?) OR lease_until < ?",
            tx.timestamp - .seconds(60), tx.timestamp)
        for row in stuck {
            violations.append("I7: job \(row.text(0)) \(row.text(1)) is \(row.text(2)) \(row.optionalText(3) ?? "")")
        }
    }

    // MARK: At the end

    func expectEnd(_ process: SimulatedProcess, _ people: People, _ network: SimulatedNetwork) {
        let unanswered = people.wishes.filter { $0.acknowledged == nil }.map(\.key)
        if !unanswered.isEmpty { violations.append("I1: never answered: \(unanswered.joined(separator: ", "))") }
        check(process) { tx throws(PAOError) in
            try expectAllFinal(people, in: tx)
            try expectEffectsOnce(network.effects, in: tx)
            try expectComments(network.issues, in: tx)
            try expectOrder(in: tx)
            try expectEvents(process, in: tx)
            try expectNoStuckJob(in: tx)
            if let broken = try AuditLog.verify(tx) { violations.append("I5: the audit chain breaks at \(broken)") }
        }
        for fault in (try? process.store.integrityCheck()) ?? ["the database cannot be read"] { violations.append("I4: \(fault)") }
    }

    private func expectAllFinal(_ people: People, in tx: Connection) throws(PAOError) {
        let live = "SELECT request_id, status FROM service_requests WHERE status NOT IN ('completed','rejected','cancelled','aborted')"
        for row in try tx.rows(live) { violations.append("I1: \(row.text(0)) is \(row.text(1)) after everybody has done their part") }
        let count = try tx.first("SELECT COUNT(*) FROM service_requests")?.int(0) ?? 0
        if count > people.wishes.count { violations.append("I1: \(people.wishes.count) wishes became \(count) requests") }
    }

    /// Nothing happened without its intent on record, nothing twice under one key, and what is recorded as done did happen.
    private func expectEffectsOnce(_ effects: [String: Int], in tx: Connection) throws(PAOError) {
        for (key, count) in effects.sorted(by: { $0.key < $1.key }) {
            if count > 1 { violations.append("I2: \(try Self.name(key, tx)) happened \(count) times") }
            if try tx.first("SELECT 1 FROM effects WHERE key = ?", key) == nil {
                violations.append("I2: \(key) happened without an intent")
            }
        }
        let done = "SELECT key FROM effects WHERE state = 'done' AND (kind = 'jira-ticket' OR summary LIKE 'POST %')"
        for row in try tx.rows(done) where effects[row.text(0)] == nil {
            violations.append("I2: \(try Self.name(row.text(0), tx)) is recorded as done and never happened")
        }
    }

    /// What is recorded as told stands on its issue once, what was given up at most once, and nothing else does.
    private func expectComments(_ issues: [SimulatedNetwork.Issue], in tx: Connection) throws(PAOError) {
        var left = issues.reduce(0) { $0 + $1.comments.count }
        for row in try tx.rows("SELECT key, state, rendered FROM effects WHERE kind = 'jira-comment' ORDER BY created_at, key") {
            let (key, state, issue) = (row.text(0), row.text(1), row.json(2)["issue"]?.string)
            let count = issues.first { $0.key == issue }?.comments.count { $0.contains("pao-\(key)") } ?? 0
            left -= count
            let allowed = ["done": 1...1, "failed": 0...0, "unknown": 0...1][state]
            if allowed?.contains(count) != true {
                violations.append("I2: the comment \(key) is recorded as \(state) and stands \(count) times on \(issue ?? "")")
            }
        }
        if left != 0 { violations.append("I2: \(left) comments were not intended") }
    }

    private static func name(_ key: String, _ tx: Connection) throws(PAOError) -> String {
        let row = try tx.first("SELECT summary, resend, state, tries FROM effects WHERE key = ?", key)
        return row.map { "\($0.text(0)) (\($0.text(1)), \($0.text(2)), \($0.int(3)) tries)" } ?? key
    }

    /// By the log of events: whatever begins has everything that it depends on behind it.
    private func expectOrder(in tx: Connection) throws(PAOError) {
        var dependencies: [String: [String]] = [:]
        try tx.forEach("SELECT r.request_id, s.step_id, s.depends_on FROM request_steps s JOIN service_requests r ON r.id = s.request_id") {
            dependencies["\($0.text(0)) \($0.text(1))"] = $0.json(2).array?.compactMap(\.string) ?? []
        }
        var states: [String: String] = [:]
        try tx.forEach("SELECT request_id, subject_id, new FROM events WHERE type = 'request.step' ORDER BY sequence") { row in
            let (request, step, state) = (row.text(0), row.text(1), row.text(2))
            if state == "running" {
                for other in dependencies["\(request) \(step)"] ?? []
                where !["completed", "skipped"].contains(states["\(request) \(other)"] ?? "pending") {
                    violations.append("I3: \(request) began \(step) while \(other) was \(states["\(request) \(other)"] ?? "pending")")
                }
            }
            states["\(request) \(step)"] = state
        }
    }

    private func expectEvents(_ process: SimulatedProcess, in tx: Connection) throws(PAOError) {
        var last = 0
        while true {
            let page = try process.events.events(after: last, in: tx)
            if page.isEmpty { break }
            for stored in page {
                if stored.sequence != last + 1 { violations.append("I6: after event \(last) comes \(stored.sequence)") }
                last = stored.sequence
                if let known = told[last], known != Self.text(stored) { violations.append("I6: event \(last) was told as '\(known)'") }
            }
        }
        if let beyond = told.keys.max(), beyond > last { violations.append("I6: event \(beyond) was told and is gone") }
    }

    private func check(_ process: SimulatedProcess, _ body: (Connection) throws(PAOError) -> Void) {
        do throws(PAOError) {
            try process.store.read(body)
        } catch {
            violations.append("I4: \(error.description)")
        }
    }
}
