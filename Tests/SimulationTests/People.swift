import Base
import Catalog
import Identity
import Orchestration
import Store

/// Everybody who uses the appliance, as one crowd that does something at random times, whatever state things are in. What it is refused
/// (`conflict`, `notFound`, ...) is part of life; what it is promised is kept for the oracle.
final class People: @unchecked Sendable {
    /// A submission that is repeated with the same key until it is answered.
    struct Wish: Sendable {
        let key: String
        let item: String
        var acknowledged: String?
        /// The process that it was last handed to.
        var askedAt: Int
    }

    private let loop: SimulationLoop
    private let leadID: String
    private let items: [String]
    private(set) var wishes: [Wish] = []
    /// Answers that no promise allows: code and what was asked.
    private(set) var surprises: [String] = []

    init(loop: SimulationLoop, leadID: String, items: [String]) {
        self.loop = loop
        self.leadID = leadID
        self.items = items
    }

    var acknowledged: [String] { wishes.compactMap(\.acknowledged) }

    private static func actor(_ login: String, _ id: String) -> Actor {
        Actor(
            kind: .user, userID: id, login: login, email: "\(login)@example.com", teams: ["platform"], visibleTeams: ["platform"],
            permissions: Set(Permission.all), correlationID: "simulation")
    }

    private var ada: Actor { Self.actor("ada", "user-ada") }
    private var lead: Actor { Self.actor("lead", leadID) }

    // MARK: At random

    /// One thing that somebody does; `boot` is the number of the process.
    func act(on process: SimulatedProcess, boot: Int) {
        switch loop.random.below(100) {
        case ..<30: submit(to: process, boot: boot)
        case ..<42: decide(on: process)
        case ..<60: workOnTicket(of: process, closes: loop.random.isTrue(15))
        case ..<80: operateFailed(process)
        case ..<84: stop(process)
        default: break
        }
    }

    private func submit(to process: SimulatedProcess, boot: Int) {
        let index: Int
        if let unanswered = wishes.firstIndex(where: { $0.acknowledged == nil && $0.askedAt < boot }) {
            index = unanswered
            wishes[index].askedAt = boot
        } else {
            index = wishes.count
            wishes.append(Wish(key: "wish-\(index)", item: loop.random.pick(items), askedAt: boot))
        }
        let wish = wishes[index]
        let submission = Submission(
            catalogID: wish.item, kind: .item, data: ["title": .string("r\(index)")],
            idempotency: (key: wish.key, digest: Hash.sha256(Array(wish.key.utf8))))
        attempt("submit") { [self] in
            switch try await process.requests.submit(submission, by: ada) {
            case .accepted(let request): promised(index, request.id)
            case .replayed(_, _, let body): promised(index, (try? JSON.parse(body))?["id"]?.string ?? "")
            }
        }
    }

    private func promised(_ index: Int, _ id: String) {
        if let known = wishes[index].acknowledged, known != id { surprises.append("\(wishes[index].key) became both \(known) and \(id)") }
        wishes[index].acknowledged = id
        loop.note("acknowledged \(id)")
    }

    private func decide(on process: SimulatedProcess) {
        guard let open = try? process.requests.approvalInbox(PageRequest(), by: lead).items, !open.isEmpty else { return }
        let (id, rejects) = (loop.random.pick(open).approval.id, loop.random.isTrue(15))
        attempt("decide") { [self] in
            _ = try await process.requests.decide(rejects ? .reject : .approve, on: id, reason: "because", by: lead)
        }
    }

    private func workOnTicket(of process: SimulatedProcess, closes: Bool) {
        let open = Self.openTickets(of: process, "'inbox', 'jira'")
        guard !open.isEmpty else { return }
        let ticket = loop.random.pick(open)
        attempt("ticket") { [self] in try await end(ticket, of: process, closes: closes) }
    }

    private func end(_ ticket: (id: String, outputs: [String]), of process: SimulatedProcess, closes: Bool) async throws {
        if closes {
            _ = try await process.tickets.close(ticket.id, reason: "no", by: lead)
        } else {
            let outputs = JSON.object(JSONObject(ticket.outputs.map { ($0, JSON.string("entered")) }))
            _ = try await process.tickets.resolve(ticket.id, outputs: outputs, comment: nil, by: lead)
        }
    }

