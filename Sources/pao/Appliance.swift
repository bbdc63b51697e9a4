import API
import Base
import Catalog
import Documents
import Identity
import Integrations
import Jobs
import Orchestration
import Store
import Synchronization
import Web

/// Everything wired together over one data directory.
final class Appliance: Sendable {
    let configuration: Configuration
    let directory: String
    let log: Log
    let redactor: Redactor
    let store: Store
    let identity: IdentityServices
    let catalog: Catalog
    let jobs: JobQueue
    let events: EventLog
    let requests: Requests
    let tickets: Tickets
    let savedForms: SavedForms
    let freezeWindows: FreezeWindows
    let notifications: Notifications
    private let dispatch: NotificationDispatch
    let instances: Instances
    let engine: Engine
    let metrics: Metrics
    let secrets: Secrets
    private let schemas: CatalogSchemas
    /// nil where the catalog is no Git repository.
    private let publisher: CatalogPublisher?
    private let commitStatus: CommitStatus?
    private let http: CurlClient
    private let scheduler: Scheduler
    private let state = Mutex(State())

    private struct State {
        var hasSynced = false
        var isStopping = false
    }

    /// Opens the data directory and makes the services; nothing runs yet. `sandbox` is where every outgoing call goes in sandbox mode.
    init(_ configuration: Configuration, directory: String, sandboxPort: Int?) throws(PAOError) {
        let (time, random) = (TimeSource.system, RandomSource.system)
        let redactor = Redactor()
        let log = Log.standardError(minimum: configuration.logLevel, redactor: redactor)
        let identifiers = IdentifierSource(time: time, random: random)
        store = try Store(directory: directory, migrations: DatabaseSchema.migrations, options: configuration.store, time: time, log: log)
        try MasterKey.create(in: directory, random: random)
        if let secret = configuration.githubWebhookSecret { redactor.add(secret) }
        for instance in configuration.jira.values { if let secret = instance["webhookSecret"]?.string { redactor.add(secret) } }
        let sealer = try MasterKey.load(path: directory + "/" + MasterKey.fileName, random: random)
        identity = IdentityServices(store: store, time: time, random: random, redactor: redactor)
        events = EventLog()
        schemas = CatalogLocation.schemas()
        let secrets = Self.secrets(configuration, store, identity.audit, sealer, redactor)
        self.secrets = secrets
        let source = try CatalogLocation.source(configuration, directory: directory, secrets: secrets)
        catalog = try Self.catalog(configuration, source, store, events, schemas, time, random, log)
        jobs = JobQueue(store: store, time: time, ids: identifiers, log: log, options: Self.jobOptions(configuration, store))
        let egress = try Self.egress(configuration, sandboxPort: sandboxPort)
        http = CurlClient(egress: egress, log: log, time: time)
        let recorder = Recorder(audit: identity.audit, events: events, redactor: redactor, identifiers: identifiers)
        var settings = try Self.settings(configuration, sealer: sealer, identifiers: identifiers, random: random)
        settings.environment.services = try ServicesConfiguration(configuration, directory: directory, redactor: redactor)
            .services(egress: egress, http: http.transport, time: time)
        engine = Engine(
            store: store, jobs: jobs, catalog: catalog, recorder: recorder, approvals: identity.approvals, http: http.transport,
            time: time, log: log, settings: settings,
            secret: { (name) async throws(PAOError) in try await secrets.value(name) })
        requests = Requests(
            store: store, catalog: catalog, jobs: jobs, recorder: recorder, approvals: identity.approvals, settings: settings, time: time,
            idempotency: identity.idempotency)
        tickets = Tickets(store: store, requests: requests)
        freezeWindows = FreezeWindows(
            store: store, requests: requests, audit: identity.audit, events: events, identifiers: identifiers, time: time)
        let dispatch = NotificationDispatch(
            store: store, events: events, jobs: jobs, catalog: catalog, http: http.transport, settings: settings, time: time, log: log,
            sendsMail: configuration.sendsMail)
        self.dispatch = dispatch
        notifications = Notifications(store: store, audit: identity.audit, settings: settings, time: time) {
            dispatch.noticeSubscriptions()
        }
        savedForms = SavedForms(store: store, catalog: catalog, audit: identity.audit, identifiers: identifiers)
        instances = Instances(store: store)
        if let source = source as? GitSource {
            let github = CatalogLocation.github(source, settings.environment.services, http.transport)
            // The sandbox's GitHub knows nothing of what is pushed to the real repository.
            publisher = CatalogPublisher(
                source: source, catalog: catalog, schemas: schemas, github: configuration.isSandbox ? nil : github, store: store,
                audit: identity.audit, directory: Files.absolute(directory), time: time)
            commitStatus = github.map { CommitStatus($0, log: log) }
        } else {
            (publisher, commitStatus) = (nil, nil)
        }
        metrics = Metrics(store: store)
        scheduler = Scheduler(time: time, random: random, log: log)
        (self.configuration, self.directory, self.log, self.redactor) = (configuration, directory, log, redactor)
    }

