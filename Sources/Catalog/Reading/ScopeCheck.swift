import Base
import Documents

/// Checks every path that a document's templates read: the scope has values at that place, the field exists, the output is declared
/// by an action that runs before. What depends on the installation (`secrets`, `environment`) cannot be known here.
struct ScopeCheck {
    let kind: CatalogKind
    let form: Form
    let metadata: JSON
    let actions: [TemplatePlace.ActionList: ActionOrder]
    let components: [BundleComponent]
    let instanceOutputs: [String]
    let hasWholeForm: Bool
    let hasWholeActions: Bool
    let report: FindingReport

    func check(_ usages: [TemplateReader.Usage]) {
        for usage in usages {
            for reference in usage.references where !report.isFull { check(reference, usage) }
        }
    }

    private func check(_ reference: TemplateReference, _ usage: TemplateReader.Usage) {
        guard case .key(let scope)? = reference.path.first else { return }
        let place = { usage.locate(reference.position) }
        guard scopes(at: usage.place).contains(scope) else {
            report.error(
                .unknownScope, "\(scope) has no values here; there are \(scopes(at: usage.place).joined(separator: ", ")).", at: place())
            return
        }
        let path = reference.path.dropFirst().map(\.text)
        switch scope {
        case "fields":
            checkField(path, place)
            if let id = path.first, path.count == 1, let value = reference.comparedTo, let field = form.field(id) {
                FormReader.checkOption(value, of: field, report, place())
            }
            if usage.isNeeded, !reference.hasDefault, !reference.isConditional { checkIsFilled(path, usage.place, place) }
        case "outputs": checkOutput(path, usage.place, place)
        case "components": checkComponent(path, usage.place, place)
        case "metadata": if !reference.hasDefault && !reference.isConditional { checkMetadata(path, place) }
        case "request": checkMember(path, of: "request", among: Self.requestMembers(at: usage.place), place)
        case "system": checkMember(path, of: "system", among: ["date", "timestamp", "uuid", "hostname"], place)
        case "instance": checkInstance(path, place)
        default: break
        }
    }

    private func scopes(at place: TemplatePlace) -> [String] {
        let always = ["fields", "metadata", "request", "system", "environment", "parameters", "bundle"]
        let operation = kind == .update || kind == .upgrade ? ["instance"] : []
        switch place {
        case .fieldDefault: return ["metadata", "request", "system", "environment"] + operation
        case .beforeStart, .instanceStart: return always + operation
        case .action(let list, _), .afterAction(let list, _): return always + ["secrets", "outputs"] + operationScopes(list)
        case .instanceEnd: return always + ["outputs"] + (kind == .bundle ? ["components"] : []) + operation
        case .monitoring: return always + ["instance", "secrets"]
        case .component: return always + ["components"] + operation
        }
    }

    private func operationScopes(_ list: TemplatePlace.ActionList) -> [String] {
        let bundle = (kind == .bundle || list == .manual ? ["components"] : []) + (list == .manual ? ["failure"] : [])
        let isOperation = kind == .update || kind == .upgrade || list == .decommission || list == .rollback
        return bundle + (isOperation ? ["instance"] : [])
    }

    /// The data is what the defaults complete. What a request is called is known when it is submitted, not while its form is drawn: then
    /// such a default is left for the server to fill in.
    static func requestMembers(at place: TemplatePlace) -> [String] {
        let always = [
            "id", "user", "team", "timestamp", "createdAt", "correlationId", "correlation_id", "type", "url", "catalogItemId",
            "catalogVersion",
        ]
        return place == .fieldDefault ? always : ["data"] + always
    }
}

extension ScopeCheck {
    private func checkField(_ path: [String], _ place: () -> Position) {
        guard let id = path.first else { return }
        guard let field = form.field(id) else {
            guard hasWholeForm else { return }
            let near = NearestName.suggestion(for: id, among: form.fields.map(\.id))
            report.error(.unknownField, "The form has no field \(id).", at: place(), suggestion: near.map { "fields." + $0 })
            return
        }
        checkInside(field, path.dropFirst(), "fields." + id, place)
    }

