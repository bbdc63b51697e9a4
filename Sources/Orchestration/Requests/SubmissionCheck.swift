import Base
import Catalog
import Documents
import Identity
import Store

/// The validation pipeline of requests.md, in its order, every finding at once: form, business rules, authorization, availability,
/// templates; a bundle's components in the same way. Used by `validate`, by a dry run, by `submit` and for a bundle's components alike.
struct SubmissionCheck {
    let catalog: CatalogSnapshot
    let settings: RunSettings
    let store: Store
    let now: Timestamp

    /// Throws `invalid` with every finding.
    func check(_ submission: Submission, by actor: Actor) throws(PAOError) -> CheckedSubmission {
        let field = submission.kind == .bundle ? "catalogBundleId" : "catalogItemId"
        guard let document = catalog.document(id: submission.catalogID), document.kind == submission.kind else {
            throw Self.invalid([.init(field: field, rule: "unknown", message: unknownItem(submission.catalogID))])
        }
        if document.lifecycle.status == .retired {
            let successor = document.lifecycle.replacedBy.map { " Use \($0) instead." } ?? ""
            throw Self.invalid([.init(field: field, rule: "retired", message: "\(document.metadata.name) is retired.\(successor)")])
        }
        let team = try self.team(submission, actor)
        let requestID = settings.identifiers.readable("req")
        var (accepted, findings) = document.form.validate(submission.data, now: now) { tree in
            // Most defaults are constants, and most requests need none: the scope is made for those that read it.
            if tree.templates.isEmpty { return Form.constantDefault(tree) }
            return self.scope(document, [:], actor, team, requestID: requestID).defaultRenderer(tree)
        }
        let sealed = SensitiveFields(document.form).sealing(.object(accepted), seal: settings.seal)
        let scope = self.scope(document, sealed, actor, team, requestID: requestID)
        findings += templateFindings(document, accepted, visible: findings.isEmpty)
        var name: String?
        var key: String?
        let components = try chosenComponents(document, submission, scope, actor, team, &findings)
        if findings.isEmpty {
            name = try rendered(document.instance?.name, scope, "instance.name", &findings)
            key = try rendered(document.fulfillment.automatic?.concurrencyKey, scope, "concurrency.key", &findings)
            if name != nil || document.quotaPerTeam != nil || document.instance?.dependencies.isEmpty == false {
                findings += try store.read { connection throws(PAOError) -> [PAOError.Finding] in
                    try Self.businessFindings(document, name: name, team: team, connection)
                        + availability(document, scope, actor, connection)
                }
            }
        }
        guard findings.isEmpty else { throw Self.invalid(findings) }
        accepted = sealed.object ?? accepted
        return CheckedSubmission(
            requestID: requestID, document: document, parameters: .object(accepted), team: team, instanceName: name,
            concurrencyKey: key.map { "\(document.id)|\($0)" }, startAfter: submission.startAfter, gates: gates(document, scope),
            components: components)
    }

    /// The rows of a new request. It passes submitted, validating and queued in the one transaction that stores it.
    func accept(_ checked: CheckedSubmission, by actor: Actor) -> NewRequest {
        let (ids, document) = (settings.identifiers, checked.document)
        let request = ServiceRequest(
            rowID: ids.uuid(at: now), id: checked.requestID, type: .create, kind: document.kind, catalogID: document.id,
            catalogVersion: document.metadata.version.description, catalogDigest: document.digest, targetInstanceRowID: nil,
            parentRowID: nil, status: checked.gates.isEmpty ? .queued : .pendingApproval, mode: document.fulfillment.mode,
            parameters: checked.parameters,
            requester: .init(
                userID: actor.userID, login: actor.login, team: checked.team, email: actor.email, teams: actor.teams),
            currentAction: nil, isStopping: false, stopReason: nil, errorContext: nil, correlationID: actor.correlationID,
            concurrencyKey: checked.concurrencyKey, escalationTicketID: nil, startAfter: checked.startAfter, deadline: nil, createdAt: now,
            updatedAt: now, startedAt: nil, completedAt: nil, instanceID: nil, instanceName: checked.instanceName,
            category: document.metadata.category, steps: steps(checked))
        return NewRequest(request: request, document: document, gates: checked.gates)
    }

