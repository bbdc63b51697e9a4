import Base
import Web

/// Terraform Cloud's API: workspaces, variables, configuration versions, runs, state. A run is planned and applied by itself
/// within its time; its outputs are what the step declares, else what the variables say. A run is counted under the key that its
/// message carries as `pao-<key>`; nothing honors `Idempotency-Key`.
struct TerraformStandIn: Sendable {
    private let options: SandboxOptions
    private var workspaces: [String: TerraformWorkspace] = [:]
    /// `organization/name` to id.
    private var names: [String: String] = [:]
    private var configurations: [String: TerraformConfiguration] = [:]
    private var runs: [String: TerraformRun] = [:]

    init(options: SandboxOptions) { self.options = options }

    mutating func answer(_ call: Call, _ ledger: inout Ledger, _ minter: inout Minter) -> Response {
        var response = route(call, &ledger, &minter)
        if response.status != 204, response.status != 202 { response.headers["Content-Type"] = "application/vnd.api+json" }
        return response
    }

    private mutating func route(_ call: Call, _ ledger: inout Ledger, _ minter: inout Minter) -> Response {
        switch call {
        case "GET /api/v2/organizations/*/workspaces": listWorkspaces(call)
        case "POST /api/v2/organizations/*/workspaces": createWorkspace(call, &minter)
        case "GET /api/v2/organizations/*/workspaces/*": workspace(call, id: names["\(call.path[3])/\(call.path[5])"])
        case "GET /api/v2/workspaces/*": workspace(call, id: call.path[3])
        case "PATCH /api/v2/workspaces/*": editWorkspace(call)
        case "DELETE /api/v2/workspaces/*": deleteWorkspace(call)
        case "POST /api/v2/workspaces/*/configuration-versions": createConfiguration(call, &minter)
        case "GET /api/v2/configuration-versions/*": configuration(call)
        case "PUT /v1/object/*": upload(call)
        case "GET /api/v2/workspaces/*/vars": variables(call)
        case "POST /api/v2/workspaces/*/vars": createVariable(call, &minter)
        case "PATCH /api/v2/workspaces/*/vars/*": editVariable(call)
        case "DELETE /api/v2/workspaces/*/vars/*": deleteVariable(call)
        case "POST /api/v2/runs": createRun(call, &ledger, &minter)
        case "GET /api/v2/runs/*": runs[call.path[3]].map { Self.data($0.json(at: call.at)) } ?? Self.notFound
        case "GET /api/v2/workspaces/*/runs": listRuns(call)
        case "POST /api/v2/runs/*/actions/*": act(call)
        case "GET /api/v2/workspaces/*/current-state-version": currentState(call)
        case "GET /api/v2/workspaces/*/current-state-version-outputs": currentOutputs(call)
        case "GET /api/v2/state-versions/*/outputs": stateOutputs(call)
        default: Self.notFound
        }
    }

    mutating func advance(_ step: Advance) -> [String] {
        var moved: [String] = []
        for id in runs.keys.sorted() {
            guard var run = runs[id], !run.isEnded(at: step.at), let workspace = workspaces[run.workspace],
                step.means(names: [id, workspace.name, workspace.id], texts: [run.message])
            else { continue }
            _ = run.plan.finish(step.succeeds ? .succeeded : .failed, at: step.at)
            var apply = run.applying(at: step.at) ?? Course(start: step.at, length: options.runTime)
            _ = apply.finish(step.succeeds ? .succeeded : .failed, at: step.at)
            run.apply = apply
            runs[id] = run
            moved.append(id)
        }
        return moved
    }

    func state(at now: Timestamp) -> JSON {
        let spaces = workspaces.values.sorted { $0.name < $1.name }.map { workspace -> JSON in
            [
                "id": .string(workspace.id), "name": .string(workspace.name), "organization": .string(workspace.organization),
                "variables": .array(workspace.variables.map(\.json)),
            ]
        }
        return ["workspaces": .array(spaces), "runs": .array(runs.values.sorted { $0.id < $1.id }.map { $0.json(at: now) })]
    }

