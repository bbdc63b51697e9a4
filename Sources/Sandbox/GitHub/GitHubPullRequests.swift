import Base
import Web

struct GitHubPullRequest: Sendable {
    let number: Int
    var title: String
    var body: String?
    /// Names of branches.
    let head: String
    let base: String
    let headSHA: String
    let createdAt: Timestamp
    var closedAt: Timestamp?
    var mergeSHA: String?

    var isOpen: Bool { closedAt == nil }

    func json(_ links: GitHubRepository.Links, _ git: GitObjects) -> JSON {
        [
            "number": .int(number), "id": .int(500_000 + number), "title": .string(title), "body": .optional(body),
            "state": .string(isOpen ? "open" : "closed"), "merged": .bool(mergeSHA != nil), "mergeable": .bool(isOpen), "draft": false,
            "merge_commit_sha": .optional(mergeSHA), "merged_at": mergeSHA == nil ? .null : .optional(closedAt?.secondsText),
            "closed_at": .optional(closedAt?.secondsText), "created_at": .string(createdAt.secondsText),
            "head": ["ref": .string(head), "sha": .string(git.references["heads/\(head)"] ?? headSHA)],
            "base": ["ref": .string(base), "sha": .optional(git.references["heads/\(base)"])],
            "url": "\(links.api)/pulls/\(number)", "html_url": "\(links.web)/pull/\(number)",
        ]
    }
}

extension GitHubRepository {
    /// `owner:branch` and `branch` name the same.
    private static func branch(_ text: String) -> String { text.splitOnce(":").1 ?? text }

    private func index(_ call: Call) -> Int? {
        let number = Int(call.path[4])
        return pulls.firstIndex { $0.number == number }
    }

    func pullList(_ call: Call) -> Response {
        let state = call.parameter("state") ?? "open"
        let found = pulls.reversed().filter { pull in
            (state == "all" || pull.isOpen == (state == "open"))
                && call.parameter("head").map { Self.branch($0) == pull.head } ?? true
                && call.parameter("base").map { $0 == pull.base } ?? true
        }
        return GitHubStandIn.page(call, found.map { $0.json(links(call), git) })
    }

    func pull(_ call: Call) -> Response { index(call).map { .json(pulls[$0].json(links(call), git)) } ?? GitHubStandIn.notFound }

    func isMerged(_ call: Call) -> Response {
        index(call).map { pulls[$0].mergeSHA != nil } == true ? Response(status: 204) : GitHubStandIn.notFound
    }

    mutating func createPull(_ call: Call, _ ledger: inout Ledger) -> Response {
        guard let title = call.text("title"), !title.isEmpty else {
            return GitHubStandIn.invalid("PullRequest", field: "title", code: "missing_field")
        }
        let head = Self.branch(call.text("head") ?? "")
        let target = call.text("base") ?? ""
        guard let sha = git.references["heads/\(head)"] else { return GitHubStandIn.invalid("PullRequest", field: "head", code: "invalid") }
        guard let baseSHA = git.references["heads/\(target)"] else {
            return GitHubStandIn.invalid("PullRequest", field: "base", code: "invalid")
        }
        guard sha != baseSHA else {
            return GitHubStandIn.invalid("PullRequest", field: "head", code: "custom", message: "No commits between \(target) and \(head)")
        }
        guard call.isDuplicate || !pulls.contains(where: { $0.isOpen && $0.head == head && $0.base == target }) else {
            let owner = call.path[1]
            return GitHubStandIn.invalid(
                "PullRequest", field: "head", code: "custom", message: "A pull request already exists for \(owner):\(head).")
        }
        let pull = GitHubPullRequest(
            number: pulls.count + 1, title: title, body: call.text("body"), head: head, base: target, headSHA: sha, createdAt: call.at)
        pulls.append(pull)
        ledger.count(Call.carriedKey(in: [head, title, pull.body ?? ""]))
        return .json(pull.json(links(call), git), status: 201)
    }

    mutating func editPull(_ call: Call) -> Response {
        guard let index = index(call) else { return GitHubStandIn.notFound }
        if let title = call.text("title") { pulls[index].title = title }
        if let body = call.text("body") { pulls[index].body = body }
        if call.text("state") == "closed", pulls[index].isOpen { pulls[index].closedAt = call.at }
        if call.text("state") == "open", pulls[index].mergeSHA == nil { pulls[index].closedAt = nil }
        return .json(pulls[index].json(links(call), git))
    }

    mutating func mergePull(_ call: Call) -> Response {
        guard let index = index(call) else { return GitHubStandIn.notFound }
        guard pulls[index].isOpen else { return GitHubStandIn.fault(405, "Pull Request is not mergeable") }
        merge(index, at: call.at)
        return .json(["sha": .optional(pulls[index].mergeSHA), "merged": true, "message": "Pull Request successfully merged"])
    }

    /// Files of the head win: the sandbox knows no conflicts.
    mutating func merge(_ index: Int, at time: Timestamp) {
        let pull = pulls[index]
        let head = git.references["heads/\(pull.head)"] ?? pull.headSHA
        let parents = [git.references["heads/\(pull.base)"], head].compactMap(\.self)
        let entries = (git.entries(of: pull.base) ?? [:]).merging(git.entries(of: head) ?? [:]) { _, new in new }
        let author: JSON = ["name": "Sandbox", "email": "sandbox@example.com", "date": .string(time.secondsText)]
        let tree = git.add(tree: entries)
        let message = "Merge pull request #\(pull.number) from \(pull.head)"
        let sha = git.add(commit: GitObjects.Commit(tree: tree, parents: parents, message: message, author: author))
        git.references["heads/\(pull.base)"] = sha
        pulls[index].mergeSHA = sha
        pulls[index].closedAt = time
    }
}
