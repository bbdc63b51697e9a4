import Base

struct TerraformWorkspace: Sendable {
    let id: String
    let organization: String
    var attributes: JSONObject
    var variables: [TerraformVariable] = []
    /// Ids of runs, oldest first.
    var runs: [String] = []

    var name: String { attributes["name"]?.string ?? "" }

    func json(currentRun: String?) -> JSON {
        [
            "id": .string(id), "type": "workspaces", "attributes": .object(attributes),
            "relationships": [
                "organization": ["data": ["id": .string(organization), "type": "organizations"]],
                "current-run": ["data": currentRun.map { ["id": .string($0), "type": "runs"] } ?? .null],
            ],
            "links": ["self": "/api/v2/organizations/\(organization)/workspaces/\(name)"],
        ]
    }
}

struct TerraformVariable: Sendable {
    let id: String
    var attributes: JSONObject

    var key: String { attributes["key"]?.string ?? "" }
    var category: String { attributes["category"]?.string ?? "terraform" }

    /// Sensitive values are never given back.
    var json: JSON {
        var shown = attributes
        if attributes["sensitive"]?.bool == true { shown["value"] = .null }
        return ["id": .string(id), "type": "vars", "attributes": .object(shown)]
    }
}

struct TerraformConfiguration: Sendable {
    let id: String
    let uploadURL: String
    var isUploaded = false

    /// The address to upload to is told once, to whoever made it.
    func json(withAddress: Bool) -> JSON {
        [
            "id": .string(id), "type": "configuration-versions",
            "attributes": [
                "status": .string(isUploaded ? "uploaded" : "pending"), "upload-url": withAddress ? .string(uploadURL) : .null,
                "source": "tfe-api",
            ],
        ]
    }
}

/// One run: it is planned, waits to be confirmed unless it applies by itself, and is applied.
struct TerraformRun: Sendable {
    let id: String
    let workspace: String
    let configuration: String?
    let message: String
    let isDestroy: Bool
    let autoApply: Bool
    let createdAt: Timestamp
    var plan: Course
    var apply: Course?
    /// Discarded or canceled.
    var endedAs: String?
    /// Outputs by name, each with its value and whether it is sensitive.
    let outputs: JSONObject
    let resourceCount: Int

    /// Starts the apply of what applies by itself, as far as time has gone.
    func applying(at now: Timestamp) -> Course? {
        if let apply { return apply }
        guard autoApply, endedAs == nil, plan.phase(at: now) == .succeeded, let planned = plan.ended(at: now) else { return nil }
        return Course(start: planned, length: plan.length)
    }

    func status(at now: Timestamp) -> String {
        if let endedAs { return endedAs }
        switch plan.phase(at: now) {
        case .waiting: return "pending"
        case .running: return "planning"
        case .failed, .cancelled: return "errored"
        case .succeeded: break
        }
        switch applying(at: now)?.phase(at: now) {
        case nil: return "planned"
        case .waiting: return "apply_queued"
        case .running: return "applying"
        case .succeeded: return "applied"
        case .failed, .cancelled: return "errored"
        }
    }

    func isApplied(at now: Timestamp) -> Bool { status(at: now) == "applied" }
    func isConfirmable(at now: Timestamp) -> Bool { status(at: now) == "planned" }
    func isEnded(at now: Timestamp) -> Bool { ["applied", "errored", "discarded", "canceled"].contains(status(at: now)) }

    func json(at now: Timestamp) -> JSON {
        [
            "id": .string(id), "type": "runs",
            "attributes": [
                "status": .string(status(at: now)), "message": .string(message), "is-destroy": .bool(isDestroy),
                "auto-apply": .bool(autoApply),
                "created-at": .string(createdAt.secondsText), "has-changes": true,
                "actions": [
                    "is-confirmable": .bool(isConfirmable(at: now)), "is-discardable": .bool(isConfirmable(at: now)),
                    "is-cancelable": .bool(!isEnded(at: now)),
                ],
            ],
            "relationships": [
                "workspace": ["data": ["id": .string(workspace), "type": "workspaces"]],
                "configuration-version": ["data": configuration.map { ["id": .string($0), "type": "configuration-versions"] } ?? .null],
                "plan": ["data": ["id": .string("plan-" + id.dropFirst(4)), "type": "plans"]],
                "apply": ["data": ["id": .string("apply-" + id.dropFirst(4)), "type": "applies"]],
            ],
            "links": ["self": "/api/v2/runs/\(id)"],
        ]
    }

    /// The state it left: `sv-` and the rest of the run's id.
    var stateID: String { "sv-" + id.dropFirst(4) }

    func stateJSON(base: String, at now: Timestamp) -> JSON {
        let count = isDestroy ? 0 : resourceCount
        let resources = (0..<count).map { index -> JSON in
            ["name": "resource_\(index)", "type": "sandbox_resource", "count": 1, "module": "root", "provider": "sandbox"]
        }
        return [
            "id": .string(stateID), "type": "state-versions",
            "attributes": [
                "serial": 1, "status": "finalized", "created-at": .string((applying(at: now)?.ended(at: now) ?? now).secondsText),
                "resources-processed": true, "resources": .array(resources), "hosted-state-download-url": "\(base)/v1/object/\(stateID)",
            ],
            "relationships": ["outputs": ["data": .array(outputsJSON.map { ["id": $0["id"] ?? .null, "type": "state-version-outputs"] })]],
        ]
    }

    var outputsJSON: [JSON] {
        isDestroy
            ? []
            : outputs.map { name, output in
                let isSensitive = output["sensitive"]?.bool ?? false
                return [
                    "id": "wsout-\(stateID.dropFirst(3))-\(name)", "type": "state-version-outputs",
                    "attributes": [
                        "name": .string(name), "sensitive": .bool(isSensitive), "type": "string", "value": output["value"] ?? .null,
                        "detailed-type": "string",
                    ],
                ]
            }
    }
}