    /// A submission that leaves the field empty would be refused for the template's sake, though the form calls it optional.
    private func checkIsFilled(_ path: [String], _ at: TemplatePlace, _ place: () -> Position) {
        guard let id = path.first, let field = form.field(id), field.defaultValue == nil, needsFields(at),
            !field.isRequired || field.conditional != nil
        else { return }
        let why = field.isRequired ? "is not always shown" : "may be left empty"
        report.warning(
            .mayBeEmpty, "\(id) \(why), but this needs it: give it a default, or wrap it in {{#if fields.\(id)}}.", at: place())
    }

    /// Actions with an `if` may be skipped where there is no value.
    private func needsFields(_ place: TemplatePlace) -> Bool {
        switch place {
        case .action(let list, let id), .afterAction(let list, let id):
            (list == .automatic || list == .manual) && actions[list]?.action(id)?.condition == nil
        case .beforeStart, .instanceStart, .component: true
        case .fieldDefault, .instanceEnd, .monitoring: false
        }
    }

    private func checkInside(_ field: Field, _ path: ArraySlice<String>, _ above: String, _ place: () -> Position) {
        guard let next = path.first else { return }
        if field.type == "list", Int(next) != nil, let item = field.items.first {
            return checkInside(item, path.dropFirst(), "\(above)[\(next)]", place)
        }
        guard field.type == "object", !field.properties.isEmpty else { return }
        guard let property = field.properties.first(where: { $0.id == next }) else {
            let near = NearestName.suggestion(for: next, among: field.properties.map(\.id))
            report.error(.unknownField, "\(above) has no property \(next).", at: place(), suggestion: near)
            return
        }
        checkInside(property, path.dropFirst(), above + "." + next, place)
    }

    private func checkOutput(_ path: [String], _ at: TemplatePlace, _ place: () -> Position) {
        guard let id = path.first else { return }
        let (lists, known) = visibleLists(at)
        guard let order = lists.first(where: { $0.action(id) != nil }), let action = order.action(id) else {
            guard hasWholeActions else { return }
            let near = NearestName.suggestion(for: id, among: known)
            report.error(.unknownOutput, "There is no action \(id).", at: place(), suggestion: near.map { "outputs." + $0 })
            return
        }
        if let reader = at.reader, reader != id, order.action(reader) != nil, !order.runs(id, before: reader) {
            report.error(.outputTooEarly, "\(reader) does not run after \(id); add \(id) to its dependsOn.", at: place())
        } else if at.reader == id, case .action = at {
            report.error(.outputTooEarly, "\(id) reads its own outputs before it has run.", at: place())
        }
        checkDeclared(action, path.dropFirst().first, place)
    }

    /// A rollback knows what the upgrade left behind.
    private func visibleLists(_ at: TemplatePlace) -> ([ActionOrder], [String]) {
        let lists: [ActionOrder]
        switch at {
        case .action(.rollback, _), .afterAction(.rollback, _): lists = [actions[.rollback], actions[.automatic]].compactMap { $0 }
        case .action(let list, _), .afterAction(let list, _): lists = actions[list].map { [$0] } ?? []
        default: lists = [actions[.automatic], actions[.manual]].compactMap { $0 }
        }
        return (lists, lists.flatMap(\.ids))
    }

    private func checkDeclared(_ action: Action, _ output: String?, _ place: () -> Position) {
        guard let output, !ActionTypes.hasOpenOutputs(action) else { return }
        let declared = action.outputs.map(\.name) + ActionTypes.ownOutputs(of: action.type)
        if declared.contains(output) { return }
        let near = NearestName.suggestion(for: output, among: declared)
        report.error(
            .unknownOutput, "\(action.id) declares no output \(output).", at: place(), suggestion: near.map { "outputs.\(action.id).\($0)" }
        )
    }

