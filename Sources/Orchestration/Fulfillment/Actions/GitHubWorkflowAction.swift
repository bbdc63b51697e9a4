package import Base
import Catalog
import Documents
import Integrations

// DESIGN: a dispatch cannot be looked up by an id of ours, so its run must be found.
//
// - The API is asked for the run's id (`return_run_details`); where it gives one, that is all.
// - The effect's mark `pao-<key>` goes along as the input `pao_key` (or the one that `keyInput` names). A workflow that shows it in its
//   `run-name` can be found by it, after doubt and where the API gives no id. A workflow that does not declare the input refuses the
//   dispatch (422): it is sent again without.
// - After doubt, a run that shows the mark is ours. Without one, and with runs since that show no mark, nobody can tell: a person looks.

/// `github-workflow`: dispatches a workflow and follows its run to the end.
package struct GitHubWorkflowAction: ActionType {
    package let name = "github-workflow"

    package init() {}

    package func prepare(_ input: ActionInput) throws(StepFailure) -> PreparedEffect {
        let config = try input.render(input.action.config)
        let repository = config["repository"]?.string ?? ""
        guard GitHub.isRepository(repository) else {
            throw StepFailure("validation", "repository is OWNER/NAME, not \"\(repository)\".")
        }
        guard let written = (config["workflow"] ?? config["workflowId"]).flatMap(Self.text), !written.isEmpty else {
            throw StepFailure("validation", "The step names no workflow.")
        }
        let workflow = written.split(separator: "/").last.map(String.init) ?? written
        let ref = config["ref"]?.string ?? "main"
        let payload: JSON = [
            "apiUrl": .string(try GitHub.address(config, input.environment)), "token": .optional(config["token"]?.string),
            "repository": .string(repository), "workflow": .string(workflow), "ref": .string(ref),
            "inputs": try Self.inputs(config["inputs"]), "keyInput": Self.keyInput(config), "mark": .string(input.mark),
            "since": .string(input.startedAt), "accepted": try Self.acceptedConclusions(input),
            "sandbox": input.environment.isSandbox ? try RestCall.hints(input) : .null,
            "pollEvery": .string(input.environment.pace),
        ]
        return PreparedEffect(
            kind: name, summary: "Run \(workflow) of \(repository) on \(ref)", resend: .lookup, payload: payload, key: input.key)
    }

    private static func text(_ value: JSON) -> String? { value.isNull ? nil : value.string ?? value.description }

    /// Inputs are texts; a structure travels as JSON. What is null is left to the workflow's default.
    private static func inputs(_ written: JSON?) throws(StepFailure) -> JSON {
        let inputs = (written?.object ?? JSONObject()).compactMap { key, value in text(value).map { (key, JSON.string($0)) } }
        guard inputs.count <= 25 else { throw StepFailure("validation", "A workflow takes at most 25 inputs, not \(inputs.count).") }
        return .object(JSONObject(inputs))
    }

    /// `keyInput: false` sends no key; so do 25 inputs, which leave no room.
    private static func keyInput(_ config: JSON) -> JSON {
        if config["keyInput"]?.bool == false || config["inputs"]?.object?.count == 25 { return .null }
        return .string(config["keyInput"]?.string ?? "pao_key")
    }

    /// Conclusions that the step's own verification asks for are none of its failures.
    private static func acceptedConclusions(_ input: ActionInput) throws(StepFailure) -> JSON {
        var accepted: [JSON] = []
        for verification in input.action.verification where verification.type == "workflow-status" {
            let parameters = try input.render(verification.parameters)
            if let wanted = parameters["expected"] ?? parameters["conclusion"] { accepted += wanted.array ?? [wanted] }
        }
        return .array(accepted)
    }

    // MARK: Doing

    package func perform(_ effect: PreparedEffect, _ tools: ActionTools) async -> ActionResult {
        let workflow = GitHubWorkflow(effect.payload, tools)
        do throws(RemoteFailure) {
            if tools.attempt > 1, let run = try await workflow.search().marked, !workflow.hasFailed(run) {
                tools.log("an earlier try had started run \(run["id"] ?? .null)")
                return try await workflow.result(of: run)
            }
            return try await dispatch(workflow, effect.payload["keyInput"]?.string, tools)
        } catch {
            return error.result
        }
    }

    private func dispatch(_ workflow: GitHubWorkflow, _ keyInput: String?, _ tools: ActionTools) async throws(RemoteFailure) -> ActionResult
    {
        let answer: RemoteService.Answer
        do throws(RemoteFailure) {
            answer = try await workflow.dispatch(keyInput: keyInput)
        } catch  where keyInput != nil && error.status == 422 && error.failure.message.lowercased().contains("unexpected inputs") {
            tools.log("the workflow has no input \(keyInput ?? ""): dispatched without it")
            return try await dispatch(workflow, nil, tools)
        }
        guard let id = answer.body["workflow_run_id"]?.int ?? answer.body["id"]?.int else {
            tools.log("dispatched; the run is being looked for")
            return .waiting(reference: workflow.mark, url: nil, after: .seconds(2), reason: "looks for the run that was started")
        }
        tools.log("started run \(id)")
        return .waiting(
            reference: "\(id)", url: answer.body["html_url"]?.string, after: workflow.interval, reason: "the workflow has been started")
    }

    // MARK: Finding out

    package func settle(_ effect: PreparedEffect, _ tools: ActionTools) async -> Settlement {
        let workflow = GitHubWorkflow(effect.payload, tools)
        do throws(RemoteFailure) {
            let found = try await workflow.search()
            if let run = found.marked { return .happened(try await workflow.result(of: run)) }
            if tools.doubtAge < Lag.settled { return .later(Lag.pause) }
            guard !found.unmarked.isEmpty else { return .perform }
            let runs = found.unmarked.prefix(5).compactMap { $0["html_url"]?.string }.joined(separator: ", ")
            return .unknown(
                "\(effect.summary) may have been dispatched. These runs began since and do not show the key \(workflow.mark): \(runs). "
                    + "Add `run-name: ${{ inputs.pao_key }}` to the workflow, and this can be told by machine.")
        } catch {
            return error.settlement(effect.summary)
        }
    }

    package func poll(_ effect: PreparedEffect, reference: String, _ tools: ActionTools) async -> ActionResult {
        let workflow = GitHubWorkflow(effect.payload, tools)
        do throws(RemoteFailure) {
            if reference.hasPrefix("pao-") { return try await find(workflow, effect, tools) }
            return try await workflow.result(of: try await workflow.run(reference))
        } catch {
            return error.waiting(reference, url: nil)
        }
    }

    /// The dispatch was taken, so that its run exists or will: one that shows the mark, else the only one since.
    private func find(_ workflow: GitHubWorkflow, _ effect: PreparedEffect, _ tools: ActionTools) async throws(RemoteFailure)
        -> ActionResult
    {
        let found = try await workflow.search()
        if let run = found.marked { return try await workflow.result(of: run) }
        if found.unmarked.count == 1 { return try await workflow.result(of: found.unmarked[0]) }
        guard found.unmarked.count > 1 else {
            return .waiting(reference: workflow.mark, url: nil, after: Lag.pause, reason: "looks for the run that was started")
        }
        throw RemoteFailure(
            StepFailure(
                "in_doubt",
                "\(effect.summary) was started, but \(found.unmarked.count) runs began since and none shows the key \(workflow.mark)."))
    }

    package func cleanupHint(outputs: JSON, reference: String?) -> String? {
        outputs["runUrl"]?.string.map { "Undo what the workflow run \($0) has done." }
    }
}