    static func data(_ value: JSON, status: Int = 200) -> Response { .json(["data": value], status: status) }

    static let notFound = fault(404, "not found")

    static func fault(_ status: Int, _ title: String, detail: String? = nil, pointer: String? = nil) -> Response {
        var error: JSON = ["status": "\(status)", "title": .string(title)]
        if let detail { error["detail"] = .string(detail) }
        if let pointer { error["source"] = ["pointer": .string(pointer)] }
        return .json(["errors": [error]], status: status, headers: ["Content-Type": "application/vnd.api+json"])
    }

    static func invalid(_ attribute: String, _ detail: String) -> Response {
        fault(422, "invalid attribute", detail: detail, pointer: "/data/attributes/\(attribute)")
    }

    private static func page(_ call: Call, _ all: [JSON]) -> Response {
        let size = min(100, max(1, call.parameter("page[size]").flatMap { Int($0) } ?? 20))
        let number = min(1_000_000, max(1, call.parameter("page[number]").flatMap { Int($0) } ?? 1))
        let last = max(1, (all.count + size - 1) / size)
        return .json([
            "data": .array(Array(all.dropFirst((number - 1) * size).prefix(size))),
            "meta": [
                "pagination": [
                    "current-page": .int(number), "page-size": .int(size), "prev-page": number > 1 ? .int(number - 1) : .null,
                    "next-page": number < last ? .int(number + 1) : .null, "total-pages": .int(last), "total-count": .int(all.count),
                ]
            ],
        ])
    }

    private static func attributes(_ call: Call) -> JSONObject { call.json?["data"]?["attributes"]?.object ?? JSONObject() }
}

// Workspaces and their variables.
extension TerraformStandIn {
    private func workspaceJSON(_ workspace: TerraformWorkspace) -> JSON { workspace.json(currentRun: workspace.runs.last) }

    private func workspace(_ call: Call, id: String?) -> Response {
        id.flatMap { workspaces[$0] }.map { Self.data(workspaceJSON($0)) } ?? Self.notFound
    }

    private func listWorkspaces(_ call: Call) -> Response {
        let wanted = call.parameter("search[name]")
        let found = workspaces.values.filter { $0.organization == call.path[3] && wanted.map($0.name.contains) ?? true }
        return Self.page(call, found.sorted { $0.name < $1.name }.map(workspaceJSON))
    }

