import Base
import Documents

/// `template` inside a step, by the step's type.
struct FlatConfigs {
    let report: FindingReport

    static let types: KeyValuePairs<String, String> = [
        "JiraTicket": "jira-ticket", "HttpPost": "rest-api", "HttpPut": "rest-api", "TerraformFile": "terraform",
        "GitHubWorkflow": "github-workflow",
    ]

    func type(_ node: YAMLNode) -> YAMLNode {
        guard let name = node.string else { return node }
        if let canonical = Self.types.first(where: { $0.key == name })?.value { return YAMLNode(text: canonical, at: node.position) }
        if !ActionTypes.names.contains(name) {
            let names = Self.types.map(\.key)
            report.unknownName(
                .unknownActionType, "There is no step type \(name)", near: NearestName.suggestion(for: name, among: names), among: names,
                at: node.position)
            return YAMLNode(text: "manual-task", at: node.position)
        }
        return node
    }

    func config(_ node: YAMLNode, _ type: String) -> YAMLNode {
        switch type {
        case "JiraTicket": jira(node)
        case "HttpPost": http(node, "POST")
        case "HttpPut": http(node, "PUT")
        case "TerraformFile": terraform(node)
        case "GitHubWorkflow": workflow(node)
        default: node
        }
    }

    func jira(_ node: YAMLNode) -> YAMLNode {
        var ticket = FlatMapping(at: node.position)
        ticket.take(
            [
                "project": .init("project"), "issue_type": .init("issueType"), "summary": .init("summaryTemplate"),
                "description": .init("descriptionTemplate"), "priority": .init("priority"), "assignee": .init("assignee"),
                "labels": .init("labels"), "components": .init("components"), "custom_fields": .init("customFields"),
            ], from: node, others: ["instance"], report)
        var config = FlatMapping(at: node.position)
        if let instance = node["instance"] { config.put("instance", instance, keyAt: node.keyPosition("instance")) }
        config.put("ticket", ticket.node)
        return config.node
    }

    private func http(_ node: YAMLNode, _ method: String) -> YAMLNode {
        var endpoint = FlatMapping(at: node.position)
        if let url = node["url"] { endpoint.put("url", url, keyAt: node.keyPosition("url")) }
        endpoint.put("method", text: method)
        var config = FlatMapping(at: node.position)
        config.put("endpoint", endpoint.node)
        config.take(
            [
                "headers": .init("headers"), "body": .init("body", body), "authentication": .init("authentication", \.camelCased),
                "query": .init("query"), "timeout": .init("timeout"),
            ], from: node, others: ["url"], report)
        return config.node
    }

    /// A structure, or text that is a template of JSON; as it is where it is written like the canonical dialect's.
    private func body(_ node: YAMLNode) -> YAMLNode {
        if node["type"] != nil, node["contentTemplate"] != nil || node["content"] != nil || node["fields"] != nil { return node }
        var body = FlatMapping(at: node.position)
        body.put("type", text: "json")
        body.put(node.string == nil ? "content" : "contentTemplate", node)
        return body.node
    }

    private func terraform(_ node: YAMLNode) -> YAMLNode {
        var config = FlatMapping(at: node.position)
        config.take(
            [
                "module_source": .init("moduleSource"), "module_version": .init("moduleVersion"), "variables": .init("variables"),
                "backend_config": .init("backendConfig"), "workspace": .init("workspace"), "auto_apply": .init("autoApply"),
            ], from: node, report)
        return config.node
    }

    private func workflow(_ node: YAMLNode) -> YAMLNode {
        var config = FlatMapping(at: node.position)
        config.take(
            [
                "repository": .init("repository"), "workflow_id": .init("workflow"), "workflow": .init("workflow"), "ref": .init("ref"),
                "inputs": .init("inputs"),
            ], from: node, report)
        return config.node
    }
}