/// One workflow of one repository, and the runs of it that may be ours.
struct GitHubWorkflow: Sendable {
    private let payload: JSON
    private let tools: ActionTools
    private let github: GitHub
    let mark: String

    init(_ payload: JSON, _ tools: ActionTools) {
        self.payload = payload
        self.tools = tools
        github = GitHub(payload, tools)
        mark = payload["mark"]?.string ?? ""
    }

    var interval: Duration { payload["pollEvery"]?.string.flatMap { Duration(text: $0) } ?? .seconds(10) }

    private var path: String { "/actions/workflows/\(PercentEncoding.encode(payload["workflow"]?.string ?? ""))" }

    func dispatch(keyInput: String?) async throws(RemoteFailure) -> RemoteService.Answer {
        var inputs = payload["inputs"]?.object ?? JSONObject()
        if let keyInput { inputs[keyInput] = .string(mark) }
        let body: JSON = ["ref": payload["ref"] ?? "main", "inputs": .object(inputs), "return_run_details": true]
        return try await github.call("POST", path + "/dispatches", body: body, hints: payload["sandbox"] ?? .null)
    }

    func run(_ id: String) async throws(RemoteFailure) -> JSON {
        try await github.call("GET", "/actions/runs/\(PercentEncoding.encode(id))").body
    }