    private mutating func createWorkspace(_ call: Call, _ minter: inout Minter) -> Response {
        var attributes = Self.attributes(call)
        let name = attributes["name"]?.string ?? ""
        guard !name.isEmpty, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }) else {
            return Self.invalid("name", "Name can only contain letters, numbers, -, and _.")
        }
        guard names["\(call.path[3])/\(name)"] == nil else { return Self.invalid("name", "Name has already been taken") }
        attributes["created-at"] = .string(call.at.secondsText)
        attributes["locked"] = false
        if !attributes.contains("auto-apply") { attributes["auto-apply"] = false }
        let workspace = TerraformWorkspace(id: "ws-" + minter.hex(16), organization: call.path[3], attributes: attributes)
        workspaces[workspace.id] = workspace
        names["\(call.path[3])/\(name)"] = workspace.id
        return Self.data(workspaceJSON(workspace), status: 201)
    }

    private mutating func editWorkspace(_ call: Call) -> Response {
        guard var workspace = workspaces[call.path[3]] else { return Self.notFound }
        for (name, value) in Self.attributes(call) where name != "name" { workspace.attributes[name] = value }
        workspaces[workspace.id] = workspace
        return Self.data(workspaceJSON(workspace))
    }

    private mutating func deleteWorkspace(_ call: Call) -> Response {
        guard let workspace = workspaces.removeValue(forKey: call.path[3]) else { return Self.notFound }
        names["\(workspace.organization)/\(workspace.name)"] = nil
        for run in workspace.runs { runs[run] = nil }
        return Response(status: 204)
    }

    private func variables(_ call: Call) -> Response {
        workspaces[call.path[3]].map { Self.data(.array($0.variables.map(\.json))) } ?? Self.notFound
    }

    private mutating func createVariable(_ call: Call, _ minter: inout Minter) -> Response {
        guard let workspace = workspaces[call.path[3]] else { return Self.notFound }
        let variable = TerraformVariable(id: "var-" + minter.hex(16), attributes: Self.attributes(call))
        guard !variable.key.isEmpty else { return Self.invalid("key", "Key can't be blank") }
        guard !workspace.variables.contains(where: { $0.key == variable.key && $0.category == variable.category }) else {
            return Self.invalid("key", "Key has already been taken")
        }
        workspaces[workspace.id]?.variables.append(variable)
        return Self.data(variable.json, status: 201)
    }

    private mutating func editVariable(_ call: Call) -> Response {
        guard let index = workspaces[call.path[3]]?.variables.firstIndex(where: { $0.id == call.path[5] }),
            var variable = workspaces[call.path[3]]?.variables[index]
        else { return Self.notFound }
        for (name, value) in Self.attributes(call) { variable.attributes[name] = value }
        workspaces[call.path[3]]?.variables[index] = variable
        return Self.data(variable.json)
    }

    private mutating func deleteVariable(_ call: Call) -> Response {
        guard let index = workspaces[call.path[3]]?.variables.firstIndex(where: { $0.id == call.path[5] }) else { return Self.notFound }
        workspaces[call.path[3]]?.variables.remove(at: index)
        return Response(status: 204)
    }
}

// Configuration versions and runs.
extension TerraformStandIn {
    private mutating func createConfiguration(_ call: Call, _ minter: inout Minter) -> Response {
        guard workspaces[call.path[3]] != nil else { return Self.notFound }
        let id = "cv-" + minter.hex(16)
        let host = call.host == "app.terraform.io" ? "https://archivist.terraform.io" : call.origin
        let configuration = TerraformConfiguration(id: id, uploadURL: "\(host)/v1/object/\(id)")
        configurations[id] = configuration
        return Self.data(configuration.json(withAddress: true), status: 201)
    }

    private func configuration(_ call: Call) -> Response {
        configurations[call.path[3]].map { Self.data($0.json(withAddress: false)) } ?? Self.notFound
    }

    private mutating func upload(_ call: Call) -> Response {
        guard configurations[call.path[2]] != nil else { return Self.notFound }
        configurations[call.path[2]]?.isUploaded = true
        return Response(status: 200)
    }

    private mutating func createRun(_ call: Call, _ ledger: inout Ledger, _ minter: inout Minter) -> Response {
        let relations = call.json?["data"]?["relationships"]
        guard let workspace = relations?["workspace"]?["data"]?["id"]?.string.flatMap({ workspaces[$0] }) else {
            return Self.fault(422, "invalid attribute", detail: "Workspace must exist", pointer: "/data/relationships/workspace")
        }
        let configuration = relations?["configuration-version"]?["data"]?["id"]?.string
        if let configuration, configurations[configuration]?.isUploaded != true {
            return Self.fault(422, "invalid attribute", detail: "Configuration version has not been uploaded")
        }
        let attributes = Self.attributes(call)
        let count = call.hints.expectations(ofType: "terraform-state").compactMap { $0["resourceCount"]?.int }.first ?? 1
        let run = TerraformRun(
            id: "run-" + minter.hex(16), workspace: workspace.id, configuration: configuration,
            message: attributes["message"]?.string ?? "Queued manually via the Terraform Enterprise API",
            isDestroy: attributes["is-destroy"]?.bool ?? false,
            autoApply: attributes["auto-apply"]?.bool ?? workspace.attributes["auto-apply"]?.bool ?? false, createdAt: call.at,
            plan: Course(start: call.at, length: options.runTime), outputs: Self.outputs(call.hints, workspace),
            resourceCount: min(max(0, count), 1000))
        runs[run.id] = run
        workspaces[workspace.id]?.runs.append(run.id)
        ledger.count(Call.carriedKey(in: [run.message]))
        return Self.data(run.json(at: call.at), status: 201)
    }

