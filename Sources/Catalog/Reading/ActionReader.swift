import Base
import Documents

/// Reads actions: those of `automatic`, `manual`, `decommission` and `rollback` alike.
struct ActionReader {
    /// More than any person writes; keeps checks that are quadratic in their number quick.
    static let mostActions = 200

    let templates: TemplateReader
    let path: String
    /// Of a document that is read back from the database.
    var places = SourceMap.none

    private var report: FindingReport { templates.report }

    /// In an order in which they can run; dependencies checked.
    func actions(_ nodes: [YAMLNode], _ list: TemplatePlace.ActionList) -> [Action] {
        if nodes.count > Self.mostActions, let first = nodes.first {
            report.beyondLimit("actions", nodes.count, Self.mostActions, at: first.position)
            return []
        }
        let read = nodes.compactMap { node in action(node, list).map { (node: node, action: $0) } }
        if read.count < nodes.count { templates.hasWholeActions = false }
        checkIDs(read)
        checkDependencies(read)
        return DependencyOrder.sorted(read.map(\.action), id: \.id, dependsOn: \.dependsOn)
    }

    private func action(_ node: YAMLNode, _ list: TemplatePlace.ActionList) -> Action? {
        guard var map = MappingReader(node, report) else { return nil }
        let id = map.requiredText("id") ?? ""
        if !id.isEmpty, let node = map.node("id") { Identifiers.checkPart(id, "An action's id", at: node.position, report) }
        let type = map.requiredText("type") ?? ""
        if !type.isEmpty, !ActionTypes.names.contains(type), let node = map.node("type") {
            report.unknownName(
                .unknownActionType, "There is no action type \(type)", near: ActionTypes.suggestion(for: type), among: ActionTypes.names,
                at: node.position)
        }
        if let config = map.node("config") { ConstantCheck(report: report).check(config, of: type) }
        let condition = map.node("if")
        let after = TemplatePlace.afterAction(list, id: id)
        map.allow(["description"])
        _ = map.required("config")
        var action = Action(
            id: id, name: map.text("name") ?? Identifiers.title(id), type: type,
            dependsOn: map.texts("dependsOn", atMost: Self.mostActions),
            condition: condition.flatMap { templates.expression($0, .action(list, id: id)) }, conditionSource: condition?.text,
            config: map.node("config").map { templates.tree($0, .action(list, id: id)) } ?? .constant([:]),
            verification: verifications(&map, after), outputs: outputs(&map),
            cleanup: map.node("cleanup").flatMap { templates.template($0, after, isNeeded: false) }, retry: map.mapping("retry").map(retry),
            timeout: map.duration("timeout"), source: source(node))
        action.conditionPlace = condition.map(source)
        if let known = places.place(of: id, in: list, path: path) { (action.source, action.conditionPlace) = known }
        map.finish()
        return id.isEmpty ? nil : action
    }

    private func source(_ node: YAMLNode) -> CatalogDocument.Source {
        CatalogDocument.Source(path: path, line: node.position.line, column: node.position.column)
    }

    private func checkIDs(_ read: [(node: YAMLNode, action: Action)]) {
        var seen: Set<String> = []
        for (node, action) in read where !seen.insert(action.id).inserted {
            report.error(.duplicateID, "The action \(action.id) stands twice.", at: node["id"]?.position ?? node.position)
        }
    }

    private func checkDependencies(_ read: [(node: YAMLNode, action: Action)]) {
        let ids = read.map(\.action.id)
        for (node, action) in read {
            for (index, dependency) in action.dependsOn.enumerated() where !ids.contains(dependency) {
                report.error(
                    .missingReference, "\(action.id) depends on \(dependency), which does not exist.",
                    at: node["dependsOn"]?[index]?.position ?? node.position,
                    suggestion: NearestName.suggestion(for: dependency, among: ids))
            }
        }
        guard let cycle = DependencyOrder.cycle(read.map(\.action), id: \.id, dependsOn: \.dependsOn),
            let node = read.first(where: { $0.action.id == cycle.first })?.node
        else { return }
        report.error(
            .dependencyCycle, "These actions wait for each other: \(cycle.joined(separator: " -> ")).",
            at: node["dependsOn"]?.position ?? node.position)
    }
}

extension ActionReader {
    /// One map or a list of maps.
    private func verifications(_ map: inout MappingReader, _ place: TemplatePlace) -> [Verification] {
        guard let node = map.node("verification") else { return [] }
        let nodes = node.elements ?? [node]
        return nodes.compactMap { verification($0, place) }
    }

    private func verification(_ node: YAMLNode, _ place: TemplatePlace) -> Verification? {
        guard var map = MappingReader(node, report) else { return nil }
        map.allow((node.members ?? []).map(\.key))
        let written = map.requiredText("type")
        map.finish()
        guard let type = written else { return nil }
        if !ActionTypes.verifications.contains(type), let node = map.node("type") {
            report.warning(
                .unknownVerification, "No machine can check \(type): a person will be asked to confirm it.", at: node.position,
                suggestion: NearestName.suggestion(for: type, among: ActionTypes.verifications))
        }
        let timeout = type == "poll" ? nil : map.duration("timeout")
        let pairs = (node.members ?? []).filter { $0.key != "type" && ($0.key != "timeout" || type == "poll") }
        let members = pairs.map { (key: $0.key, value: templates.tree($0.value, place)) }
        if type == "response-body", let path = node["path"], let text = path.string, !TemplateReader.holdsTags(text, templates.dialect) {
            checkSelector(text, at: path.position)
        }
        return Verification(type: type, parameters: .object(members), timeout: timeout)
    }

    /// A map of names to paths, or a list of keys of the answer.
    private func outputs(_ map: inout MappingReader) -> [Action.Output] {
        guard let node = map.node("outputs") else { return [] }
        if let names = node.elements {
            return names.compactMap { name in
                map.text(of: name, "An output").map { Action.Output(name: $0, path: $0, isSensitive: false) }
            }
        }
        guard let members = node.members else {
            report.error(.wrongType, "outputs must be a map of names to paths, or a list of names.", at: node.position)
            return []
        }
        return members.compactMap { output($0.key, $0.value) }
    }

    private func output(_ name: String, _ node: YAMLNode) -> Action.Output? {
        var path = node.string
        var isSensitive = false
        if path == nil {
            guard var map = MappingReader(node, report) else { return nil }
            path = map.text("path") ?? name
            isSensitive = map.flag("sensitive") ?? false
            map.allow(["description"])
            map.finish()
        }
        guard let path else { return nil }
        checkSelector(path, at: (node["path"] ?? node).position)
        return Action.Output(name: name, path: path, isSensitive: isSensitive)
    }

    private func checkSelector(_ path: String, at place: Position) {
        if (try? JSONSelector.parse(path)) != nil { return }
        report.error(
            .badValue, "\(path) is neither a JSON path such as $.id, nor a JSON pointer such as /id, nor a name.", at: place)
    }

    func retry(_ map: MappingReader) -> RetryPolicy {
        var map = map
        let standard = RetryPolicy()
        let policy = RetryPolicy(
            attempts: map.int("attempts", in: 1...100) ?? standard.attempts, backoff: map.choice("backoff") ?? standard.backoff,
            initialDelay: map.duration("initialDelay") ?? standard.initialDelay, maxDelay: map.duration("maxDelay") ?? standard.maxDelay,
            nonRetryable: map.node("nonRetryable") == nil ? standard.nonRetryable : map.texts("nonRetryable"))
        map.finish()
        return policy
    }
}

extension RetryPolicy.Backoff: CaseIterable {
    package static let allCases: [Self] = [.exponential, .linear, .none]
}
