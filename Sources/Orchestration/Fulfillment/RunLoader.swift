import Base
import Catalog
import Store

/// Makes a run of the rows of a request.
struct RunLoader: Sendable {
    let catalog: Catalog
    let settings: RunSettings
    let store: Store
    let time: TimeSource

    /// Throws `notFound` when the version the request was made with is gone.
    func run(of request: ServiceRequest, now: Timestamp, in connection: Connection) throws(PAOError) -> RequestRun {
        let effects = try EffectLedger(connection).effects(ofRequest: request.rowID)
        let tickets = try TicketStore(connection).tickets(ofRequest: request.rowID)
        var instance: ServiceInstance?
        if let id = request.instanceID { instance = try InstanceStore(connection).instance(id: id) }
        let document = try catalog.pinned(kind: request.kind, id: request.catalogID, digest: request.catalogDigest)
        var run = RequestRun(
            document: document, settings: settings, request: request,
            effects: Dictionary(effects.map { ($0.key, $0) }, uniquingKeysWith: { $1 }), tickets: Self.current(tickets, request),
            preCheck: Self.preCheck(tickets), instance: instance, now: now)
        if request.kind == .bundle {
            run.children = try children(of: request, in: connection)
            run.componentsAtOnce = componentsAtOnce(of: document)
            run.ownIssue = ownIssue(of: document)
            run.ownTicket = tickets.last(where: \.isOfBundle)
            run.makeComponent = { [self] (component, run) throws(PAOError) in try self.component(component, of: run) }
        }
        return run
    }

    /// A person who said no is asked again when the request is resumed; who said yes is not.
    private static func preCheck(_ tickets: [Ticket]) -> Ticket? {
        let questions = tickets.filter { $0.actionID == nil && $0.purpose == .question }
        return questions.last { $0.status != .closed } ?? questions.last
    }

    /// The ticket of each step's present generation; a question belongs to the try that raised it.
    private static func current(_ tickets: [Ticket], _ request: ServiceRequest) -> [String: Ticket] {
        var current: [String: Ticket] = [:]
        for ticket in tickets {
            guard let step = request.steps.first(where: { $0.id == ticket.actionID }) else { continue }
            let isQuestion = ticket.purpose == .question
            guard ticket.generation == (isQuestion ? step.attempts.count : step.generation) else { continue }
            if isQuestion || current[step.id]?.purpose != .question { current[step.id] = ticket }
        }
        return current
    }

    // MARK: Bundles

    private func children(of request: ServiceRequest, in connection: Connection) throws(PAOError) -> [String: RequestRun.Child] {
        var children: [String: RequestRun.Child] = [:]
        for child in try RequestStore(connection).children(of: request.rowID) {
            let instance = try child.instanceID.flatMap { (id) throws(PAOError) in try InstanceStore(connection).instance(id: id) }
            children[child.id] = RequestRun.Child(request: child, instance: instance)
        }
        return children
    }

    /// Tickets for people are opened at once (S2); not where what they say comes from another component.
    private func componentsAtOnce(of bundle: CatalogDocument) -> Set<String> {
        let snapshot = catalog.snapshot
        let found = bundle.components.filter { component in
            let references = component.config.templates.flatMap(\.template.references)
            return snapshot.document(id: component.catalogItem)?.fulfillment.mode == .manual
                && !references.contains { $0.path.first == .key("components") }
        }
        return Set(found.map(\.id))
    }

    /// Where the bundle's own issue is opened: where the first of its components that names a project opens its own. nil where the bundle
    /// wants none, or nothing says where.
    func ownIssue(of bundle: CatalogDocument) -> IssuePlace? {
        let environment = settings.environment
        guard environment.hasJira, bundle.orchestration?["jiraLinking"]?["parentTicket"]?.bool == true else { return nil }
        for component in bundle.components {
            guard let item = catalog.snapshot.document(id: component.catalogItem)?.fulfillment else { continue }
            let mine = item.mode == .manual ? item.manual : item.automatic?.actions ?? []
            for action in mine where action.type == "jira-ticket" {
                guard let project = (action.config["ticket"]?["project"] ?? action.config["project"])?.text else { continue }
                let named = action.config["instance"]?.text.flatMap { environment.jira[$0] }
                return IssuePlace(above: project, instance: named?.name)
            }
        }
        return nil
    }

    /// The request for one component, checked like any other. Throws `invalid`.
    private func component(_ component: BundleComponent, of run: RequestRun) throws(PAOError) -> NewRequest {
        let check = SubmissionCheck(catalog: catalog.snapshot, settings: settings, store: store, now: time.now())
        let actor = run.request.requester.actor(run.request.correlationID)
        let data = try run.configuration(of: component)
        if let range = component.version, let version = check.catalog.entry(component.catalogItem)?.version, !range.contains(version) {
            throw PAOError(.invalid, "\(component.catalogItem) is \(version), and the bundle needs \(range).")
        }
        let submission = Submission(catalogID: component.catalogItem, kind: .item, data: data, team: run.request.requester.team)
        var new = check.accept(try check.check(submission, by: actor), by: actor)
        new.request.parentRowID = run.request.rowID
        new.request.componentID = component.id
        return new
    }

    // MARK: Starting late

    /// Why a request that waited for its start may not start any more; in words, empty when it may.
    func obstacles(to run: RequestRun) throws(PAOError) -> [String] {
        let (request, document) = (run.request, run.document)
        let current = catalog.snapshot.document(id: request.catalogID)
        if current == nil || current?.lifecycle.status == .retired { return ["\(document.metadata.name) is not offered any more."] }
        let (scope, actor) = (run.scope(for: nil), request.requester.actor(request.correlationID))
        let check = SubmissionCheck(catalog: catalog.snapshot, settings: settings, store: store, now: time.now())
        return try store.read { connection throws(PAOError) in
            let business = try SubmissionCheck.businessFindings(
                document, name: request.instanceName, team: request.requester.team, besides: request.rowID, connection)
            return try (business + check.availability(document, scope, actor, connection)).map(\.message)
        }
    }
}

extension TemplateTree {
    /// Of a constant.
    fileprivate var text: String? {
        if case .constant(let value) = self { value.string } else { nil }
    }
}
