import Base
import Catalog
import Foundation
import Identity
import Integrations
import Jobs
import Orchestration
import Store

/// The appliance from its boot to its death: the shipped services over a data directory, wired as `Appliance` wires them, with the clock,
/// the randomness, the network and the turns of the store's writer handed in.
final class SimulatedProcess: Sendable {
    let store: Store
    let identity: IdentityServices
    let catalog: Catalog
    let events = EventLog()
    let requests: Requests
    let tickets: Tickets
    private let jobs: JobQueue
    private let engine: Engine
    private let scheduler: Scheduler

    init(
        directory: String, documents: String, loop: SimulationLoop, transport: HTTPTransport, registry: ActionRegistry,
        perAction: [String: Int]
    ) throws {
        let (time, random) = (loop.time, loop.randomSource)
        let log = Log(time: time) { loop.note(String(decoding: $0.dropLast(), as: UTF8.self)) }
        var options = StoreOptions()
        options.execution = .turns { loop.soon($0) }
        // What the directory is on may have a slow fsync; the simulated death is of the process, which needs none.
        options.synchronous = .off
        store = try Store(directory: directory, migrations: DatabaseSchema.migrations, options: options, time: time, log: log)
        let redactor = Redactor()
        identity = IdentityServices(store: store, time: time, random: random, redactor: redactor)
        catalog = try Catalog(
            store: store, settings: CatalogSettings(source: DirectorySource(documents)), schemas: Published.schemas,
            time: time, random: random, log: log)
        let identifiers = IdentifierSource(time: time, random: random)
        let recorder = Recorder(audit: identity.audit, events: events, redactor: redactor, identifiers: identifiers)
        var settings = try Self.settings(registry, identifiers, random)
        settings.perAction = perAction
        jobs = JobQueue(store: store, time: time, ids: identifiers, log: log)
        engine = Engine(
            store: store, jobs: jobs, catalog: catalog, recorder: recorder, approvals: identity.approvals, http: transport, time: time,
            log: log, settings: settings, secret: { name throws(PAOError) in "value-of-\(name)" })
        requests = Requests(
            store: store, catalog: catalog, jobs: jobs, recorder: recorder, approvals: identity.approvals, settings: settings, time: time,
            idempotency: identity.idempotency)
        tickets = Tickets(store: store, requests: requests)
        scheduler = Scheduler(time: time, random: random, log: log)
    }

    private static func settings(
        _ registry: ActionRegistry, _ identifiers: IdentifierSource, _ random: RandomSource
    ) throws -> RunSettings {
        guard let key = SealingKey([UInt8](repeating: 7, count: 32)) else { throw PAOError(.internal, "no key") }
        let (seal, open) = RunSettings.sealing(by: Sealer(current: key, random: random))
        let jira = JiraInstance(name: "main", baseURL: "https://jira.test", apiVersion: .v2, authentication: .bearer(token: "token"))
        return RunSettings(
            registry: registry, environment: ActionEnvironment(isSandbox: false, jira: ["main": jira], defaultJira: "main"),
            identifiers: identifiers, random: random, hostname: "host", seal: seal, open: open)
    }

    func start() async throws {
        try await identity.prepare()
        try await jobs.start()
        await scheduler.add(
            Schedule("approvals", every: .seconds(900)) { [requests] in try await requests.sweepApprovals() })
        await scheduler.add(Schedule("identity", every: .seconds(900)) { [identity] in try await identity.maintain() })
    }

    /// Reads the documents anew. Throws for a finding, which would be a fault of the simulation.
    func readCatalog() async throws {
        await catalog.sync()
        guard let finding = catalog.snapshot.findings.first(where: \.isError) else { return }
        throw PAOError(.invalid, "\(finding.file):\(finding.line) \(finding.rule) \(finding.message)")
    }

    /// An account for somebody who agrees to requests.
    func makePeople() async throws -> String {
        _ = try await identity.teams.create("platform", name: "Platform", parent: nil, by: .system(correlationID: "simulation"))
        return try await identity.users.create(
            NewUser(login: "lead", password: nil, roles: ["approver"], teams: ["platform"]), by: .system(correlationID: "simulation")
        ).id
    }
}

/// The schemas that the repository publishes.
enum Published {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let schemas: CatalogSchemas = {
        let folder = root.appending(path: "schemas")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
        let files = names.filter { $0.hasSuffix(".json") }.map { name in
            (name, (try? JSON.parse([UInt8](Data(contentsOf: folder.appending(path: name))))) ?? JSON.null)
        }
        do {
            return try CatalogSchemas(files: Dictionary(uniqueKeysWithValues: files))
        } catch {
            fatalError("the published schemas cannot be used: \(error)")
        }
    }()
}