    private func operateFailed(_ process: SimulatedProcess) {
        let failed = Self.requests(of: process, "status IN ('failed','escalated')")
        guard !failed.isEmpty else { return }
        let (id, choice, step) = (loop.random.pick(failed), loop.random.below(100), loop.random.below(6))
        attempt("operate") { [self] in try await operate(id, choice, "s\(step)", process) }
    }

    private func operate(_ id: String, _ choice: Int, _ step: String, _ process: SimulatedProcess) async throws {
        let requests = process.requests
        switch choice {
        case ..<45: _ = try await requests.retry(id, actionID: nil, changedData: nil, skipVerification: choice < 5, by: ada)
        case ..<55: _ = try await requests.skip(id, actionID: step, reason: "not needed", by: ada)
        case ..<75:
            _ = try await requests.complete(id, actionID: step, outputs: ["id": "by-hand", "place": "there"], reason: "did it", by: ada)
        case ..<85: _ = try await requests.escalate(id, reason: "help", priority: nil, by: ada)
        default: _ = try await requests.abort(id, reason: "enough", createCleanupTicket: choice.isMultiple(of: 2), by: ada)
        }
    }

    private func stop(_ process: SimulatedProcess) {
        let live = Self.requests(of: process, "status IN ('pending_approval','queued','in_progress','resuming')")
        guard !live.isEmpty else { return }
        let (id, cancels) = (loop.random.pick(live), loop.random.isTrue(30))
        attempt("stop") { [self] in
            if cancels {
                _ = try await process.requests.cancel(id, reason: "changed my mind", by: ada)
            } else {
                _ = try await process.requests.abort(id, reason: "stop", createCleanupTicket: false, by: ada)
            }
        }
    }

    /// What is forbidden by the state of things is refused by one of these.
    private static let refusals: Set<PAOError.Code> = [.conflict, .notFound, .invalid, .forbidden]

    private func attempt(_ what: String, _ body: @escaping @Sendable () async throws -> Void) {
        loop.note(what)
        Task { [self] in
            do {
                try await body()
            } catch {
                let error = PAOError.wrapping(error)
                if !Self.refusals.contains(error.code) { surprises.append("\(what): \(error.description)") }
            }
        }
    }

    // MARK: At the end

    /// Whoever was not answered asks again; everything that waits for a person is done.
    func finish(_ process: SimulatedProcess) async throws {
        for approval in try process.requests.approvalInbox(PageRequest(limit: 200), by: lead).items {
            _ = try await process.requests.decide(.approve, on: approval.approval.id, reason: "", by: lead)
        }
        for ticket in Self.openTickets(of: process, "'inbox'") { try await end(ticket, of: process, closes: false) }
        for id in Self.requests(of: process, "status IN ('failed','escalated')") {
            _ = try await process.requests.retry(id, actionID: nil, changedData: nil, skipVerification: false, by: ada)
        }
    }

    func abortFailed(_ process: SimulatedProcess) async throws {
        for id in Self.requests(of: process, "status IN ('failed','escalated')") {
            _ = try await process.requests.abort(id, reason: "the end", createCleanupTicket: false, by: ada)
        }
    }

    func repeatUnanswered(to process: SimulatedProcess, boot: Int) {
        while wishes.contains(where: { $0.acknowledged == nil && $0.askedAt < boot }) { submit(to: process, boot: boot) }
    }

    // MARK: What they see

    static let live = "status NOT IN ('completed','rejected','cancelled','aborted')"

    static func requests(of process: SimulatedProcess, _ condition: String) -> [String] {
        (try? process.store.read { tx throws(PAOError) in
            try tx.rows("SELECT request_id FROM service_requests WHERE \(condition) ORDER BY id").map { $0.text(0) }
        }) ?? []
    }

    static func openTickets(of process: SimulatedProcess, _ systems: String) -> [(id: String, outputs: [String])] {
        (try? process.store.read { tx throws(PAOError) in
            try tx.rows(
                """
                SELECT ticket_id, declared_outputs FROM manual_tickets
                WHERE status IN ('open','in_progress') AND ticket_system IN (\(systems)) ORDER BY id
                """
            ).map { ($0.text(0), $0.json(1).array?.compactMap(\.string) ?? []) }
        }) ?? []
    }
}
