import Base
import Catalog
import Foundation
import Identity
import Integrations
import Store
import Synchronization
import Testing

@testable import Jobs
@testable import Orchestration

/// A clock that stands still until it is moved.
final class ManualClock: Sendable {
    private let elapsed = Mutex<Duration>(.zero)
    static let start = Timestamp(milliseconds: 1_790_000_000_000)

    var now: Timestamp { Self.start + elapsed.withLock { $0 } }
    func advance(_ duration: Duration) { elapsed.withLock { $0 += duration } }

    /// Who sleeps, sleeps until it is cancelled.
    var source: TimeSource {
        TimeSource(
            now: { self.now }, monotonic: { self.elapsed.withLock { $0 } }, sleep: { _ in try await Task.sleep(for: .seconds(3600)) })
    }
}

/// The services over a database of their own, with the clock and the outside in hand. `run` does what the job queue's loop does, one job
/// after another, moving the clock to whatever is due next; `kill` is a process that dies, `restart` the next one.
final class World: Sendable {
    let directory: String
    let clock = ManualClock()
    let outside = Outside()
    let redactor = Redactor()
    let store: Store
    let identity: IdentityServices
    let catalog: Catalog
    let events = EventLog()
    private let process: Mutex<Process>

    /// All that a crash takes with it.
    struct Process: Sendable {
        let jobs: JobQueue
        let engine: Engine
        let requests: Requests
        let tickets: Tickets
        /// Set when this process has been killed: its calls go nowhere.
        let isDead: Flag
    }

    var engine: Engine { process.withLock { $0.engine } }
    var requests: Requests { process.withLock { $0.requests } }
    var tickets: Tickets { process.withLock { $0.tickets } }
    var jobs: JobQueue { process.withLock { $0.jobs } }

    private let sealer: Sealer
    /// Called with each look at the engine's clock: a turn that is about to be decided.
    let onTurn = Mutex<(@Sendable () -> Void)?>(nil)

