import Base
import Documents

/// What the catalog must know of the action types that Orchestration runs: their names, what each answers without being asked, and
/// which verifications and checks a machine can make. The registry of Orchestration holds this list in its test.
package enum ActionTypes {
    package static let ownOutputs: [(type: String, outputs: [String])] = [
        ("rest-api", ["status", "headers", "body"]),
        ("jira-ticket", ["key", "url", "status"]),
        ("terraform", ["commit", "branch", "pullRequestUrl", "runUrl", "runId"]),
        ("github-workflow", ["runId", "runUrl", "conclusion", "artifacts"]),
        ("gitlab-pipeline", ["pipelineId", "pipelineUrl", "status"]),
        ("servicenow-ticket", ["number", "url", "status"]),
        ("manual-task", ["url", "status", "ticketId"]),
        ("email", ["messageId"]),
        ("webhook", ["eventId", "status"]),
    ]

    package static let names = ownOutputs.map(\.type)

    package static let verifications = [
        "http-status", "response-body", "headers-present", "poll", "terraform-state", "resource-health", "pull-request-merged",
        "workflow-status", "artifact-exists", "ticket-status", "resolution-time", "outputs-present",
    ]

    /// What people write who know other products, or the flat dialect, in lower case without separators.
    private static let aliases: [String: String] = [
        "approval": "fulfillment.approvals", "approvals": "fulfillment.approvals", "jira": "jira-ticket", "ticket": "jira-ticket",
        "http": "rest-api", "https": "rest-api", "rest": "rest-api", "api": "rest-api", "httprequest": "rest-api", "request": "rest-api",
        "curl": "rest-api", "servicenow": "servicenow-ticket", "snow": "servicenow-ticket", "gitlab": "gitlab-pipeline",
        "pipeline": "gitlab-pipeline", "gitlabci": "gitlab-pipeline", "github": "github-workflow", "githubaction": "github-workflow",
        "githubactions": "github-workflow", "workflow": "github-workflow", "manual": "manual-task", "task": "manual-task",
        "human": "manual-task", "tf": "terraform", "opentofu": "terraform", "terraformmodule": "terraform", "mail": "email",
        "smtp": "email", "hook": "webhook", "event": "webhook",
    ]

    /// The type that was most likely meant. It is for a person to judge: a tool must not put one for the other.
    static func suggestion(for written: String) -> String? {
        aliases[plain(written)] ?? names.first { plain($0) == plain(written) } ?? NearestName.suggestion(for: written, among: names)
    }

    /// Without case and separators: `Rest_API` is `restapi`.
    static func plain(_ name: String) -> String { String(name.lowercased().filter { $0 != "-" && $0 != "_" && $0 != " " }) }

    static func ownOutputs(of type: String) -> [String] { ownOutputs.first { $0.type == type }?.outputs ?? [] }

    /// Whether an action may answer outputs that the document does not name: Terraform's module decides them.
    static func hasOpenOutputs(_ action: Action) -> Bool { action.type == "terraform" && action.outputs.isEmpty }
}
