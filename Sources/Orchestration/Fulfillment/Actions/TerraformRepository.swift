import Base
import Integrations

/// A change to a Git repository: one file on a branch whose name carries the effect's key, and on GitHub a pull request. The branch is
/// looked for first, so that a repetition finds its work done.
struct TerraformRepository: Sendable {
    private let payload: JSON
    private let effect: PreparedEffect
    private let tools: ActionTools

    static func prepare(_ payload: inout JSON, _ module: TerraformModule, _ services: ExternalServices) throws(StepFailure) {
        guard let repository = services.terraform.repository(of: module.source) else {
            throw StepFailure("validation", "No repository is configured for \(module.source) (integrations.terraform.repositories).")
        }
        if let secret = module.variables.first(where: \.isSensitive) {
            throw StepFailure(
                "validation", "The variable \(secret.name) is secret and is not written into a repository: let the pipeline provide it.")
        }
        let workspace = payload["workspace"]?.string ?? ""
        let folder = repository.path.split(separator: "/").joined(separator: "/")
        let path = (folder.isEmpty ? "" : folder + "/") + "\(workspace)/main.tf"
        payload["path"] = .string(path)
        payload["mainFile"] = .string(try module.mainFile(.inPlace, source: place(of: module.source, from: path), withBackend: true))
        payload["branch"] = .string("pao/\(workspace)-\(String(payload["mark"]?.string?.dropFirst(4).prefix(12) ?? ""))".lowercased())
        payload["repository"] = .optional(services.github.flatMap { GitHub.repository(of: repository.remote.url, at: $0) })
    }

    /// `./modules/redis` is a folder of the repository; Terraform looks for it from the folder of the file that names it.
    static func place(of source: String, from path: String) -> String {
        guard source.hasPrefix("./") else { return source }
        let depth = path.split(separator: "/").count - 1
        return String(repeating: "../", count: depth) + source.dropFirst(2)
    }

    init(_ effect: PreparedEffect, _ tools: ActionTools) {
        payload = effect.payload
        self.effect = effect
        self.tools = tools
    }

    private var isDestroy: Bool { payload["destroy"]?.bool == true }

    func perform() async -> ActionResult {
        let services = tools.services.terraform
        guard let repository = services.repository(of: payload["module"]?.string ?? ""), let git = services.git else {
            return .failed(StepFailure("validation", "The repository of \(payload["module"]?.string ?? "") is not configured any more."))
        }
        do throws(PAOError) {
            let branch = try GitBranch(payload["branch"]?.string ?? "")
            var commit = try await git.client.head(of: repository.remote, branch: branch)
            if commit == nil {
                commit = try await git.caches.exclusively(repository.remote.url) { (cache) async throws(PAOError) in
                    try await push(repository, branch, git.client, cache)
                }
            }
            tools.log("branch \(branch.name) is at \(commit ?? "")")
            return await propose(commit ?? "", repository)
        } catch {
            let isTransient = ![PAOError.Code.configuration, .egressDenied].contains(error.code)
            return .failed(
                StepFailure(error.code.rawValue, error.message, details: error.detail.map(JSON.string), isTransient: isTransient))
        }
    }

    private func push(
        _ repository: TerraformServices.Repository, _ branch: GitBranch, _ git: GitClient, _ cache: String
    ) async throws(PAOError) -> String {
        let base = try await git.fetch(repository.remote, branch: repository.branch, into: cache)
        let file = payload["mainFile"]?.string ?? ""
        let draft = GitDraft(
            changes: [(path: payload["path"]?.string ?? "", bytes: isDestroy ? nil : Array(file.utf8))],
            message: "\(payload["title"]?.string ?? "")\n\nRequest-Key: \(effect.key)\n", authorName: "PAO", authorEmail: "pao@localhost",
            date: payload["since"]?.string.flatMap { Timestamp($0) } ?? tools.time.now())
        let commit = try await git.commit(draft, on: base, in: cache)
        try OrchestrationFailpoint.branchPushing.reach()
        try await git.push(commit, from: cache, to: branch, of: repository.remote)
        try OrchestrationFailpoint.branchPushed.reach()
        return commit
    }

    // MARK: The pull request

    private func propose(_ commit: String, _ repository: TerraformServices.Repository) async -> ActionResult {
        let own = JSONObject([
            ("commit", .string(commit)), ("branch", payload["branch"] ?? .null), ("workspace", payload["workspace"] ?? .null),
        ])
        guard payload["repository"]?.string != nil, tools.services.github != nil else { return ended(own, pull: nil) }
        do throws(RemoteFailure) {
            return result(of: try await pullRequest(base: repository.branch?.name), own)
        } catch {
            return .failed(error.failure)
        }
    }

