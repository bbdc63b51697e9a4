import Base

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

    static func ownOutputs(of type: String) -> [String] { ownOutputs.first { $0.type == type }?.outputs ?? [] }

    /// Whether an action may answer outputs that the document does not name: Terraform's module decides them.
    static func hasOpenOutputs(_ action: Action) -> Bool { action.type == "terraform" && action.outputs.isEmpty }
}
