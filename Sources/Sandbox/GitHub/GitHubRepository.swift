import Base
import Web

/// One repository with all that hangs on it.
struct GitHubRepository: Sendable {
    let name: String
    let options: SandboxOptions
    var git = GitObjects()
    var pulls: [GitHubPullRequest] = []
    var runs: [GitHubRun] = []
    var statuses: [String: [JSON]] = [:]
    var comments: [Int: [JSON]] = [:]

    init(_ name: String, _ options: SandboxOptions) {
        self.name = name
        self.options = options
    }

    func read(_ call: Call) -> Response {
        switch call {
        case "GET /repos/*/*": .json(description(call))
        case "GET /repos/*/*/contents/**": contents(call)
        case "GET /repos/*/*/contents": contents(call)
        case "GET /repos/*/*/branches": branches(call)
        case "GET /repos/*/*/branches/**": branch(call)
        case "GET /repos/*/*/git/ref/**", "GET /repos/*/*/git/refs/**": reference(call)
        case "GET /repos/*/*/git/matching-refs/**": matchingReferences(call)
        case "GET /repos/*/*/git/commits/*": gitCommit(call)
        case "GET /repos/*/*/git/trees/**": tree(call)
        case "GET /repos/*/*/git/blobs/*": blob(call)
        case "GET /repos/*/*/commits/*": commit(call)
        case "GET /repos/*/*/commits/*/status": combinedStatus(call)
        case "GET /repos/*/*/commits/*/statuses": statusList(call)
        case "GET /repos/*/*/pulls": pullList(call)
        case "GET /repos/*/*/pulls/*": pull(call)
        case "GET /repos/*/*/pulls/*/merge": isMerged(call)
        case "GET /repos/*/*/issues/*/comments": GitHubStandIn.page(call, comments[Int(call.path[4]) ?? 0] ?? [])
        case "GET /repos/*/*/actions/runs": runList(call, workflow: nil)
        case "GET /repos/*/*/actions/workflows/*/runs": runList(call, workflow: call.path[5])
        case "GET /repos/*/*/actions/runs/*": run(call)
        case "GET /repos/*/*/actions/runs/*/jobs": jobs(call)
        case "GET /repos/*/*/actions/runs/*/artifacts": artifacts(call)
        default: GitHubStandIn.notFound
        }
    }

    mutating func change(_ call: Call, _ ledger: inout Ledger, _ minter: inout Minter) -> Response {
        switch call {
        case "PUT /repos/*/*/contents/**": putContents(call)
        case "DELETE /repos/*/*/contents/**": deleteContents(call)
        case "POST /repos/*/*/git/blobs": createBlob(call)
        case "POST /repos/*/*/git/trees": createTree(call)
        case "POST /repos/*/*/git/commits": createCommit(call)
        case "POST /repos/*/*/git/refs": createReference(call)
        case "PATCH /repos/*/*/git/refs/**": moveReference(call)
        case "DELETE /repos/*/*/git/refs/**": deleteReference(call)
        case "POST /repos/*/*/pulls": createPull(call, &ledger)
        case "PATCH /repos/*/*/pulls/*": editPull(call)
        case "PUT /repos/*/*/pulls/*/merge": mergePull(call)
        case "POST /repos/*/*/issues/*/comments": createComment(call, &minter)
        case "POST /repos/*/*/statuses/*": createStatus(call, &minter)
        case "POST /repos/*/*/actions/workflows/*/dispatches": dispatch(call, &ledger, &minter)
        case "POST /repos/*/*/actions/runs/*/cancel": cancelRun(call)
        case "POST /repos/*/*/actions/runs/*/rerun": rerun(call, &ledger)
        default: GitHubStandIn.notFound
        }
    }

    mutating func advance(_ step: Advance) -> [String] {
        var moved: [String] = []
        for index in runs.indices where step.means(names: ["\(runs[index].id)", runs[index].workflow, name], texts: [runs[index].title]) {
            if runs[index].course.finish(step.succeeds ? .succeeded : .failed, at: step.at) {
                moved.append("\(name) run \(runs[index].id)")
            }
        }
        for index in pulls.indices where pulls[index].isOpen {
            guard step.means(names: ["\(pulls[index].number)", pulls[index].head, name], texts: [pulls[index].title, pulls[index].head])
            else {
                continue
            }
            if step.succeeds { merge(index, at: step.at) } else { pulls[index].closedAt = step.at }
            moved.append("\(name)#\(pulls[index].number)")
        }
        return moved
    }

