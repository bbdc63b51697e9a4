import Base
import Integrations

/// A run in Terraform Cloud or Enterprise. Workspace, variables and configuration come first and may be repeated; the run is the effect,
/// and its message carries the mark by which it is found again.
struct TerraformCloud: Sendable {
    private let payload: JSON
    private let tools: ActionTools
    private let service: RemoteService
    private let organization: String

    static func prepare(_ payload: inout JSON, _ module: TerraformModule, _ config: JSON, _ input: ActionInput) throws(StepFailure) {
        guard let cloud = input.environment.services.terraform.cloud else {
            throw StepFailure("validation", "No Terraform Cloud is configured (integrations.terraform.cloud).")
        }
        guard input.environment.isSandbox || !module.source.hasPrefix(".") else {
            throw StepFailure(
                "validation",
                "Terraform Cloud cannot see \(module.source): name a registry or Git source, or map it under integrations.terraform.repositories."
            )
        }
        payload["apiUrl"] = .string(cloud.apiURL)
        payload["organization"] = .string(config["organization"]?.string ?? cloud.organization)
        payload["mainFile"] = .string(try module.mainFile(.asVariables, withBackend: false))
        var variables: [JSON] = []
        for variable in module.variables {
            let isText = variable.value.string != nil
            variables.append([
                "key": .string(variable.name),
                "value": .string(isText ? variable.value.string ?? "" : try HCL.expression(variable.value, indent: "")),
                "hcl": .bool(!isText), "sensitive": .bool(variable.isSensitive),
            ])
        }
        payload["variables"] = .array(variables)
        payload["sandbox"] = input.environment.isSandbox ? try RestCall.hints(input) : .null
    }

    init(_ payload: JSON, _ tools: ActionTools) {
        self.payload = payload
        self.tools = tools
        let address = payload["apiUrl"]?.string ?? ""
        let configured = tools.services.terraform.cloud
        var headers = [("Content-Type", "application/vnd.api+json")]
        if let token = configured?.token, configured?.apiURL == address { headers.append(("Authorization", "Bearer \(token)")) }
        service = RemoteService(name: "Terraform Cloud", baseURL: address, headers: headers)
        organization = payload["organization"]?.string ?? ""
    }

    private var mark: String { payload["mark"]?.string ?? "" }
    private var workspaceName: String { payload["workspace"]?.string ?? "" }
    private var isDestroy: Bool { payload["destroy"]?.bool == true }
    private var interval: Duration { payload["pollEvery"]?.string.flatMap { Duration(text: $0) } ?? .seconds(10) }

    private func call(
        _ method: String, _ path: String, _ body: JSON? = nil, hints: JSON = .null, allowing statuses: Set<Int> = []
    ) async throws(RemoteFailure) -> RemoteService.Answer {
        try await service.call(method, "/api/v2" + path, body: body.map { ["data": $0] }, hints: hints, allowing: statuses, tools)
    }

    // MARK: Doing

    func perform() async -> ActionResult {
        let workspace: String
        var configuration: String?
        do throws(RemoteFailure) {
            workspace = try await ensureWorkspace()
            if tools.attempt > 1, let run = try await search(in: workspace), !Self.hasFailed(run) { return try await result(of: run) }
            try await setVariables(of: workspace)
            if !isDestroy { configuration = try await upload(to: workspace) }
        } catch {
            return .failed(error.failure)
        }
        do throws(RemoteFailure) {
            let run = try await start(in: workspace, configuration)
            tools.log("started run \(run["id"]?.string ?? "")")
            return try await result(of: run)
        } catch {
            return error.result
        }
    }

    private func ensureWorkspace() async throws(RemoteFailure) -> String {
        if let id = try await findWorkspace() { return id }
        let attributes: JSON = [
            "name": .string(workspaceName), "description": payload["title"] ?? "", "auto-apply": payload["autoApply"] ?? true,
        ]
        let made = try await call(
            "POST", "/organizations/\(PercentEncoding.encode(organization))/workspaces", ["type": "workspaces", "attributes": attributes],
            allowing: [422])
        if let id = made.body["data"]?["id"]?.string { return id }
        if let id = try await findWorkspace() { return id }
        throw RemoteFailure(
            StepFailure(
                "http_\(made.status)", "The workspace \(workspaceName) could not be made: \(made.body.description.prefix(300))",
                details: made.body))
    }

