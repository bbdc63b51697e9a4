import Base
import Catalog
import Documents
import Identity
import Store

/// The validation pipeline of requests.md, in its order, every finding at once: form, business rules, authorization, availability,
/// templates. Used by `validate`, by a dry run and by `submit` alike.
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
        var (accepted, findings) = document.form.validate(submission.data, defaults: scope(document, [:], actor, team).defaultRenderer)
        let sealed = SensitiveFields(document.form).sealing(.object(accepted), seal: settings.seal)
        let scope = self.scope(document, sealed, actor, team)
        findings += templateFindings(document, accepted, visible: findings.isEmpty)
        var name: String?
        var key: String?
        if findings.isEmpty {
            name = try rendered(document.instance?.name, scope, "instance.name", &findings)
            key = try rendered(document.fulfillment.automatic?.concurrencyKey, scope, "concurrency.key", &findings)
            findings += try store.read { connection throws(PAOError) -> [PAOError.Finding] in
                try Self.businessFindings(document, name: name, team: team, connection) + availability(document, scope, connection)
            }
        }
        guard findings.isEmpty else { throw Self.invalid(findings) }
        accepted = sealed.object ?? accepted
        return CheckedSubmission(
            document: document, parameters: .object(accepted), team: team, instanceName: name,
            concurrencyKey: key.map { "\(document.id)|\($0)" }, startAfter: submission.startAfter)
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
                throw Self.invalid([.init(field: "team", rule: "required", message: "You belong to no team; ask an administrator to add you to one.")])
            }
            return first
        }
        if actor.teams.contains(wanted) { return wanted }
        let exists = try store.read { connection throws(PAOError) in try Team.exists(wanted, in: connection) }
        if actor.visibleTeams == nil, exists { return wanted }
        throw Self.invalid([.init(field: "team", rule: "member", message: "You are not a member of the team \(wanted).")])
    }

    // MARK: Business rules

    /// Repeated inside the transaction that stores the request, so that two writers cannot both pass.
    static func businessFindings(_ document: CatalogDocument, name: String?, team: String, _ connection: Connection) throws(PAOError)
        -> [PAOError.Finding]
    {
        var findings: [PAOError.Finding] = []
        let instances = InstanceStore(connection)
        if let name {
            let category = document.metadata.category
            let isUsed = try instances.holdsName(name, team: team, category: category)
            let isReserved = try RequestStore(connection).holdsName(name, team: team, category: category)
            if isUsed || isReserved {
                findings.append(
                    .init(
                        field: document.nameField ?? "requestData", rule: "nameTaken",
                        message: "The team \(team) already has a live instance or request called \(name) in \(category)."))
            }
        }
        if let quota = document.quotaPerTeam {
            let count = try instances.count(item: document.id, team: team) + RequestStore(connection).countOpen(item: document.id, team: team)
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
    private func availability(_ document: CatalogDocument, _ scope: RequestScope, _ connection: Connection) throws(PAOError)
        -> [PAOError.Finding]
    {
        var findings: [PAOError.Finding] = []
        for dependency in document.instance?.dependencies ?? [] {
            guard let id = try? dependency.on.value(scope, as: .text).string, !id.isEmpty else { continue }
            let field = dependency.on.references.first?.path.dropFirst().first.flatMap { if case .key(let key) = $0 { key } else { nil } }
            let provider = try InstanceStore(connection).instance(id: id)
            if provider == nil {
                findings.append(.init(field: field ?? "requestData", rule: "dependency", message: "There is no instance \(id)."))
            } else if let state = provider?.state, state != .active, state != .degraded {
                findings.append(
                    .init(field: field ?? "requestData", rule: "dependency", message: "The instance \(id) is \(state.rawValue), not active."))
            }
        }
        return findings
    }

    // MARK: Templates

    /// Every field that a template reads unconditionally must have a value.
    private func templateFindings(_ document: CatalogDocument, _ accepted: JSONObject, visible: Bool) -> [PAOError.Finding] {
        guard visible else { return [] }
        var reported: Set<String> = []
        var findings: [PAOError.Finding] = []
        for (place, reference) in document.fieldReferences where !reference.hasDefault && !reference.isConditional {
            guard case .key(let field)? = reference.path.dropFirst().first, accepted[field] == nil, reported.insert(field).inserted else { continue }
            findings.append(
                .init(
                    field: field, rule: "template",
                    message: "\(document.form.field(field)?.name ?? field) is needed by \(place), which reads {{\(reference.text)}}."))
        }
        return findings
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

    private func scope(_ document: CatalogDocument, _ parameters: JSON, _ actor: Actor, _ team: String) -> RequestScope {
        RequestScope(
            roots: JSONObject([
                ("fields", parameters), ("metadata", document.metadata.json),
                ("request", requestRoot(actor, team)),
                ("environment", settings.variables),
            ]), frozen: ["at": .string(now.description), "timestamp": .int(now.unixSeconds)])
    }

    private func requestRoot(_ actor: Actor, _ team: String) -> JSON {
        ["user": Self.user(actor, team), "team": .string(team), "timestamp": .string(now.description)]
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

    /// Where the actions of a new request read form fields.
    var fieldReferences: [(place: String, reference: TemplateReference)] {
        fulfillment.actions.flatMap { action in
            ([action.config] + action.verification.map(\.parameters)).flatMap(\.templates).flatMap { path, template in
                template.references.filter { $0.path.first == .key("fields") && $0.path.count > 1 && action.condition == nil }
                    .map { ("\(action.name), \(path.dotted)", $0) }
            }
        }
    }
}
