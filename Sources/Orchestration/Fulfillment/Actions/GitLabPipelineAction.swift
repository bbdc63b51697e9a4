package import Base
import Catalog
import Documents
import Integrations

/// `gitlab-pipeline`: creates a pipeline on `project` and `ref` with `variables` and follows it to its end. The variable `PAO_KEY` carries
/// the effect's mark, by which a pipeline is found after doubt. With `triggerToken` it goes through the trigger API.
package struct GitLabPipelineAction: ActionType {
    package let name = "gitlab-pipeline"

    package init() {}

    package func prepare(_ input: ActionInput) throws(StepFailure) -> PreparedEffect {
        let config = try input.render(input.action.config)
        guard let project = (config["project"] ?? config["projectId"]).flatMap({ $0.string ?? $0.int?.description }), !project.isEmpty
        else {
            throw StepFailure("validation", "The step names no project.")
        }
        guard let address = config["baseUrl"]?.string ?? input.environment.services.gitlab?.baseURL else {
            throw StepFailure("validation", "No GitLab is configured (integrations.gitlab).")
        }
        let ref = config["ref"]?.string ?? "main"
        let payload: JSON = [
            "baseUrl": .string(address), "project": .string(project), "ref": .string(ref), "variables": Self.variables(config["variables"]),
            "token": .optional(config["token"]?.string), "triggerToken": .optional(config["triggerToken"]?.string),
            "mark": .string(input.mark), "since": .string(input.startedAt), "pollEvery": .string(input.environment.pace),
            "sandbox": input.environment.isSandbox ? try RestCall.hints(input) : .null,
        ]
        return PreparedEffect(
            kind: name, summary: "Run a pipeline of \(project) on \(ref)", resend: .lookup, payload: payload, key: input.key)
    }

    /// A map, or GitLab's own list of `{key, value}`.
    private static func variables(_ written: JSON?) -> JSON {
        let pairs =
            written?.object?.map { ($0.key, $0.value) } ?? written?.array?.compactMap { entry in
                entry["key"]?.string.map { ($0, entry["value"] ?? .null) }
            }
            ?? []
        return .object(JSONObject(pairs.filter { !$0.1.isNull }.map { ($0.0, .string($0.1.string ?? $0.1.description)) }))
    }

    // MARK: Doing

    package func perform(_ effect: PreparedEffect, _ tools: ActionTools) async -> ActionResult {
        let gitlab = GitLabProject(effect.payload, tools)
        do throws(RemoteFailure) {
            if tools.attempt > 1, let pipeline = try await gitlab.search(), !gitlab.hasFailed(pipeline) {
                return gitlab.result(of: pipeline)
            }
            let pipeline = try await gitlab.create()
            tools.log("created pipeline \(pipeline["id"] ?? .null)")
            return gitlab.result(of: pipeline)
        } catch {
            return error.result
        }
    }

    package func settle(_ effect: PreparedEffect, _ tools: ActionTools) async -> Settlement {
        let gitlab = GitLabProject(effect.payload, tools)
        do throws(RemoteFailure) {
            if let pipeline = try await gitlab.search() { return .happened(gitlab.result(of: pipeline)) }
            return tools.doubtAge >= Lag.settled ? .perform : .later(Lag.pause)
        } catch {
            return error.settlement(effect.summary)
        }
    }

    package func poll(_ effect: PreparedEffect, reference: String, _ tools: ActionTools) async -> ActionResult {
        let gitlab = GitLabProject(effect.payload, tools)
        do throws(RemoteFailure) {
            return gitlab.result(of: try await gitlab.pipeline(reference))
        } catch {
            return error.waiting(reference, url: nil)
        }
    }

    package func cleanupHint(outputs: JSON, reference: String?) -> String? {
        outputs["pipelineUrl"]?.string.map { "Undo what the pipeline \($0) has done." }
    }
}

private struct GitLabProject {
    let payload: JSON
    let tools: ActionTools
    let service: RemoteService
    let path: String

    init(_ payload: JSON, _ tools: ActionTools) {
        self.payload = payload
        self.tools = tools
        let address = payload["baseUrl"]?.string ?? ""
        let configured = tools.services.gitlab
        let token = payload["token"]?.string ?? (configured?.baseURL == address ? configured?.token : nil)
        service = RemoteService(name: "GitLab", baseURL: address, headers: token.map { [("PRIVATE-TOKEN", $0)] } ?? [])
        path = "/api/v4/projects/\(PercentEncoding.encode(payload["project"]?.string ?? ""))"
    }

    func create() async throws(RemoteFailure) -> JSON {
        var variables = payload["variables"]?.object ?? JSONObject()
        variables["PAO_KEY"] = payload["mark"]
        var body: JSON = ["ref": payload["ref"] ?? "main"]
        let hints = payload["sandbox"] ?? .null
        if let token = payload["triggerToken"]?.string {
            body["token"] = .string(token)
            body["variables"] = .object(variables)
            return try await service.call("POST", path + "/trigger/pipeline", body: body, hints: hints, tools).body
        }
        body["variables"] = .array(variables.map { ["key": .string($0.key), "value": $0.value] })
        return try await service.call("POST", path + "/pipeline", body: body, hints: hints, tools).body
    }

    func pipeline(_ id: String) async throws(RemoteFailure) -> JSON {
        try await service.call("GET", path + "/pipelines/\(PercentEncoding.encode(id))", tools).body
    }

    /// The newest pipeline since the step began whose variable holds our mark.
    func search() async throws(RemoteFailure) -> JSON? {
        var query = "?order_by=id&sort=desc&per_page=50&ref=\(PercentEncoding.encode(payload["ref"]?.string ?? ""))"
        if let since = payload["since"]?.string, !since.isEmpty { query += "&updated_after=\(PercentEncoding.encode(since))" }
        for pipeline in try await service.call("GET", path + "/pipelines" + query, tools).body.array ?? [] {
            guard let id = pipeline["id"]?.int else { continue }
            let variables = try await service.call("GET", path + "/pipelines/\(id)/variables", tools).body.array ?? []
            if variables.contains(where: { $0["value"] == payload["mark"] }) { return pipeline }
        }
        return nil
    }

    func hasFailed(_ pipeline: JSON) -> Bool { ["failed", "canceled", "skipped"].contains(pipeline["status"]?.string) }

    func result(of pipeline: JSON) -> ActionResult {
        let (status, url) = (pipeline["status"]?.string ?? "created", pipeline["web_url"]?.string)
        guard let id = pipeline["id"].map(\.description) else {
            return .failed(StepFailure("bad_answer", "GitLab answered without the id of a pipeline."))
        }
        if status == "success" { return .done(evidence: evidence(pipeline, id, url), reference: id, url: url) }
        if hasFailed(pipeline) {
            return .failed(StepFailure("pipeline_\(status)", "The pipeline ended as \(status): \(url ?? id)", details: pipeline))
        }
        let pause = payload["pollEvery"]?.string.flatMap { Duration(text: $0) } ?? .seconds(10)
        return .waiting(
            reference: id, url: url, after: pause,
            reason: status == "manual" ? "the pipeline waits for a manual job" : "the pipeline is \(status.replacing("_", with: " "))")
    }

    private func evidence(_ pipeline: JSON, _ id: String, _ url: String?) -> JSON {
        let outputs: JSON = ["pipelineId": .string(id), "pipelineUrl": .optional(url), "status": "success", "conclusion": "success"]
        return ["status": 201, "body": pipeline, "outputs": outputs]
    }
}