    private func findWorkspace() async throws(RemoteFailure) -> String? {
        let path = "/organizations/\(PercentEncoding.encode(organization))/workspaces/\(workspaceName)"
        return try await call("GET", path, allowing: [404]).body["data"]?["id"]?.string
    }

    /// Those that are there are set anew: a sensitive value cannot be compared.
    private func setVariables(of workspace: String) async throws(RemoteFailure) {
        let wanted = payload["variables"]?.array ?? []
        guard !wanted.isEmpty else { return }
        let present = try await call("GET", "/workspaces/\(workspace)/vars").body["data"]?.array ?? []
        for var attributes in wanted {
            attributes["category"] = "terraform"
            let old = present.first {
                $0["attributes"]?["key"] == attributes["key"] && $0["attributes"]?["category"]?.string == "terraform"
            }
            let body: JSON = ["type": "vars", "id": old?["id"] ?? .null, "attributes": attributes]
            if let id = old?["id"]?.string {
                _ = try await call("PATCH", "/workspaces/\(workspace)/vars/\(id)", body)
            } else {
                _ = try await call("POST", "/workspaces/\(workspace)/vars", ["type": "vars", "attributes": attributes])
            }
        }
    }

    private func upload(to workspace: String) async throws(RemoteFailure) -> String {
        let attributes: JSON = ["auto-queue-runs": false, "speculative": false]
        let made = try await call(
            "POST", "/workspaces/\(workspace)/configuration-versions", ["type": "configuration-versions", "attributes": attributes]
        ).body["data"]
        guard let id = made?["id"]?.string, let address = made?["attributes"]?["upload-url"]?.string else {
            throw RemoteFailure(StepFailure("bad_answer", "Terraform Cloud gave no address to upload to."))
        }
        let file = TarArchive.File(name: "main.tf", bytes: Array((payload["mainFile"]?.string ?? "").utf8))
        var request = HTTPRequest(method: "PUT", url: address, body: TarArchive.gzipped([file]))
        request.headers = [("Content-Type", "application/octet-stream")]
        request.timeout = tools.timeout
        _ = try await service.send(request, tools)
        return try await whenUploaded(id)
    }

    /// The archive is read at once; should it take longer, the next try goes on.
    private func whenUploaded(_ id: String) async throws(RemoteFailure) -> String {
        for _ in 0..<5 {
            switch try await call("GET", "/configuration-versions/\(id)").body["data"]?["attributes"]?["status"]?.string {
            case "pending"?, "fetching"?, nil: continue
            case "errored"?: throw RemoteFailure(StepFailure("configuration", "Terraform Cloud could not read the configuration \(id)."))
            default: return id
            }
        }
        throw RemoteFailure(
            StepFailure(
                "unavailable", "Terraform Cloud has not read the configuration \(id) yet.", isTransient: true, retryAfter: .seconds(2)))
    }

    private func start(in workspace: String, _ configuration: String?) async throws(RemoteFailure) -> JSON {
        var relations: JSON = ["workspace": ["data": ["type": "workspaces", "id": .string(workspace)]]]
        if let configuration {
            relations["configuration-version"] = ["data": ["type": "configuration-versions", "id": .string(configuration)]]
        }
        let attributes: JSON = [
            "message": .string("\(payload["title"]?.string ?? "") \(mark)"), "auto-apply": payload["autoApply"] ?? true,
            "is-destroy": .bool(isDestroy),
        ]
        let body: JSON = ["type": "runs", "attributes": attributes, "relationships": relations]
        let answer = try await call("POST", "/runs", body, hints: payload["sandbox"] ?? .null)
        guard let run = answer.body["data"], run["id"]?.string != nil else {
            throw RemoteFailure(StepFailure("bad_answer", "Terraform Cloud answered without a run."))
        }
        return run
    }

    // MARK: Finding out

    private func search(in workspace: String) async throws(RemoteFailure) -> JSON? {
        let path = "/workspaces/\(workspace)/runs?search%5Bbasic%5D=\(PercentEncoding.encode(mark))&page%5Bsize%5D=20"
        return try await call("GET", path).body["data"]?.array?.first { $0["attributes"]?["message"]?.string?.contains(mark) ?? false }
    }

