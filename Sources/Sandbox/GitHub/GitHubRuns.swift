import Base
import Web

/// One run of a workflow.
struct GitHubRun: Sendable {
    let id: Int
    let number: Int
    let workflow: String
    let ref: String
    let headSHA: String
    let inputs: JSONObject
    let artifacts: [String]
    /// Of the step that dispatched it: GitHub's runs have no outputs, the sandbox makes those up that a document reads.
    let hints: Hints
    let createdAt: Timestamp
    var attempt = 1
    var course: Course

    /// What `run-name: ... ${{ inputs.x }}` would make: the workflow and the values of its inputs.
    var title: String { ([workflow] + inputs.map { $0.value.string ?? $0.value.description }).joined(separator: " ") }

    func status(at now: Timestamp) -> (status: String, conclusion: String?) {
        switch course.phase(at: now) {
        case .waiting: ("queued", nil)
        case .running: ("in_progress", nil)
        case .succeeded: ("completed", "success")
        case .failed: ("completed", "failure")
        case .cancelled: ("completed", "cancelled")
        }
    }

    func json(_ links: GitHubRepository.Links, at now: Timestamp) -> JSON {
        let status = status(at: now)
        let json: JSON = [
            "id": .int(id), "run_number": .int(number), "run_attempt": .int(attempt),
            "name": .string(workflow.splitOnce(".").0), "display_title": .string(title), "event": "workflow_dispatch",
            "path": ".github/workflows/\(workflow)@\(ref)", "head_branch": .string(ref), "head_sha": .string(headSHA),
            "status": .string(status.status), "conclusion": .optional(status.conclusion),
            "created_at": .string(createdAt.secondsText), "run_started_at": .string(course.start.secondsText),
            "updated_at": .string((course.ended(at: now) ?? now).secondsText),
            "url": "\(links.api)/actions/runs/\(id)", "html_url": "\(links.web)/actions/runs/\(id)",
            "artifacts_url": "\(links.api)/actions/runs/\(id)/artifacts", "jobs_url": "\(links.api)/actions/runs/\(id)/jobs",
        ]
        return status.conclusion == nil ? json : hints.filled(json, id: "\(id)")
    }
}

extension GitHubRepository {
    private func runIndex(_ call: Call) -> Int? {
        let id = Int(call.path[5])
        return runs.firstIndex { $0.id == id }
    }

    /// 204 without a body; with `return_run_details` 200 and the run's id.
    mutating func dispatch(_ call: Call, _ ledger: inout Ledger, _ minter: inout Minter) -> Response {
        guard let ref = call.text("ref"), !ref.isEmpty else {
            return GitHubStandIn.fault(422, "Invalid request.\n\n\"ref\" wasn't supplied.")
        }
        let inputs = call.json?["inputs"]?.object ?? JSONObject()
        guard inputs.count <= 25 else {
            return GitHubStandIn.fault(422, "you may only define up to 25 `inputs` for a `workflow_dispatch` event")
        }
        let expected = call.hints.expectations(ofType: "artifact-exists").flatMap { $0["artifacts"]?.array?.compactMap(\.string) ?? [] }
        let run = GitHubRun(
            id: minter.number(from: 9_000_000_000), number: runs.count + 1, workflow: call.path[5], ref: Self.shortName(ref),
            headSHA: git.commitSHA(of: ref) ?? git.references["heads/main"] ?? "", inputs: inputs,
            artifacts: expected.isEmpty ? ["\(call.path[5].splitOnce(".").0)-output"] : expected, hints: call.hints, createdAt: call.at,
            course: Course(start: call.at, length: options.runTime))
        runs.append(run)
        ledger.count(run.key)
        guard call.json?["return_run_details"]?.bool == true else { return Response(status: 204) }
        return .json([
            "workflow_run_id": .int(run.id), "run_url": "\(links(call).api)/actions/runs/\(run.id)",
            "html_url": "\(links(call).web)/actions/runs/\(run.id)",
        ])
    }

    private static func shortName(_ ref: String) -> String {
        for prefix in ["refs/heads/", "refs/tags/"] where ref.hasPrefix(prefix) { return String(ref.dropFirst(prefix.count)) }
        return ref
    }