    // MARK: Parts

    private static func catalog(
        _ configuration: Configuration, _ source: any CatalogSource, _ store: Store, _ events: EventLog, _ schemas: CatalogSchemas,
        _ time: TimeSource, _ random: RandomSource, _ log: Log
    ) throws(PAOError) -> Catalog {
        let hooks = CatalogHooks(recorded: { result, tx throws(PAOError) in
            try events.append(
                Event(
                    type: result.status == .completed ? "catalog.synced" : "catalog.failed", subjectType: "catalog",
                    subjectID: result.commit ?? result.source, new: result.status.rawValue, correlationID: "catalog"), in: tx)
        })
        return try Catalog(
            store: store, settings: CatalogSettings(source: source, pollInterval: configuration.catalogPollInterval),
            schemas: schemas, time: time, random: random, log: log, hooks: hooks)
    }

    private static func jobOptions(_ configuration: Configuration, _ store: Store) -> JobOptions {
        var options = JobOptions()
        options.running = configuration.concurrency
        options.executor = BackgroundExecutor { [store] in store.isPressed }
        return options
    }

    private static func egress(_ configuration: Configuration, sandboxPort: Int?) throws(PAOError) -> EgressPolicy {
        var policy = try EgressPolicy(allow: configuration.egress)
        for (_, instance) in configuration.jira {
            if let url = instance["baseUrl"]?.string { try policy.allow(baseURL: url) }
        }
        for url in ServicesConfiguration.addresses(configuration) { try policy.allow(baseURL: url) }
        if let host = configuration.smtp["host"]?.string { try policy.allow(host) }
        if let sandboxPort { policy.redirectAllTo = ("127.0.0.1", sandboxPort) }
        return policy
    }

    /// In sandbox mode there is a JIRA without anybody configuring one: the sandbox's.
    private static func settings(
        _ configuration: Configuration, sealer: Sealer, identifiers: IdentifierSource, random: RandomSource
    ) throws(PAOError) -> RunSettings {
        var jira: [String: JiraInstance] = [:]
        for (name, value) in configuration.jira { jira[name] = try JiraInstance(name: name, configuration: value) }
        var standard = configuration.defaultJira
        if configuration.isSandbox, jira.isEmpty {
            jira["sandbox"] = JiraInstance(
                name: "sandbox", baseURL: "https://jira.sandbox.example", apiVersion: .v2, authentication: .bearer(token: "sandbox"))
            standard = "sandbox"
        }
        let (seal, open) = RunSettings.sealing(by: sealer)
        var settings = RunSettings(
            environment: ActionEnvironment(
                isSandbox: configuration.isSandbox, jira: jira, defaultJira: standard,
                pollInterval: configuration.isSandbox ? .seconds(2) : configuration.pollInterval),
            identifiers: identifiers, random: random, hostname: Files.hostname, variables: configuration.variables,
            attemptTimeout: configuration.stepTimeout, seal: seal, open: open)
        settings.publicURL = try configuration.dashboardURL()
        settings.environment.escalation = configuration.escalation
        settings.perAction = configuration.perAction
        return settings
    }