    private func pullRequest(base: String?) async throws(RemoteFailure) -> JSON {
        let github = self.github
        let (branch, owner) = (payload["branch"]?.string ?? "", payload["repository"]?.string?.splitOnce("/").0 ?? "")
        let query = "?state=all&head=\(PercentEncoding.encode("\(owner):\(branch)"))"
        if let pull = try await github.list("/pulls" + query, pages: 1).first { return pull }
        let target: String
        if let base { target = base } else { target = try await github.call("GET", "").body["default_branch"]?.string ?? "main" }
        let text = "Requested through the service catalog.\n\nRequest-Key: \(payload["mark"]?.string ?? "")"
        let body: JSON = ["title": payload["title"] ?? "", "head": .string(branch), "base": .string(target), "body": .string(text)]
        let answer = try await github.call("POST", "/pulls", body: body, allowing: [422])
        if answer.status != 422 { return answer.body }
        if let pull = try await github.list("/pulls" + query, pages: 1).first { return pull }
        throw RemoteFailure(
            StepFailure("http_422", "GitHub refused the pull request: \(answer.body.description.prefix(300))", details: answer.body))
    }

    private var github: GitHub {
        var settings = payload
        settings["apiUrl"] = .optional(tools.services.github?.apiURL)
        return GitHub(settings, tools)
    }

    /// Asked only where the step waits for the merge. The reference is the number of the pull request.
    func poll(_ reference: String) async -> ActionResult {
        do throws(RemoteFailure) {
            let pull = try await github.call("GET", "/pulls/\(PercentEncoding.encode(reference))").body
            let commit = pull["head"]?["sha"]?.string ?? ""
            return result(
                of: pull,
                JSONObject([
                    ("commit", .string(commit)), ("branch", payload["branch"] ?? .null), ("workspace", payload["workspace"] ?? .null),
                ]))
        } catch {
            return error.waiting(reference, url: nil)
        }
    }

    private func result(of pull: JSON, _ own: JSONObject) -> ActionResult {
        let (number, url) = (pull["number"]?.int ?? 0, pull["html_url"]?.string)
        let isMerged = pull["merged"]?.bool ?? (pull["merged_at"]?.string != nil)
        if !isMerged, pull["state"]?.string == "closed" {
            return .failed(StepFailure("pull_request_closed", "The pull request was closed without being merged: \(url ?? "\(number)")"))
        }
        if payload["waitsForMerge"]?.bool == true, !isMerged {
            return .waiting(reference: "\(number)", url: url, after: .seconds(30), reason: "the pull request waits to be merged")
        }
        return ended(own, pull: pull)
    }

    /// What the module gives is known to the pipeline that applies it, not to us: where the document reads it, a person enters it.
    private func ended(_ own: JSONObject, pull: JSON?) -> ActionResult {
        var outputs = own
        let url = pull?["html_url"]?.string
        if let url { outputs["pullRequestUrl"] = .string(url) }
        let unknown = payload["outputs"]?.array?.compactMap(\.string) ?? []
        guard unknown.isEmpty || isDestroy else { return .ticket(question(unknown, outputs, url)) }
        var evidence: JSON = ["status": 201, "body": .object(outputs), "outputs": .object(outputs)]
        if let pull { evidence["pullRequest"] = ["merged": .bool(pull["merged"]?.bool ?? (pull["merged_at"]?.string != nil))] }
        return .done(evidence: evidence, reference: pull?["number"].map(\.description) ?? outputs["commit"]?.string, url: url)
    }

    private func question(_ unknown: [String], _ outputs: JSONObject, _ url: String?) -> TicketDraft {
        let facts = outputs.map { "- \($0.key): `\($0.value.string ?? $0.value.description)`" }.joined(separator: "\n")
        var draft = TicketDraft(
            purpose: .question, title: "Outputs of \(payload["title"]?.string ?? "")",
            description: "Terraform is applied by the repository's own pipeline. When that is done, enter what it gives.\n\n\(facts)",
            outputs: unknown)
        draft.known = outputs
        return draft
    }
}

extension GitHub {
    /// `owner/name` of a repository that the configured GitHub holds; nil for one elsewhere.
    static func repository(of url: String, at service: GitHubService) -> String? {
        GitHubAddress.repository(of: url, apiURL: service.apiURL)
    }
}