    func settle(_ summary: String) async -> Settlement {
        do throws(RemoteFailure) {
            if let workspace = try await findWorkspace(), let run = try await search(in: workspace) {
                return .happened(try await result(of: run))
            }
            return tools.doubtAge >= Lag.settled ? .perform : .later(Lag.pause)
        } catch {
            return error.settlement(summary)
        }
    }

    func poll(_ reference: String) async -> ActionResult {
        do throws(RemoteFailure) {
            let run = try await call("GET", "/runs/\(PercentEncoding.encode(reference))").body["data"] ?? .null
            return try await result(of: run)
        } catch {
            return error.waiting(reference, url: runURL(reference))
        }
    }

    private static let failures: Set = ["errored", "canceled", "force_canceled", "discarded", "policy_soft_failed"]

    private static func hasFailed(_ run: JSON) -> Bool { failures.contains(run["attributes"]?["status"]?.string ?? "") }

    private func runURL(_ id: String) -> String {
        "\(service.baseURL)/app/\(PercentEncoding.encode(organization))/workspaces/\(workspaceName)/runs/\(id)"
    }

    private func result(of run: JSON) async throws(RemoteFailure) -> ActionResult {
        let (id, status) = (run["id"]?.string ?? "", run["attributes"]?["status"]?.string ?? "pending")
        let url = runURL(id)
        if Self.hasFailed(run) {
            return .failed(
                StepFailure(
                    "run_\(status)", "The Terraform run ended as \(status.replacing("_", with: " ")): \(url)",
                    details: ["runId": .string(id), "runUrl": .string(url), "status": .string(status)]))
        }
        if status == "applied" || status == "planned_and_finished" { return try await finished(run, id, url) }
        let waitsForConsent = run["attributes"]?["actions"]?["is-confirmable"]?.bool == true
        if waitsForConsent, payload["autoApply"]?.bool != false {
            _ = try await call("POST", "/runs/\(id)/actions/apply", allowing: [409])
        }
        return .waiting(
            reference: id, url: url, after: interval,
            reason: waitsForConsent ? "the run waits to be confirmed" : "the run is \(status.replacing("_", with: " "))")
    }

    private func finished(_ run: JSON, _ id: String, _ url: String) async throws(RemoteFailure) -> ActionResult {
        let workspace = run["relationships"]?["workspace"]?["data"]?["id"]?.string ?? ""
        let answer = try await call("GET", "/workspaces/\(workspace)/current-state-version?include=outputs", allowing: [404]).body
        let attributes = answer["data"]?["attributes"] ?? .null
        if attributes["resources-processed"]?.bool == false {
            return .waiting(reference: id, url: url, after: .seconds(2), reason: "the state is being read")
        }
        let resources = (attributes["resources"]?.array ?? []).filter { $0["type"]?.string?.hasPrefix("data.") != true }
        let count = resources.reduce(0) { $0 &+ max(0, min($1["count"]?.int ?? 1, 1_000_000)) }
        let state = TerraformState(resourceCount: count, outputs: try await outputs(answer["included"]?.array ?? []))
        tools.log("run \(id) applied: \(count) resources, \(state.outputs.count) outputs")
        let own = JSONObject([("runId", .string(id)), ("runUrl", .string(url)), ("workspace", .string(workspaceName))])
        let declared = payload["sensitiveOutputs"]?.array?.compactMap(\.string) ?? []
        return .done(evidence: state.evidence(own: own, declaredSensitive: declared), reference: id, url: url)
    }

    /// A list hides the values of sensitive outputs; each is read by itself.
    private func outputs(_ included: [JSON]) async throws(RemoteFailure) -> [TerraformState.Output] {
        var outputs: [TerraformState.Output] = []
        for output in included where output["type"]?.string == "state-version-outputs" {
            let isSensitive = output["attributes"]?["sensitive"]?.bool ?? false
            var value = output["attributes"]?["value"] ?? .null
            if isSensitive, value.isNull, let id = output["id"]?.string {
                value = try await call("GET", "/state-version-outputs/\(id)").body["data"]?["attributes"]?["value"] ?? .null
            }
            outputs.append(.init(name: output["attributes"]?["name"]?.string ?? "", value: value, isSensitive: isSensitive))
        }
        return outputs
    }
}