    init(_ documents: String...) async throws {
        initializeCryptography()
        directory = NSTemporaryDirectory() + "orchestration-" + UUID().uuidString
        let folder = directory + "/documents/catalog/tests"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (index, document) in documents.enumerated() {
            try document.write(toFile: "\(folder)/\(index).yaml", atomically: true, encoding: .utf8)
        }
        store = try Store(directory: directory, migrations: DatabaseSchema.migrations, time: clock.source, log: .silent)
        identity = IdentityServices(
            store: store, time: clock.source, random: .system, redactor: redactor, hasher: PasswordHasher(cost: .least))
        sealer = Sealer(current: try #require(SealingKey([UInt8](repeating: 7, count: 32))), random: .system)
        catalog = try Catalog(
            store: store, settings: CatalogSettings(source: DirectorySource(directory + "/documents")), schemas: Published.schemas,
            time: clock.source, random: .system, log: .silent)
        process = Mutex(Self.process(store, catalog, identity, events, redactor, clock, outside, sealer, {}))
        try await identity.prepare()
        for finding in await syncFindings() { Issue.record("catalog: \(finding)") }
        for team in ["platform", "other"] {
            _ = try await identity.teams.create(team, name: team, parent: nil, by: .system(correlationID: "t"))
        }
        restart()
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func syncFindings() async -> [String] {
        await catalog.sync()
        return catalog.snapshot.findings.filter(\.isError).map { "\($0.file):\($0.line) \($0.rule) \($0.message)" }
    }

    private static func process(
        _ store: Store, _ catalog: Catalog, _ identity: IdentityServices, _ events: EventLog, _ redactor: Redactor, _ clock: ManualClock,
        _ outside: Outside, _ sealer: Sealer, _ onTurn: @escaping @Sendable () -> Void
    ) -> Process {
        let identifiers = IdentifierSource(time: clock.source, random: .system)
        let recorder = Recorder(audit: identity.audit, events: events, redactor: redactor, identifiers: identifiers)
        let (seal, open) = RunSettings.sealing(by: sealer)
        let jira = JiraInstance(name: "main", baseURL: "https://jira.test", apiVersion: .v2, authentication: .bearer(token: "jira-token"))
        let settings = RunSettings(
            environment: ActionEnvironment(isSandbox: false, jira: ["main": jira], defaultJira: "main"), identifiers: identifiers,
            random: RandomSource { [UInt8](repeating: 0xFF, count: $0) }, hostname: "host", seal: seal, open: open)
        let jobs = JobQueue(store: store, time: clock.source, ids: identifiers, log: .silent)
        let isDead = Flag()
        var time = clock.source
        let now = time.now
        time.now = {
            onTurn()
            return now()
        }
        let engine = Engine(
            store: store, jobs: jobs, catalog: catalog, recorder: recorder, approvals: identity.approvals,
            http: outside.transport(unless: isDead), time: time, log: .silent, settings: settings,
            secret: { name throws(PAOError) in "secret-value-of-\(name)" })
        let requests = Requests(
            store: store, catalog: catalog, jobs: jobs, recorder: recorder, approvals: identity.approvals, settings: settings,
            time: clock.source, idempotency: identity.idempotency)
        return Process(jobs: jobs, engine: engine, requests: requests, tickets: Tickets(store: store, requests: requests), isDead: isDead)
    }

    // MARK: Running

    /// Runs jobs until none is due within `horizon`, or the process is dead; false when that needs more than 500 jobs.
    @discardableResult
    func run(for horizon: Duration = .seconds(86_400 * 30)) async throws -> Bool {
        let end = clock.now + horizon
        for _ in 0..<500 {
            if isDead { return true }
            let outcome = try await claim()
            for job in outcome.jobs { await handle(job) }
            if outcome.jobs.isEmpty {
                guard let next = outcome.next, next <= end else { return true }
                clock.advance(max(next - clock.now, .milliseconds(1)))
            }
        }
        return false
    }

    private func claim() async throws -> JobClaim.Outcome {
        try await store.write { tx throws(PAOError) in
            try JobClaim(free: JobOptions().running, held: [], options: JobOptions()).run(in: tx)
        }
    }

    private func handle(_ job: ClaimedJob) async {
        guard let handler = jobs.handler(of: job.kind) else {
            Issue.record("nothing handles \(job.kind)")
            return
        }
        do {
            try await handler(job)
        } catch {
            _ = try? await store.write { tx throws(PAOError) in
                try JobClaim.giveBack(job.lease, receives: job.receives + 1, error: "\(error)", options: JobOptions(), in: tx)
            }
        }
    }

    /// The process dies: nothing that it does from now on reaches the database or the outside.
    func kill() throws {
        process.withLock { $0.isDead.set() }
        try store.writeAndWait { tx throws(PAOError) in _ = try JobClaim.freeAll(in: tx) }
    }

    var isDead: Bool { process.withLock { $0.isDead.isSet } }

    /// The next process on the same database.
    func restart() {
        let next = Self.process(store, catalog, identity, events, redactor, clock, outside, sealer) { [weak self] in
            self?.onTurn.withLock { $0 }?()
        }
        process.withLock { $0 = next }
    }

    // MARK: People

    func actor(_ login: String = "ada", teams: [String] = ["platform"], permissions: Set<Permission> = Set(Permission.all)) -> Actor {
        Actor(
            kind: .user, userID: "user-\(login)", login: login, email: "\(login)@example.com", teams: teams, visibleTeams: Set(teams),
            permissions: permissions, correlationID: "correlation-1")
    }

    /// One who has an account, as approvals want it.
    func account(_ login: String, roles: [String], teams: [String]) async throws -> Actor {
        let user = try await identity.users.create(
            NewUser(login: login, password: nil, roles: roles, teams: teams), by: .system(correlationID: "t"))
        var actor = actor(login, teams: teams)
        actor.userID = user.id
        return actor
    }

    // MARK: Requests

    @discardableResult
    func submit(_ item: String, _ data: JSON = ["title": "thing"], kind: CatalogKind = .item, by actor: Actor? = nil) async throws -> String
    {
        try await submit(Submission(catalogID: item, kind: kind, data: data), by: actor)
    }

    @discardableResult
    func submit(_ submission: Submission, by actor: Actor? = nil) async throws -> String {
        guard case .accepted(let request) = try await requests.submit(submission, by: actor ?? self.actor()) else { return "" }
        clock.advance(.milliseconds(1))
        return request.id
    }

    func request(_ id: String) throws -> ServiceRequest { try requests.request(id, by: .system(correlationID: "t")) }
    func status(_ id: String) throws -> RequestStatus { try request(id).status }
    func steps(_ id: String) throws -> [String] { try request(id).steps.map { "\($0.id) \($0.status.rawValue)" } }

    func step(_ id: String, _ step: String) throws -> Step { try #require(try request(id).steps.first { $0.id == step }) }

    func effects(_ id: String) throws -> [Effect] { try requests.effects(id, by: .system(correlationID: "t")) }

    func openTickets(_ id: String) throws -> [Ticket] {
        try store.read { connection throws(PAOError) in
            try TicketStore(connection).tickets(ofRequest: RequestStore(connection).header(id: id)?.rowID ?? "").filter {
                !$0.status.isFinal
            }
        }
    }

    func instance(_ id: String) throws -> ServiceInstance? {
        try request(id).instanceID.flatMap { instance in
            try store.read { connection throws(PAOError) in try InstanceStore(connection).instance(id: instance) }
        }
    }

    /// Every text of the tables that people, logs and backups see.
    func writtenTexts() throws -> String {
        let tables = [
            "effects": "rendered || coalesce(note, '') || summary", "step_logs": "message",
            "step_attempts": "coalesce(error_message, '') || coalesce(error_details, '') || coalesce(verification_result, '')",
            "audit_logs": "coalesce(old, '') || coalesce(new, '')", "events": "coalesce(old, '') || coalesce(new, '')",
            "service_requests": "coalesce(error_context, '') || parameters", "request_steps": "coalesce(reason, '')",
            "manual_tickets": "title || description",
        ]
        return try store.read { connection throws(PAOError) in
            var texts = ""
            for (table, columns) in tables {
                for row in try connection.rows("SELECT \(columns) FROM \(table)") { texts += "\(table): \(row.text(0))\n" }
            }
            return texts
        }
    }

    func count(_ sql: String) throws -> Int { try store.read { connection throws(PAOError) in try connection.first(sql)?.int(0) ?? 0 } }
}

/// Set once.
final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}

/// Counts turns up to the one that is to be the last.
final class Turns: Sendable {
    private let count = Mutex(0)
    private let fatal: Int

    init(_ fatal: Int) { self.fatal = fatal }

    func isFatal() -> Bool {
        count.withLock { count in
            count += 1
            return count == fatal
        }
    }
}

/// The code of what the body throws; nil when it throws nothing.
func code(_ body: () async throws -> Void) async -> PAOError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? PAOError)?.code ?? .internal
    }
}