    /// Runs since the step began: the newest that shows our mark, and those that show nobody's.
    func search() async throws(RemoteFailure) -> (marked: JSON?, unmarked: [JSON]) {
        var query = "?event=workflow_dispatch&per_page=100"
        if let since = payload["since"]?.string, !since.isEmpty { query += "&created=\(PercentEncoding.encode(">=\(since.prefix(19))Z"))" }
        let runs = try await github.list(path + "/runs" + query, under: "workflow_runs", pages: 3)
        let titled = runs.map { (run: $0, title: "\($0["display_title"]?.string ?? "") \($0["name"]?.string ?? "")") }
        return (titled.first { $0.title.contains(mark) }?.run, titled.filter { !$0.title.contains("pao-") }.map(\.run))
    }

    private func conclusion(of run: JSON) -> String? { run["status"]?.string == "completed" ? run["conclusion"]?.string ?? "success" : nil }

    func hasFailed(_ run: JSON) -> Bool { conclusion(of: run).map { !isAccepted($0) } ?? false }

    private func isAccepted(_ conclusion: String) -> Bool {
        let accepted = payload["accepted"]?.array?.compactMap(\.string) ?? []
        return Verifier.isSuccess(conclusion) || accepted.contains(conclusion) || accepted.contains("completed")
    }

    func result(of run: JSON) async throws(RemoteFailure) -> ActionResult {
        let (id, url) = (run["id"].map(\.description) ?? "", run["html_url"]?.string)
        guard let conclusion = conclusion(of: run) else {
            let status = run["status"]?.string ?? "queued"
            return .waiting(reference: id, url: url, after: interval, reason: "the workflow is \(status.replacing("_", with: " "))")
        }
        tools.log("run \(id) ended: \(conclusion)")
        guard isAccepted(conclusion) else {
            return .failed(
                StepFailure(
                    "workflow_\(conclusion)", "The workflow run ended with \(conclusion): \(url ?? id)",
                    details: ["runId": .string(id), "runUrl": .optional(url), "conclusion": .string(conclusion)]))
        }
        let artifacts = try await github.list("/actions/runs/\(id)/artifacts?per_page=100", under: "artifacts", pages: 5)
        return .done(evidence: evidence(run, id, conclusion, artifacts.compactMap { $0["name"]?.string }), reference: id, url: url)
    }

    private func evidence(_ run: JSON, _ id: String, _ conclusion: String, _ artifacts: [String]) -> JSON {
        let outputs: JSON = [
            "runId": .string(id), "runUrl": run["html_url"] ?? .null, "conclusion": .string(conclusion),
            "artifacts": .array(artifacts.map(JSON.string)),
        ]
        return ["status": 200, "body": run, "outputs": outputs]
    }
}
