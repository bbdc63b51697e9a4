import Base
import Documents

// How a document is fulfilled: approvals, the manual way, the automatic one, and what is left behind.

extension DocumentDecoder {
    typealias ReadFulfillment = (approvals: [ApprovalGate], fulfillment: Fulfillment, orchestration: JSON?)

    func fulfillment(_ map: inout MappingReader, _ kind: CatalogKind) -> ReadFulfillment {
        let nothing: ReadFulfillment = ([], Fulfillment(mode: .manual, manual: [], automatic: nil), nil)
        guard let node = kind == .bundle ? map.node("fulfillment") : map.required("fulfillment"),
            var map = MappingReader(node, report)
        else {
            templates.hasWholeActions = kind == .bundle
            return nothing
        }
        let mode = self.mode(&map)
        let approvals = map.elements("approvals").compactMap { approval($0) }
        let automaticNode = mode == .automatic && kind != .bundle ? map.required("automatic") : map.node("automatic")
        let automatic = automaticNode.flatMap { MappingReader($0, report) }.map { self.automatic($0) }
        let manualNode = kind == .bundle ? map.node("manual") : map.required("manual")
        let manual = manualNode.flatMap { MappingReader($0, report) }.map { actions($0, .manual) } ?? []
        let orchestration = kind == .bundle ? map.mapping("orchestration").map { self.orchestration($0) } : nil
        let windows = maintenanceWindows(&map)
        map.finish()
        return (approvals, Fulfillment(mode: mode, manual: manual, automatic: automatic, maintenanceWindows: windows), orchestration)
    }

    private func mode(_ map: inout MappingReader) -> Fulfillment.Mode {
        guard var strategy = map.mapping("strategy", shorthand: "mode") else { return .manual }
        let mode: Fulfillment.Mode = strategy.choice("mode") ?? .manual
        strategy.finish()
        return mode
    }

    private func approval(_ node: YAMLNode) -> ApprovalGate? {
        guard var map = MappingReader(node, report) else { return nil }
        let role = map.requiredText("role") ?? ""
        let gate = ApprovalGate(
            name: map.text("name") ?? Identifiers.title(role), role: role, team: map.text("team"),
            when: map.node("when").flatMap { templates.expression($0, .beforeStart) }, required: map.int("required", in: 1...100) ?? 1,
            timeout: map.duration("timeout"), onTimeout: map.choice("onTimeout") ?? .reject)
        map.finish()
        return role.isEmpty ? nil : gate
    }

    func actions(_ map: MappingReader, _ list: TemplatePlace.ActionList) -> [Action] {
        var map = map
        if map.required("actions") == nil { templates.hasWholeActions = false }
        let nodes = map.elements("actions")
        map.finish()
        return ActionReader(templates: templates, path: path, places: places).actions(nodes, list)
    }

    private func automatic(_ map: MappingReader) -> AutomaticFulfillment {
        var map = map
        let reader = ActionReader(templates: templates, path: path, places: places)
        let mode: SequenceMode = map.choice("mode") ?? .sequential
        let concurrency = map.mapping("concurrency").map { self.concurrency($0) }
        if map.required("actions") == nil { templates.hasWholeActions = false }
        let checks = CheckReader(report: report).read(map.elements("preExecutionChecks"))
        let automatic = AutomaticFulfillment(
            isParallel: mode == .parallel, timeout: map.duration("timeout"), concurrencyKey: concurrency?.key,
            concurrencyPolicy: concurrency?.policy ?? .queue, retry: map.mapping("retry").map(reader.retry) ?? RetryPolicy(),
            fallbackOnFailure: map.flag("fallbackOnFailure") ?? false, preExecutionChecks: checks.questions,
            actions: checkedActions(checks.steps, map.elements("actions"), reader))
        map.finish()
        return automatic
    }

    private func concurrency(_ map: MappingReader) -> (key: Template?, policy: AutomaticFulfillment.ConcurrencyPolicy) {
        var map = map
        let key = map.required("key").flatMap { templates.template($0, .beforeStart) }
        let policy: AutomaticFulfillment.ConcurrencyPolicy = map.choice("policy") ?? .queue
        map.finish()
        return (key, policy)
    }

    /// Checks by machine come first, and every other action waits for them.
    private func checkedActions(_ steps: [YAMLNode], _ nodes: [YAMLNode], _ reader: ActionReader) -> [Action] {
        var actions = reader.actions(steps + nodes, .automatic)
        let checks = steps.compactMap { $0["id"]?.string }
        for index in actions.indices {
            if checks.contains(actions[index].id) {
                actions[index].isCheck = true
            } else {
                actions[index].dependsOn = checks.filter { !actions[index].dependsOn.contains($0) } + actions[index].dependsOn
            }
        }
        return actions
    }

    private func orchestration(_ map: MappingReader) -> JSON {
        var map = map
        let _: SequenceMode? = map.choice("mode")
        if var linking = map.mapping("jiraLinking") {
            _ = linking.text("linkType")
            _ = linking.flag("parentTicket")
            linking.finish()
        }
        map.finish()
        return map.node.json
    }
}

enum SequenceMode: String, CaseIterable { case sequential, parallel }

extension DocumentDecoder {
    func instance(_ map: MappingReader) -> InstanceTemplate {
        var map = map
        let instance = InstanceTemplate(
            name: map.node("name").flatMap { templates.template($0, .instanceStart) },
            outputs: map.mapping("outputs").map { templates.tree($0.node, .instanceEnd) } ?? .constant([:]),
            resources: resources(&map), dependencies: map.elements("dependencies").compactMap { dependency($0) },
            decommission: map.mapping("decommission").map { actions($0, .decommission) } ?? [], expires: map.duration("expires"))
        map.finish()
        return instance
    }

    private func resources(_ map: inout MappingReader) -> TemplateTree {
        guard let node = map.node("resources") else { return .constant([]) }
        for resource in map.elements("resources") {
            guard var reader = MappingReader(resource, report) else { continue }
            reader.allow((resource.members ?? []).map(\.key))
            _ = reader.required("type")
            _ = reader.required("id")
            reader.finish()
        }
        return templates.tree(node, .instanceEnd)
    }

    private func dependency(_ node: YAMLNode) -> InstanceTemplate.Dependency? {
        guard var map = MappingReader(node, report) else { return nil }
        let on = map.required("on").flatMap { templates.template($0, .instanceStart, isNeeded: false) }
        let type = map.text("type")
        if let type, !Self.dependencyTypes.contains(type), let place = map.node("type")?.position {
            report.warning(
                .badValue,
                "The type of a dependency is one of \(Self.dependencyTypes.joined(separator: ", ")); this one counts as configuration.",
                at: place,
                suggestion: NearestName.suggestion(for: type, among: Self.dependencyTypes))
        }
        let name = map.text("name")
        let isRequired = map.flag("required") ?? true
        map.allow(["config"])
        map.finish()
        guard let on else { return nil }
        let known = type.flatMap { Self.dependencyTypes.contains($0) ? $0 : nil } ?? "configuration"
        return InstanceTemplate.Dependency(on: on, type: known, name: name, isRequired: isRequired)
    }

    /// S1's `dependency_type`.
    private static let dependencyTypes = ["data", "network", "authentication", "configuration"]
}

extension Fulfillment.Mode: CaseIterable {
    package static let allCases: [Self] = [.automatic, .manual]
}

extension ApprovalGate.OnTimeout: CaseIterable {
    package static let allCases: [Self] = [.reject, .escalate]
}

extension AutomaticFulfillment.ConcurrencyPolicy: CaseIterable {
    package static let allCases: [Self] = [.queue, .reject, .replacePending]
}