    func state(at now: Timestamp) -> JSON {
        let links = Links(api: "https://api.github.com/repos/\(name)", web: "https://github.com/\(name)")
        return [
            "branches": .object(JSONObject(git.references.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
            "pulls": .array(pulls.map { $0.json(links, git) }),
            "runs": .array(runs.map { $0.json(links, at: now) }),
        ]
    }

    /// Where links lead.
    struct Links {
        let api: String
        let web: String
    }

    func links(_ call: Call) -> Links {
        let isPublic = call.host == "api.github.com"
        let api = isPublic ? call.origin : call.origin + (call.rawPath.hasPrefix("/api/v3") ? "/api/v3" : "")
        return Links(api: "\(api)/repos/\(name)", web: "\(isPublic ? "https://github.com" : call.origin)/\(name)")
    }

    private func description(_ call: Call) -> JSON {
        [
            "full_name": .string(name), "name": .string(call.path[2]), "owner": ["login": .string(call.path[1])], "private": true,
            "default_branch": "main", "url": .string(links(call).api), "html_url": .string(links(call).web),
        ]
    }

    /// The segments after the fixed part of a path, as one name.
    func rest(_ call: Call, after count: Int) -> String { call.path.dropFirst(count).joined(separator: "/") }
}

// Commit statuses and comments.
extension GitHubRepository {
    private mutating func createStatus(_ call: Call, _ minter: inout Minter) -> Response {
        let sha = call.path[4]
        guard git.commits[sha] != nil else { return GitHubStandIn.fault(422, "No commit found for SHA: \(sha)") }
        guard let state = call.text("state"), ["error", "failure", "pending", "success"].contains(state) else {
            return GitHubStandIn.invalid("Status", field: "state", code: "custom", message: "state is not included in the list")
        }
        let status: JSON = [
            "id": .int(minter.number(from: 7000)), "state": .string(state), "context": .string(call.text("context") ?? "default"),
            "description": .optional(call.text("description")), "target_url": .optional(call.text("target_url")),
            "created_at": .string(call.at.secondsText),
        ]
        statuses[sha, default: []].insert(status, at: 0)
        return .json(status, status: 201)
    }

    private func statusList(_ call: Call) -> Response {
        guard let sha = git.commitSHA(of: call.path[4]) else { return GitHubStandIn.fault(422, "No commit found for SHA: \(call.path[4])") }
        return GitHubStandIn.page(call, statuses[sha] ?? [])
    }

    private func combinedStatus(_ call: Call) -> Response {
        guard let sha = git.commitSHA(of: call.path[4]) else { return GitHubStandIn.notFound }
        var latest: [String: JSON] = [:]
        for status in (statuses[sha] ?? []).reversed() { latest[status["context"]?.string ?? ""] = status }
        let states = latest.values.compactMap { $0["state"]?.string }
        let state =
            states.contains { $0 == "error" || $0 == "failure" }
            ? "failure" : states.isEmpty || states.contains("pending") ? "pending" : "success"
        let list = latest.sorted { $0.key < $1.key }.map(\.value)
        return .json(["sha": .string(sha), "state": .string(state), "total_count": .int(list.count), "statuses": .array(list)])
    }

    private mutating func createComment(_ call: Call, _ minter: inout Minter) -> Response {
        guard let number = Int(call.path[4]), pulls.contains(where: { $0.number == number }) else { return GitHubStandIn.notFound }
        guard let body = call.text("body") else { return GitHubStandIn.invalid("IssueComment", field: "body", code: "missing_field") }
        let comment: JSON = [
            "id": .int(minter.number(from: 8000)), "body": .string(body), "user": ["login": "sandbox"],
            "created_at": .string(call.at.secondsText),
        ]
        comments[number, default: []].append(comment)
        return .json(comment, status: 201)
    }
}