    private static func secrets(
        _ configuration: Configuration, _ store: Store, _ audit: AuditLog, _ sealer: Sealer, _ redactor: Redactor
    ) -> Secrets {
        var providers: [SecretProvider] = [.database(store, sealer: sealer)]
        if let directory = configuration.secretsDirectory { providers.append(.files(in: directory)) }
        if configuration.isSandbox { providers.append(.sandbox) }
        return Secrets(store: store, audit: audit, sealer: sealer, providers: providers, redactor: redactor)
    }

    // MARK: Life

    /// Frees what the process before left behind and begins to work.
    func start() async throws(PAOError) {
        try await identity.prepare()
        try await jobs.start()
        try await dispatch.start()
        await scheduler.add(
            Schedule("catalog", every: configuration.catalogPollInterval, runsAtStart: true) { [self] in await syncCatalog() })
        await scheduler.add(Schedule("approvals", every: .seconds(30)) { [requests] in try await requests.sweepApprovals() })
        await scheduler.add(Schedule("notifications", every: .seconds(3600)) { [dispatch] in try await dispatch.removeOld() })
        await scheduler.add(Schedule("footprint", every: .seconds(600)) { Footprint.release() })
        Task {
            try? await TimeSource.system.sleep(.seconds(1))
            Footprint.release()
        }
        await scheduler.add(Schedule("identity", every: .seconds(60)) { [self] in try await identity.maintain() })
    }

    @discardableResult
    func syncCatalog() async -> SyncResult {
        let result = await catalog.sync()
        state.withLock { $0.hasSynced = true }
        await commitStatus?.report(result)
        return result
    }

    /// Lets what runs reach a safe point, then closes. Nothing is lost when it is not called.
    func stop() async {
        state.withLock { $0.isStopping = true }
        await scheduler.stop()
        await dispatch.stop()
        _ = await jobs.drain(timeout: .seconds(20))
        http.shutdown()
        try? await identity.maintain()
        store.close()
    }

    // MARK: HTTP

    /// The application of the public listener.
    func application(allowedHosts: Set<String>?) throws(PAOError) -> Application {
        let isSecure = configuration.certificate != nil || configuration.isBehindProxy
        let gatekeeper = gatekeeper(isSecure: isSecure)
        let endpoints = endpoints(gatekeeper, isSecure: isSecure)
        var application = Application(
            routes: endpoints.map(gatekeeper.route) + SchemaFiles.routes, staticFiles: StaticFiles(), allowedHosts: allowedHosts, log: log)
        application.strictTransport = isSecure
        let metrics = metrics
        application.onAnswer = { metrics.record($0) }
        return application
    }

    var openAPI: JSON { OpenAPI.document(of: endpoints(gatekeeper(isSecure: false), isSecure: false), version: Program.version) }

    private func gatekeeper(isSecure: Bool) -> Gatekeeper {
        let (store, audit) = (store, identity.audit)
        var gatekeeper = Gatekeeper(
            tokens: identity.tokens, sessions: identity.sessions, cursors: Cursors(key: RandomSource.system.bytes(32)), isSecure: isSecure,
            time: .system
        ) { actor, permission, endpoint in
            Task {
                try? await store.write { tx throws(PAOError) in
                    try audit.append(
                        AuditEntry(
                            actor, "denied", "endpoint", endpoint, result: .failure, new: ["permission": .string(permission.rawValue)]),
                        in: tx)
                }
            }
        }
        gatekeeper.readYAML = { (bytes) throws(PAOError) in
            let documents = try YAML.parse(bytes).documents
            guard documents.count == 1 else { throw PAOError(.malformed, "The body must be one YAML document.") }
            return documents[0].json
        }
        return gatekeeper
    }