    /// Where an item's manual action takes over, `components` are its steps.
    private func checkComponent(_ path: [String], _ at: TemplatePlace, _ place: () -> Position) {
        guard let id = path.first, kind == .bundle else { return }
        guard let component = components.first(where: { $0.id == id }) else {
            let near = NearestName.suggestion(for: id, among: components.map(\.id))
            report.error(.unknownOutput, "The bundle has no component \(id).", at: place(), suggestion: near.map { "components." + $0 })
            return
        }
        if case .component(let reader) = at, !isReachable(id, from: reader) {
            report.error(.outputTooEarly, "\(reader) does not depend on \(id); add \(id) to its dependsOn.", at: place())
        }
        if path.count > 2, path[1] == "outputs", !component.outputs.isEmpty, !component.outputs.contains(path[2]) {
            let near = NearestName.suggestion(for: path[2], among: component.outputs)
            report.error(.unknownOutput, "The component \(id) declares no output \(path[2]).", at: place(), suggestion: near)
        }
    }

    private func isReachable(_ id: String, from reader: String) -> Bool {
        var seen: Set<String> = []
        var open = [reader]
        while let next = open.popLast() {
            for above in components.first(where: { $0.id == next })?.dependsOn ?? [] where seen.insert(above).inserted {
                open.append(above)
            }
        }
        return seen.contains(id)
    }

    private func checkMetadata(_ path: [String], _ place: () -> Position) {
        guard !path.isEmpty, metadata.value(at: path.map(PathComponent.key)) == nil, Int(path.last ?? "") == nil else { return }
        let near = NearestName.suggestion(for: path[0], among: metadata.object?.keys ?? [])
        report.error(
            .unknownPath, "metadata has no \(path.joined(separator: ".")).", at: place(), suggestion: near.map { "metadata." + $0 })
    }

    private func checkInstance(_ path: [String], _ place: () -> Position) {
        let members = ["id", "name", "state", "parameters", "outputs", "resources", "version", "catalogVersion"]
        checkMember(path, of: "instance", among: members, place)
        guard kind == .item, path.count > 1 else { return }
        if path[0] == "parameters" { return checkParameter(path[1], place) }
        guard path[0] == "outputs", !instanceOutputs.contains(path[1]) else { return }
        let near = NearestName.suggestion(for: path[1], among: instanceOutputs)
        report.error(.unknownOutput, "instance.outputs has no \(path[1]).", at: place(), suggestion: near.map { "instance.outputs." + $0 })
    }

    /// The parameters of an item's instances are the fields of its form.
    private func checkParameter(_ name: String, _ place: () -> Position) {
        guard hasWholeForm, form.field(name) == nil else { return }
        let near = NearestName.suggestion(for: name, among: form.fields.map(\.id))
        report.error(
            .unknownPath, "instance.parameters has no \(name).", at: place(), suggestion: near.map { "instance.parameters." + $0 })
    }

    private func checkMember(_ path: [String], of scope: String, among names: [String], _ place: () -> Position) {
        guard let name = path.first else { return }
        if !names.contains(name) {
            let near = NearestName.suggestion(for: name, among: names)
            report.error(.unknownPath, "\(scope) has no \(name).", at: place(), suggestion: near.map { "\(scope).\($0)" })
        } else if scope == "request", name == "user", path.count > 1 {
            let members = ["id", "name", "login", "email", "team", "teams"]
            if !members.contains(path[1]) {
                let near = NearestName.suggestion(for: path[1], among: members)
                report.error(.unknownPath, "request.user has no \(path[1]).", at: place(), suggestion: near.map { "request.user." + $0 })
            }
        }
    }
}

extension TemplatePlace {
    /// The action that renders the template.
    fileprivate var reader: String? {
        switch self {
        case .action(_, let id), .afterAction(_, let id): id
        default: nil
        }
    }
}

extension PathComponent {
    var text: String {
        switch self {
        case .key(let key): key
        case .index(let index): String(index)
        }
    }
}