    /// Of a bundle: its components, then what the bundle itself does when they are there.
    private func steps(_ checked: CheckedSubmission) -> [Step] {
        let document = checked.document
        let enabled = checked.components.map(\.id)
        var steps = checked.components.map { component in
            Step(
                id: component.id, name: catalog.entry(component.catalogItem)?.name ?? component.id, type: Step.componentType, position: 0,
                dependsOn: component.dependsOn.filter(enabled.contains), status: .pending,
                generation: 0, retryCount: 0, skipsVerification: false)
        }
        let actions =
            document.kind == .bundle
            ? document.fulfillment.manual + (document.fulfillment.automatic?.actions ?? []) : document.fulfillment.actions
        steps += actions.filter { !enabled.contains($0.id) }.map { action in
            Step(
                id: action.id, name: action.name, type: action.type, position: 0,
                dependsOn: (action.dependsOn + enabled).uniqued, status: .pending, generation: 0, retryCount: 0, skipsVerification: false)
        }
        for index in steps.indices { steps[index].position = index }
        return steps
    }

    /// The gates whose condition holds. One whose condition cannot be decided stands: approvals fail closed.
    func gates(_ document: CatalogDocument, _ scope: RequestScope) -> [Gate] {
        document.approvals.filter { gate in (try? gate.when?.condition(scope)) ?? true }.map { gate in
            Gate(
                name: gate.name, role: gate.role, team: gate.team, required: gate.required, timeout: gate.timeout,
                onTimeout: gate.onTimeout == .escalate ? .escalate : .reject)
        }
    }

    static func invalid(_ findings: [PAOError.Finding]) -> PAOError {
        PAOError(.invalid, findings.count == 1 ? findings[0].message : "\(findings.count) values are not valid.", findings: findings)
    }

    private func unknownItem(_ id: String) -> String {
        let near = NearestName.suggestion(for: id, among: catalog.entries.map(\.id))
        return "The catalog has no \(id)." + (near.map { " Did you mean \($0)?" } ?? "")
    }

    private func team(_ submission: Submission, _ actor: Actor) throws(PAOError) -> String {
        guard let wanted = submission.team else {
            guard let first = actor.teams.first else {
                throw Self.invalid([
                    .init(field: "team", rule: "required", message: "You belong to no team; ask an administrator to add you to one.")
                ])
            }
            return first
        }
        if actor.teams.contains(wanted) { return wanted }
        let exists = try store.read { (connection) throws(PAOError) in try Team.exists(wanted, in: connection) }
        if exists, actor.visibleTeams == nil { return wanted }
        throw Self.invalid([.init(field: "team", rule: "member", message: "You are not a member of the team \(wanted).")])
    }

    // MARK: Business rules

    /// Repeated inside the transaction that stores the request, so that two writers cannot both pass.
    /// `besides` is a request that is stored already and does not stand in its own way.
    static func businessFindings(
        _ document: CatalogDocument, name: String?, team: String, besides rowID: String = "", _ connection: Connection
    ) throws(PAOError) -> [PAOError.Finding] {
        var findings: [PAOError.Finding] = []
        let instances = InstanceStore(connection)
        if let name {
            let category = document.metadata.category
            let isUsed = try instances.holdsName(name, team: team, category: category)
            let isReserved = try RequestStore(connection).holdsName(name, team: team, category: category, besides: rowID)
            if isUsed || isReserved {
                findings.append(
                    .init(
                        field: document.nameField ?? "requestData", rule: "nameTaken",
                        message: "The team \(team) already has a live instance or request called \(name) in \(category)."))
            }
        }
        if let quota = document.quotaPerTeam {
            let open = try RequestStore(connection).countOpen(item: document.id, team: team, besides: rowID)
            let count = try instances.count(item: document.id, team: team) + open
            if count >= quota {
                findings.append(
                    .init(
                        field: "catalogItemId", rule: "quota",
                        message: "The team \(team) has \(count) of \(quota) instances of \(document.metadata.name)."))
            }
        }
        return findings
    }