    private func endpoints(_ gatekeeper: Gatekeeper, isSecure: Bool) -> [Endpoint] {
        let requests = requests
        var endpoints: [Endpoint] = []
        endpoints +=
            CatalogRoutes(
                catalog: catalog, typicalDuration: { requests.typicalSeconds(of: $0) },
                defaults: { requests.formDefaults(of: $0, for: $1) },
                sync: { [self] in await syncCatalog() }
            ).endpoints
        endpoints += RequestRoutes(requests: requests).endpoints
        endpoints += ApprovalRoutes(requests: requests).endpoints
        endpoints += SavedFormRoutes(forms: savedForms).endpoints
        endpoints += EventRoutes(activity: Activity(events: events, store: store), requests: requests).endpoints
        endpoints += TicketRoutes(tickets: tickets).endpoints
        endpoints += FreezeRoutes(windows: freezeWindows).endpoints
        endpoints += NotificationRoutes(notifications: notifications).endpoints
        endpoints += InstanceRoutes(instances: instances).endpoints
        endpoints += InsightRoutes(insights: Insights(store: store, time: .system)).endpoints
        endpoints += AuthRoutes(sessions: identity.sessions, gatekeeper: gatekeeper, isSecure: isSecure).endpoints
        endpoints += IdentityRoutes(identity: identity).endpoints
        endpoints +=
            AdminRoutes(
                trail: AuditTrail(store: store), queue: QueueOffice(jobs: jobs, store: store), secrets: secrets
            ).endpoints
        endpoints += workshopRoutes.endpoints
        endpoints += webhooks.endpoints
        let others = endpoints
        let all = others + system(openAPI: { .null }).endpoints
        return others + system(openAPI: { OpenAPI.document(of: all, version: Program.version) }).endpoints
    }

    private var workshopRoutes: WorkshopRoutes {
        let instances = instances
        let review = CatalogReview(catalog: catalog, schemas: schemas) { (id) throws(PAOError) in
            let use = try instances.use(of: id)
            return CatalogReview.Usage(instances: use.instances, requests: use.requests)
        }
        return WorkshopRoutes(workshop: Workshop(schemas: schemas), review: review, publisher: publisher)
    }

    private var webhooks: WebhookRoutes {
        let signature = configuration.githubWebhookSecret.map { WebhookSignature(secret: $0) }
        let verifies = signature.map { signature in
            { @Sendable (header: String, body: [UInt8]) in signature.verifies(hubSignature: header, body: body) }
        }
        var routes = WebhookRoutes(branch: configuration.catalogBranch, verifies: verifies) { [self] in Task { await syncCatalog() } }
        let secrets = configuration.jira.compactMapValues { $0["webhookSecret"]?.string }
        routes.verifiesJira = { instance, header, body in
            secrets[instance].map { WebhookSignature(secret: $0).verifies(hubSignature: header, body: body) }
        }
        routes.noticed = { [requests, log] reference in
            Task {
                do throws(PAOError) { try await requests.notice(reference) } catch {
                    log(.warning, "a webhook could not be followed", ["error": .string("\(error)")])
                }
            }
        }
        return routes
    }

    private func system(openAPI: @escaping @Sendable () -> JSON) -> SystemRoutes {
        SystemRoutes(
            version: .init(version: Program.version, isSandbox: configuration.isSandbox, environmentName: configuration.environmentName),
            health: { [self] in health }, notReady: { [self] in notReady },
            metrics: { [self] () throws(PAOError) in try metrics.text(catalog: catalog, jobs: jobs) }, openAPI: openAPI)
    }

    private var health: [(part: String, fault: String?)] {
        var database: String?
        do throws(PAOError) {
            _ = try store.read { connection throws(PAOError) in try connection.first("SELECT 1") }
        } catch {
            database = error.message
        }
        let findings = catalog.snapshot.findings.count(where: \.isError)
        let dead = (try? jobs.statistics().dead) ?? 0
        return [
            ("database", database), ("catalog", findings == 0 ? nil : "\(findings) findings keep documents out of the catalog"),
            ("jobs", dead == 0 ? nil : "\(dead) jobs were given up"),
        ]
    }

    private var notReady: String? {
        let state = state.withLock { $0 }
        if state.isStopping { return "shutting down" }
        return state.hasSynced ? nil : "the catalog has not been read yet"
    }
}