    func runList(_ call: Call, workflow: String?) -> Response {
        let created = call.parameter("created").map(CreatedFilter.init)
        let visible = call.at - options.searchLag
        let found = runs.reversed().filter { run in
            let status = run.status(at: call.at)
            return run.createdAt <= visible && workflow.map { $0 == run.workflow } ?? true && created?.matches(run.createdAt) ?? true
                && call.parameter("branch").map { $0 == run.ref } ?? true
                && call.parameter("event").map { $0 == "workflow_dispatch" } ?? true
                && call.parameter("head_sha").map { $0 == run.headSHA } ?? true
                && call.parameter("status").map { $0 == status.status || $0 == status.conclusion } ?? true
        }
        return GitHubStandIn.page(call, found.map { $0.json(links(call), at: call.at) }, under: "workflow_runs")
    }

    func run(_ call: Call) -> Response { runIndex(call).map { .json(runs[$0].json(links(call), at: call.at)) } ?? GitHubStandIn.notFound }

    func jobs(_ call: Call) -> Response {
        guard let run = runIndex(call).map({ runs[$0] }) else { return GitHubStandIn.notFound }
        let status = run.status(at: call.at)
        let job: JSON = [
            "id": .int(run.id * 10), "run_id": .int(run.id), "name": .string(run.workflow.splitOnce(".").0),
            "status": .string(status.status),
            "conclusion": .optional(status.conclusion), "html_url": "\(links(call).web)/actions/runs/\(run.id)/job/\(run.id * 10)",
        ]
        return GitHubStandIn.page(call, [job], under: "jobs")
    }

    /// There when the run has succeeded.
    func artifacts(_ call: Call) -> Response {
        guard let run = runIndex(call).map({ runs[$0] }) else { return GitHubStandIn.notFound }
        let names = run.course.phase(at: call.at) == .succeeded ? run.artifacts : []
        let list = names.enumerated().map { index, name -> JSON in
            [
                "id": .int(run.id * 100 + index), "name": .string(name), "size_in_bytes": 1024, "expired": false,
                "archive_download_url": "\(links(call).api)/actions/artifacts/\(run.id * 100 + index)/zip",
            ]
        }
        return GitHubStandIn.page(call, list, under: "artifacts")
    }

    mutating func cancelRun(_ call: Call) -> Response {
        guard let index = runIndex(call) else { return GitHubStandIn.notFound }
        guard runs[index].course.finish(.cancelled, at: call.at) else {
            return GitHubStandIn.fault(409, "Cannot cancel a workflow run that is completed.")
        }
        return .json([:], status: 202)
    }

    mutating func rerun(_ call: Call, _ ledger: inout Ledger) -> Response {
        guard let index = runIndex(call) else { return GitHubStandIn.notFound }
        guard runs[index].course.ended(at: call.at) != nil else { return GitHubStandIn.fault(403, "The workflow run is already running") }
        runs[index].attempt += 1
        runs[index].course = Course(start: call.at, length: options.runTime)
        ledger.count(runs[index].key)
        return .json([:], status: 201)
    }
}

extension GitHubRun {
    /// An input named for it, or one that carries `pao-<key>`.
    var key: String? {
        for name in ["pao_key", "idempotency_key"] {
            if let value = inputs[name]?.string { return Call.carriedKey(in: [value]) ?? value }
        }
        return Call.carriedKey(in: inputs.compactMap(\.value.string))
    }
}

/// The query parameter `created` in GitHub's notation: `>=T`, `>T`, `<=T`, `<T`, `A..B` (either may be `*`), or a day.
struct CreatedFilter {
    private var earliest: Timestamp?
    private var latest: Timestamp?

    init(_ text: String) {
        if let range = text.firstRange(of: "..") {
            earliest = Self.timestamp(text[..<range.lowerBound])
            latest = Self.timestamp(text[range.upperBound...])
        } else if let first = text.first, first == ">" || first == "<" {
            let isInclusive = text.dropFirst().first == "="
            let bound = Self.timestamp(text.dropFirst(isInclusive ? 2 : 1))
            if first == ">" { earliest = isInclusive ? bound : bound.map { $0 + .seconds(1) } }
            if first == "<" { latest = isInclusive ? bound : bound.map { $0 - .seconds(1) } }
        } else {
            earliest = Self.timestamp(text[...])
            latest = text.utf8.count == 10 ? earliest.map { $0 + .seconds(86_399) } : earliest
        }
    }

    private static func timestamp(_ text: Substring) -> Timestamp? {
        Timestamp(text.utf8.count == 10 ? text + "T00:00:00Z" : String(text))
    }

    /// By whole seconds: that is what GitHub shows.
    func matches(_ time: Timestamp) -> Bool {
        (earliest.map { time.unixSeconds >= $0.unixSeconds } ?? true) && (latest.map { time.unixSeconds <= $0.unixSeconds } ?? true)
    }
}