    /// Instances that the new one depends on exist, are visible and active.
    func availability(
        _ document: CatalogDocument, _ scope: RequestScope, _ actor: Actor, _ connection: Connection
    ) throws(PAOError) -> [PAOError.Finding] {
        var findings: [PAOError.Finding] = []
        for dependency in document.instance?.dependencies ?? [] {
            guard let id = try? dependency.on.value(scope, as: .text).string, !id.isEmpty else { continue }
            let field = dependency.on.references.first?.path.dropFirst().first.flatMap { if case .key(let key) = $0 { key } else { nil } }
            let found = try InstanceStore(connection).instance(id: id)
            let provider = found.flatMap { actor.sees(team: $0.owner.team) || $0.owner.userID == actor.userID ? $0 : nil }
            if provider == nil {
                findings.append(.init(field: field ?? "requestData", rule: "dependency", message: "There is no instance \(id)."))
            } else if let state = provider?.state, state != .active, state != .degraded {
                findings.append(
                    .init(
                        field: field ?? "requestData", rule: "dependency", message: "The instance \(id) is \(state.rawValue), not active."))
            }
        }
        return findings
    }

    // MARK: Templates

    /// Every field that a template reads unconditionally must have a value.
    private func templateFindings(_ document: CatalogDocument, _ accepted: JSONObject, visible: Bool) -> [PAOError.Finding] {
        guard visible else { return [] }
        return document.neededFields.filter { accepted[$0.field] == nil }.map { needed in
            let name = document.form.field(needed.field)?.name ?? needed.field
            return .init(
                field: needed.field, rule: "template", message: "\(name) is needed by \(needed.place), which reads {{\(needed.path)}}.")
        }
    }

    private func rendered(_ template: Template?, _ scope: RequestScope, _ place: String, _ findings: inout [PAOError.Finding])
        throws(PAOError) -> String?
    {
        guard let template else { return nil }
        do throws(TemplateFault) {
            return try template.render(scope)
        } catch {
            findings.append(.init(field: "requestData", rule: "template", message: "\(place) cannot be rendered: \(error.message)"))
            return nil
        }
    }

    /// For the form as this actor sees it, before anything is entered.
    func formDefaults(of document: CatalogDocument, for actor: Actor) -> Form.DefaultRenderer {
        scope(document, [:], actor, actor.teams.first ?? "").defaultRenderer
    }

    /// The values of `system` are drawn for this check alone; each step draws its own. A form has no request yet: nil.
    private func scope(
        _ document: CatalogDocument, _ parameters: JSON, _ actor: Actor, _ team: String, requestID: String? = nil
    ) -> RequestScope {
        RequestScope(
            roots: JSONObject([
                ("fields", parameters), ("metadata", document.metadata.json),
                ("request", requestRoot(document, parameters, actor, team, requestID)),
                ("environment", settings.variables(for: document)), ("bundle", .object(JSONObject([("metadata", document.metadata.json)]))),
            ]),
            frozen: [
                "uuid": .string(settings.identifiers.uuid(at: now)), "timestamp": .int(now.unixSeconds), "at": .string(now.description),
                "hostname": .string(settings.hostname),
            ])
    }

    private func requestRoot(
        _ document: CatalogDocument, _ parameters: JSON, _ actor: Actor, _ team: String, _ requestID: String?
    ) -> JSON {
        var root: JSON = [
            "user": Self.user(actor, team), "team": .string(team), "timestamp": .string(now.description),
            "createdAt": .string(now.description), "correlationId": .string(actor.correlationID),
            "correlation_id": .string(actor.correlationID), "type": .string(RequestType.create.rawValue), "data": parameters,
            "catalogItemId": .string(document.id), "catalogVersion": .string(document.metadata.version.description),
        ]
        if let requestID {
            root["id"] = .string(requestID)
            root["url"] = .string(settings.page("/requests/\(requestID)"))
        }
        return root
    }

    static func user(_ actor: Actor, _ team: String) -> JSON {
        ServiceRequest.Requester(userID: actor.userID, login: actor.login, team: team, email: actor.email, teams: actor.teams).json
    }
}

extension CatalogDocument {
    /// The field that alone makes the instance's name, for findings about it.
    var nameField: String? {
        guard let references = instance?.name?.references, references.count == 1, references[0].path.first == .key("fields"),
            case .key(let field)? = references[0].path.dropFirst().first
        else { return nil }
        return field
    }
}
