import Base
import Documents

/// `template` inside a step, by the step's type.
struct FlatConfigs {
    let report: FindingReport

    static let types: KeyValuePairs<String, String> = [
        "JiraTicket": "jira-ticket", "HttpGet": "rest-api", "HttpPost": "rest-api", "HttpPut": "rest-api", "HttpPatch": "rest-api",
        "HttpDelete": "rest-api", "TerraformFile": "terraform", "GitHubWorkflow": "github-workflow",
    ]

    /// The flat dialect's own word for a type is suggested before the canonical one; for `RestApi` the author must say which verb.
    private static func suggestion(for written: String) -> String? {
        switch ActionTypes.plain(written) {
        case "restapi", "rest", "http", "https", "api", "httprequest", "request", "curl":
            "HttpGet, HttpPost, HttpPut, HttpPatch or HttpDelete"
        case "terraform", "tf", "terraformmodule", "opentofu": "TerraformFile"
        case "jira", "ticket": "JiraTicket"
        case "github", "githubaction", "githubactions", "workflow": "GitHubWorkflow"
        default:
            types.first { ActionTypes.plain($0.key) == ActionTypes.plain(written) }?.key
                ?? NearestName.suggestion(for: written, among: types.map(\.key)) ?? ActionTypes.suggestion(for: written)
        }
    }

    func type(_ node: YAMLNode) -> YAMLNode {
        guard let name = node.string else { return node }
        if let canonical = Self.types.first(where: { $0.key == name })?.value { return YAMLNode(text: canonical, at: node.position) }
        if !ActionTypes.names.contains(name) {
            report.unknownName(
                .unknownActionType, "There is no step type \(name)", near: Self.suggestion(for: name),
                among: Self.types.map(\.key) + ActionTypes.names, at: node.position)
            return YAMLNode(text: "manual-task", at: node.position)
        }
        return node
    }

    func config(_ node: YAMLNode, _ type: String) -> YAMLNode {
        switch type {
        case "JiraTicket": jira(node)
        case "HttpGet", "HttpPost", "HttpPut", "HttpPatch", "HttpDelete": http(node, type.dropFirst("Http".count).uppercased())
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