    /// What the step declares and requires; without hints the variables of the workspace come back as outputs.
    private static func outputs(_ hints: Hints, _ workspace: TerraformWorkspace) -> JSONObject {
        let required = hints.expectations(ofType: "terraform-state").flatMap { $0["requiredOutputs"]?.array?.compactMap(\.string) ?? [] }
        var outputs = JSONObject()
        for name in hints.outputs.keys + required {
            outputs[name] = [
                "value": .string("sandbox-\(name)-\(workspace.id.suffix(6))"), "sensitive": hints.outputs[name]?["sensitive"] ?? false,
            ]
        }
        guard outputs.isEmpty else { return outputs }
        for variable in workspace.variables where variable.category == "terraform" {
            outputs[variable.key] = [
                "value": variable.attributes["value"] ?? .null, "sensitive": variable.attributes["sensitive"] ?? false,
            ]
        }
        return outputs
    }

    /// Newest first; `search[basic]` looks into messages and ids, a while after they were made.
    private func listRuns(_ call: Call) -> Response {
        guard let workspace = workspaces[call.path[3]] else { return Self.notFound }
        let wanted = call.parameter("search[basic]") ?? call.parameter("search[commit]")
        let visible = call.at - options.searchLag
        let found = workspace.runs.reversed().compactMap { runs[$0] }.filter { run in
            guard let wanted else { return true }
            return run.createdAt <= visible && (run.message.contains(wanted) || run.id == wanted)
        }
        return Self.page(call, found.map { $0.json(at: call.at) })
    }

    private mutating func act(_ call: Call) -> Response {
        guard var run = runs[call.path[3]] else { return Self.notFound }
        let conflict = Self.fault(409, "transition not allowed", detail: "The run is \(run.status(at: call.at)).")
        switch call.path[5] {
        case "apply":
            guard run.isConfirmable(at: call.at) else { return conflict }
            run.apply = Course(start: call.at, length: options.runTime)
        case "discard":
            guard run.isConfirmable(at: call.at) else { return conflict }
            run.endedAs = "discarded"
        case "cancel", "force-cancel":
            guard !run.isEnded(at: call.at) else { return conflict }
            run.endedAs = "canceled"
        default: return Self.notFound
        }
        runs[run.id] = run
        return Response(status: 202)
    }
}

// State.
extension TerraformStandIn {
    private func lastApplied(_ call: Call) -> TerraformRun? {
        workspaces[call.path[3]]?.runs.reversed().compactMap { runs[$0] }.first { $0.isApplied(at: call.at) }
    }

    private func currentState(_ call: Call) -> Response {
        guard let run = lastApplied(call) else { return Self.notFound }
        let state = run.stateJSON(base: call.origin, at: call.at)
        guard call.parameter("include") == "outputs" else { return Self.data(state) }
        return .json(["data": state, "included": .array(run.outputsJSON)])
    }

    private func currentOutputs(_ call: Call) -> Response {
        lastApplied(call).map { Self.page(call, Self.masked($0.outputsJSON)) } ?? Self.notFound
    }

    private func stateOutputs(_ call: Call) -> Response {
        guard let run = runs["run-" + call.path[3].dropFirst(3)], run.isApplied(at: call.at) else { return Self.notFound }
        return Self.page(call, run.outputsJSON)
    }

    /// The list of a workspace's outputs hides sensitive values; those of a state version show them.
    private static func masked(_ outputs: [JSON]) -> [JSON] {
        outputs.map { output in
            guard output["attributes"]?["sensitive"]?.bool == true else { return output }
            var masked = output
            masked["attributes"]?["value"] = .null
            return masked
        }
    }
}
