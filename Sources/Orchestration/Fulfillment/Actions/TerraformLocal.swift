import Base
import Glibc
import Integrations

/// A `terraform` or `tofu` on this machine, in a folder of its own per workspace, which holds its state. Applying again is free: the state
/// says what is there already. A program that was killed leaves no lock, since a lock on a local state ends with its process.
struct TerraformLocal: Sendable {
    private let payload: JSON
    private let tools: ActionTools

    static func prepare(_ payload: inout JSON, _ module: TerraformModule, _ services: TerraformServices) throws(StepFailure) {
        guard let local = services.local else {
            throw StepFailure("validation", "No Terraform binary is configured (integrations.terraform.binary).")
        }
        payload["mainFile"] = .string(try module.mainFile(.asVariables, source: try place(of: module.source, local), withBackend: true))
        payload["variables"] = .object(JSONObject(module.variables.map { ($0.name, $0.value) }))
    }

    /// Relative sources lie below the configured folder, and nowhere else.
    private static func place(of source: String, _ local: TerraformServices.Local) throws(StepFailure) -> String {
        guard source.hasPrefix(".") || source.hasPrefix("/") else { return source }
        guard let modules = local.modules, source.hasPrefix("./"), !source.split(separator: "/").contains("..") else {
            throw StepFailure(
                "validation", "\(source) is no module source here: relative ones begin with ./ and lie in integrations.terraform.modules.")
        }
        return modules + "/" + source.dropFirst(2)
    }

    init(_ payload: JSON, _ tools: ActionTools) {
        self.payload = payload
        self.tools = tools
    }

    func perform() async -> ActionResult {
        guard let local = tools.services.terraform.local else {
            return .failed(StepFailure("validation", "No Terraform binary is configured any more."))
        }
        let folder = "\(local.directory)/\(payload["workspace"]?.string ?? "")"
        let end = tools.time.monotonic() + tools.timeout
        do throws(StepFailure) {
            try write(to: folder, in: local.directory)
            try await run(local, folder, ["init", "-input=false", "-no-color"], until: end)
            let goal = payload["destroy"]?.bool == true ? ["apply", "-destroy"] : ["apply"]
            try await run(local, folder, goal + ["-input=false", "-no-color", "-auto-approve", "-lock-timeout=30s"], until: end)
            let outputs = try await run(local, folder, ["output", "-json", "-no-color"], until: end)
            let listed = try await run(local, folder, ["state", "list"], until: end)
            return .done(evidence: evidence(outputs, listed), reference: payload["workspace"]?.string, url: nil)
        } catch {
            return .failed(error)
        }
    }

    private func write(to folder: String, in parent: String) throws(StepFailure) {
        for path in [parent, folder] where mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw StepFailure("storage", "The folder \(path) cannot be made: \(String(cString: strerror(errno)))", isTransient: true)
        }
        try write(payload["mainFile"]?.string ?? "", to: "\(folder)/main.tf")
        try write((payload["variables"] ?? [:]).description, to: "\(folder)/terraform.tfvars.json")
    }

    /// Only the owner may read it: values may be secrets.
    private func write(_ text: String, to path: String) throws(StepFailure) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw StepFailure("storage", "\(path) cannot be written: \(String(cString: strerror(errno)))", isTransient: true)
        }
        defer { close(file) }
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else {
                throw StepFailure("storage", "\(path) cannot be written: \(String(cString: strerror(errno)))", isTransient: true)
            }
            done += count
        }
    }

    @discardableResult
    private func run(_ local: TerraformServices.Local, _ folder: String, _ arguments: [String], until end: Duration)
        async throws(StepFailure)
        -> [UInt8]
    {
        let own = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1",
        ]
        var request = ProcessRequest(
            local.binary, arguments, environment: local.environment.merging(own) { theirs, _ in theirs }, workingDirectory: folder,
            timeout: max(.seconds(1), end - tools.time.monotonic()), outputLimit: 4 << 20)
        request.input = []
        let result: ProcessResult
        do throws(PAOError) {
            result = try await local.processes.run(request)
        } catch {
            throw StepFailure("process", "\(local.binary) could not be run: \(error.message)")
        }
        let words = String(decoding: result.errorOutput.suffix(2000), as: UTF8.self)
        tools.log("\(arguments[0]): \(result.isSuccess ? "done" : words)")
        if result.timedOut { throw StepFailure("timeout", "terraform \(arguments[0]) took too long.", isTransient: true) }
        guard result.isSuccess else { throw StepFailure("terraform_failed", "terraform \(arguments[0]) failed: \(words)") }
        return result.output
    }

    private func evidence(_ outputs: [UInt8], _ listed: [UInt8]) -> JSON {
        let found = (try? JSON.parse(outputs))?.object ?? JSONObject()
        let resources = String(decoding: listed, as: UTF8.self).split(separator: "\n").filter {
            !$0.hasPrefix("data.") && !$0.contains(".data.")
        }
        let state = TerraformState(
            resourceCount: resources.count,
            outputs: found.map { .init(name: $0.key, value: $0.value["value"] ?? .null, isSensitive: $0.value["sensitive"]?.bool ?? false) }
        )
        let own = JSONObject([("workspace", payload["workspace"] ?? .null)])
        return state.evidence(own: own, declaredSensitive: payload["sensitiveOutputs"]?.array?.compactMap(\.string) ?? [])
    }
}
