package import Base
import Catalog
import Documents
import Integrations

// DESIGN: one step, three ways, by what the operator configured (the document may say which: `via`):
//
// - repository: a module source that `integrations.terraform.repositories` maps becomes a change to that Git repository: branch, commit,
//   push, pull request. A pipeline of the operator's applies it; what only the pipeline knows is asked of a person.
// - cloud: a run in Terraform Cloud or Enterprise (always in sandbox mode).
// - local: a `terraform` or `tofu` on this machine.
//
// Secret values never become part of a file: in the cloud they are sensitive variables, locally a file that only the program reads; into
// a repository they are not written at all.

/// `terraform`: applies one module with the variables that the document gives.
package struct TerraformAction: ActionType {
    package let name = "terraform"

    enum Way: String { case repository, cloud, local }

    /// What the type answers by itself, whatever the module gives.
    static let ownOutputs = ["commit", "branch", "pullRequestUrl", "runUrl", "runId", "workspace"]

    package init() {}

    package func prepare(_ input: ActionInput) throws(StepFailure) -> PreparedEffect {
        let config = try input.render(input.action.config)
        let module = try TerraformModule(config, input)
        let services = input.environment.services.terraform
        let way = try Self.way(config, module, services, isSandbox: input.environment.isSandbox)
        let workspace = try Self.workspace(config, input)
        var payload: JSON = [
            "via": .string(way.rawValue), "workspace": .string(workspace), "mark": .string(input.mark), "since": .string(input.startedAt),
            "module": .string(module.source), "title": .string("\(input.action.name) (\(input.requestID))"),
            "destroy": .bool(config["destroy"]?.bool ?? false), "autoApply": .bool(config["autoApply"]?.bool ?? true),
            "outputs": .array(module.outputs.map(JSON.string)),
            "sensitiveOutputs": .array(module.sensitiveOutputs.sorted().map(JSON.string)),
            "pollEvery": .string(input.environment.pace),
            "waitsForMerge": .bool(input.action.verification.contains { $0.type == "pull-request-merged" }),
        ]
        switch way {
        case .cloud: try TerraformCloud.prepare(&payload, module, config, input)
        case .repository: try TerraformRepository.prepare(&payload, module, input.environment.services)
        case .local: try TerraformLocal.prepare(&payload, module, services)
        }
        let verb = payload["destroy"]?.bool == true ? "Destroy" : way == .repository ? "Propose" : "Apply"
        return PreparedEffect(
            kind: name, summary: "\(verb) \(module.source) as \(workspace)", resend: way == .cloud ? .lookup : .free, payload: payload,
            key: input.key)
    }

    private static func way(_ config: JSON, _ module: TerraformModule, _ services: TerraformServices, isSandbox: Bool) throws(StepFailure)
        -> Way
    {
        if isSandbox { return .cloud }
        if let written = config["via"]?.string {
            guard let way = Way(rawValue: written) else {
                throw StepFailure("validation", "via is repository, cloud or local, not \(written).")
            }
            return way
        }
        if services.repository(of: module.source) != nil { return .repository }
        if services.cloud != nil { return .cloud }
        if services.local != nil { return .local }
        throw StepFailure(
            "validation", "Nothing is configured that could apply \(module.source) (integrations.terraform: cloud, repositories or binary)."
        )
    }

    /// What the document says, else one of its own per request.
    private static func workspace(_ config: JSON, _ input: ActionInput) throws(StepFailure) -> String {
        let written = config["workspace"]?.string ?? config["backendConfig"]?["workspace"]?.string
        let name = written ?? "\(input.scope.roots["metadata"]?["id"]?.string ?? "pao")-\(input.action.id)-\(input.requestID)"
        let isPlain = name.utf8.allSatisfy {
            $0 < 0x80 && (PercentEncoding.isUnreserved($0) && $0 != UInt8(ascii: "~") && $0 != UInt8(ascii: "."))
        }
        guard isPlain, !name.isEmpty, name.utf8.count <= 200 else {
            throw StepFailure("validation", "A workspace's name holds letters, digits, - and _, not \"\(name)\".")
        }
        return String(name.suffix(90))
    }

    // MARK: Doing

    package func perform(_ effect: PreparedEffect, _ tools: ActionTools) async -> ActionResult {
        switch Way(rawValue: effect.payload["via"]?.string ?? "") {
        case .cloud: await TerraformCloud(effect.payload, tools).perform()
        case .repository: await TerraformRepository(effect, tools).perform()
        case .local: await TerraformLocal(effect.payload, tools).perform()
        case nil: .failed(StepFailure("internal", "The effect does not say how it is applied."))
        }
    }

    /// A repository's branch and Terraform's own state make a repetition find its work done; a run of the cloud is looked up.
    package func settle(_ effect: PreparedEffect, _ tools: ActionTools) async -> Settlement {
        effect.resend == .lookup ? await TerraformCloud(effect.payload, tools).settle(effect.summary) : .perform
    }

    package func poll(_ effect: PreparedEffect, reference: String, _ tools: ActionTools) async -> ActionResult {
        switch Way(rawValue: effect.payload["via"]?.string ?? "") {
        case .cloud: await TerraformCloud(effect.payload, tools).poll(reference)
        case .repository: await TerraformRepository(effect, tools).poll(reference)
        default: await perform(effect, tools)
        }
    }

    package func cleanupHint(outputs: JSON, reference: String?) -> String? {
        if let url = outputs["pullRequestUrl"]?.string { return "Revert the change of \(url) and let it be applied." }
        return outputs["workspace"]?.string.map {
            "Destroy what the Terraform workspace \($0) manages (a destroy run, or terraform destroy)."
        }
    }
}

/// What Terraform left behind, as verification and outputs see it.
struct TerraformState: Sendable {
    struct Output: Sendable {
        var name: String
        var value: JSON
        var isSensitive: Bool
    }

    var resourceCount: Int
    var outputs: [Output]

    /// `own` are the outputs of the way it went. An output that only Terraform calls sensitive is sealed by the engine; the declared
    /// ones it knows.
    func evidence(own: JSONObject, declaredSensitive: [String]) -> JSON {
        var given = own
        for output in outputs { given[output.name] = output.value }
        let open = outputs.filter { !$0.isSensitive || declaredSensitive.contains($0.name) }
        return [
            "status": 200, "body": .object(JSONObject(open.map { ($0.name, $0.value) })), "outputs": .object(given),
            "sensitive": .array(outputs.filter { $0.isSensitive && !declaredSensitive.contains($0.name) }.map { .string($0.name) }),
            "state": [
                "resourceCount": .int(resourceCount), "outputs": .array(outputs.filter { !$0.value.isNull }.map { .string($0.name) }),
            ],
        ]
    }
}
