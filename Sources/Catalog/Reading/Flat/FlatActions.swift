import Base
import Documents

/// `fulfillment` of the flat dialect: one manual ticket and the steps of `automation`.
struct FlatActions {
    let report: FindingReport
    /// Outputs that the document reads, by step.
    let outputs: [String: [String]]

    func fulfillment(_ node: YAMLNode) -> YAMLNode {
        var fulfillment = FlatMapping(at: node.position)
        var strategy = FlatMapping(at: node.position)
        strategy.put("mode", text: node["automation"] == nil ? "manual" : "automatic")
        fulfillment.put("strategy", strategy.node)
        fulfillment.take(
            [
                "manual": .init("manual", manual), "automation": .init("automatic", automatic),
                "approvals": .init("approvals", \.camelCased), "orchestration": .init("orchestration", \.camelCased),
                "maintenance_windows": .init("maintenanceWindows", \.camelCased),
            ], from: node, report)
        return fulfillment.node
    }

    private static let systems: KeyValuePairs<String, String> = [
        "jira": "jira-ticket", "email": "email", "webhook": "webhook", "servicenow": "servicenow-ticket",
    ]

    private func manual(_ node: YAMLNode) -> YAMLNode {
        guard var map = MappingReader(node, report), !map.refuseCanonical() else { return node }
        let system = map.requiredText("system") ?? ""
        let type = Self.systems.first { $0.key == system }?.value
        if type == nil, let place = map.node("system")?.position {
            let names = Self.systems.map(\.key)
            report.error(
                .badValue, "system must be one of \(names.joined(separator: ", ")), not \(system).", at: place,
                suggestion: NearestName.suggestion(for: system, among: names))
        }
        var action = FlatMapping(at: node.position)
        action.put("id", text: type == "email" || type == "webhook" ? system : "ticket")
        action.put("type", text: type ?? "manual-task")
        if let template = map.required("template") { action.put("config", manualConfig(template, type ?? "")) }
        map.finish()
        var manual = FlatMapping(at: node.position)
        manual.put("actions", YAMLNode(.sequence([action.node]), at: node.position))
        return manual.node
    }

    private func manualConfig(_ node: YAMLNode, _ type: String) -> YAMLNode {
        switch type {
        case "jira-ticket", "": FlatConfigs(report: report).jira(node)
        default: node.camelCased
        }
    }

    private func automatic(_ node: YAMLNode) -> YAMLNode {
        var automatic = FlatMapping(at: node.position)
        automatic.take(
            [
                "mode": .init("mode"), "timeout": .init("timeout"), "retry_policy": .init("retry", retry),
                "fallback_on_failure": .init("fallbackOnFailure"), "pre_execution_checks": .init("preExecutionChecks", checks),
                "steps": .init("actions") { $0.mapElements(step) },
            ], from: node, report)
        return automatic.node
    }

    private func checks(_ node: YAMLNode) -> YAMLNode { node.mapElements { $0.camelCased } }

    private func retry(_ node: YAMLNode) -> YAMLNode {
        var retry = FlatMapping(at: node.position)
        retry.take(
            [
                "max_attempts": .init("attempts"), "backoff_strategy": .init("backoff", backoff), "initial_delay": .init("initialDelay"),
                "max_delay": .init("maxDelay"), "non_retryable": .init("nonRetryable"),
            ], from: node, report)
        return retry.node
    }

    /// `fixed` and `constant` are what the canonical dialect calls `none`: no growth.
    private func backoff(_ node: YAMLNode) -> YAMLNode {
        ["fixed", "constant"].contains(node.text ?? "") ? YAMLNode(text: "none", at: node.position) : node
    }
}

extension FlatActions {
    private func step(_ node: YAMLNode) -> YAMLNode {
        guard node.members != nil else { return node }
        var action = FlatMapping(at: node.position)
        let type = node["type"]?.text ?? ""
        let configs = FlatConfigs(report: report)
        if let name = node["name"], name.text.map(Identifiers.isPartID) == false {
            action.put("name", name, keyAt: node.keyPosition("name"))
        }
        action.take(
            [
                "name": .init("id", stepID), "type": .init("type", configs.type), "depends_on": .init("dependsOn", stepIDs),
                "if": .init("if"),
                "condition": .init("if"), "template": .init("config") { configs.config($0, type) },
                "verification": .init("verification", verification), "retry_policy": .init("retry", retry), "timeout": .init("timeout"),
                "outputs": .init("outputs"), "cleanup": .init("cleanup"), "description": .init("description"),
            ], from: node, report)
        if node["outputs"] == nil { declareOutputs(of: node, in: &action) }
        return action.node
    }

    /// `Create the app` is `create-the-app` to other steps.
    private func stepID(_ node: YAMLNode) -> YAMLNode {
        guard let name = node.text, !Identifiers.isPartID(name) else { return node }
        return YAMLNode(text: Identifiers.kebabCase(name), at: node.position)
    }

    /// A list, or one name.
    private func stepIDs(_ node: YAMLNode) -> YAMLNode {
        node.text == nil ? node.mapElements(stepID) : YAMLNode(.sequence([stepID(node)]), at: node.position)
    }

    /// Declares what others read and what the verification asks for.
    private func declareOutputs(of node: YAMLNode, in action: inout FlatMapping) {
        let checks = node["verification"].map { $0.elements ?? [$0] } ?? []
        let asked = checks.flatMap { $0["required_outputs"]?.elements ?? [] }.compactMap(\.text)
        let type = FlatConfigs.types.first { $0.key == node["type"]?.text }?.value ?? ""
        let own = ActionTypes.ownOutputs(of: type)
        var names: [String] = []
        for name in asked + (outputs[node["name"]?.text ?? ""] ?? []) where !own.contains(name) && !names.contains(name) {
            names.append(name)
        }
        guard !names.isEmpty else { return }
        action.put("outputs", FlatOutputs.declaration(of: names, type: type, at: node.position))
    }

    func verification(_ node: YAMLNode) -> YAMLNode {
        if node.elements != nil { return node.mapElements(verification) }
        guard case .mapping(let pairs) = node.content else { return node }
        let mapped = pairs.map { key, value -> (key: YAMLNode, value: YAMLNode) in
            let name = key.text == "expected_status" ? "expected" : (key.text ?? "").camelCased
            guard key.text == "type", let type = value.text else { return (key: YAMLNode(text: name, at: key.position), value: value) }
            let kebab = type.split(separator: "_").joined(separator: "-")
            return (key: YAMLNode(text: name, at: key.position), value: YAMLNode(text: kebab, at: value.position))
        }
        return YAMLNode(.mapping(mapped), at: node.position)
    }
}
