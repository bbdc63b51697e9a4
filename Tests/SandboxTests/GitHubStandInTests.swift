import Base
import Testing
import Web

@testable import Sandbox

private let repository = "https://api.github.com/repos/acme/infra"

@Suite("GitHub stand-in")
struct GitHubStandInTests {
    /// A branch with one file in it, made by git objects.
    private func branch(_ name: String, in sandbox: SandboxHarness) async throws -> String {
        let main = try #require(await sandbox.send("GET", "\(repository)/git/ref/heads/main").json["object"]?["sha"]?.string)
        let tree = await sandbox.send(
            "POST", "\(repository)/git/trees",
            ["base_tree": .string(main), "tree": [["path": "a/main.tf", "mode": "100644", "content": "x"]]])
        let commit = await sandbox.send(
            "POST", "\(repository)/git/commits",
            ["message": "Add", "tree": tree.json["sha"] ?? .null, "parents": [.string(main)], "author": ["date": "2026-01-01T00:00:00Z"]])
        let sha = try #require(commit.json["sha"]?.string)
        let made = await sandbox.send("POST", "\(repository)/git/refs", ["ref": "refs/heads/\(name)", "sha": .string(sha)])
        #expect(made.status == 201)
        return sha
    }

    @Test("a file is made, replaced only by its id, read and listed")
    func contents() async throws {
        let sandbox = try SandboxHarness()
        let file = "\(repository)/contents/env/dev.tf"
        let content = JSON.string(Base64.encode(Array("one".utf8)))
        let made = await sandbox.send("PUT", file, ["message": "Add", "content": content])
        #expect(made.status == 201)
        #expect(await sandbox.send("PUT", file, ["message": "Change", "content": content]).status == 422)
        #expect(await sandbox.send("PUT", file, ["message": "Change", "content": content, "sha": "0"]).status == 409)
        let sha = try #require(made.json["content"]?["sha"])
        #expect(await sandbox.send("PUT", file, ["message": "Change", "content": content, "sha": sha]).status == 200)
        #expect(await sandbox.send("GET", file).json["content"] == "b25l\n")
        #expect(await sandbox.send("GET", "\(repository)/contents").json.array?.count == 2)
        #expect(await sandbox.send("GET", "\(repository)/contents/env").json[0]?["name"] == "dev.tf")
        #expect(await sandbox.send("DELETE", file, ["message": "Drop", "sha": sha]).status == 200)
        #expect(await sandbox.send("GET", file).status == 404)
    }

    @Test("the same tree, parent, message and author give the same commit")
    func deterministic() async throws {
        #expect(try await branch("a", in: SandboxHarness()) == branch("b", in: SandboxHarness()))
    }

    @Test("a pull request goes from a branch to its merge and is counted under its branch's key")
    func pullRequest() async throws {
        let sandbox = try SandboxHarness()
        _ = try await branch("pao-k1", in: sandbox)
        let pull: JSON = ["title": "Add", "head": "pao-k1", "base": "main"]
        #expect(await sandbox.send("POST", "\(repository)/pulls", pull).json["number"] == 1)
        let second = await sandbox.send("POST", "\(repository)/pulls", pull)
        #expect(second.status == 422)
        #expect(second.json["errors"]?[0]?["message"] == "A pull request already exists for acme:pao-k1.")
        #expect(await sandbox.send("GET", "\(repository)/pulls?head=acme:pao-k1").json.array?.count == 1)
        await sandbox.send("POST", "/_sandbox/advance", ["match": "k1"])
        let merged = await sandbox.send("GET", "\(repository)/pulls/1")
        #expect(merged.json["merged"] == true)
        #expect(await sandbox.send("GET", "\(repository)/contents/a/main.tf?ref=main").status == 200)
        #expect(await sandbox.effects("k1") == 1)
    }

    @Test(
        "what cannot be is a 404 or 422 in GitHub's shape",
        arguments: [
            ("GET", "/git/ref/heads/none", nil, 404), ("GET", "/pulls/7", nil, 404), ("GET", "/actions/runs/1", nil, 404),
            ("GET", "/nothing", nil, 404),
            ("POST", "/pulls", ["title": "x", "head": "none", "base": "main"], 422),
            ("POST", "/pulls", ["title": "x", "head": "main", "base": "main"], 422),
            ("POST", "/git/refs", ["ref": "heads/x"], 422), ("POST", "/git/commits", ["message": "x", "tree": "0"], 422),
            ("POST", "/actions/workflows/a.yml/dispatches", [:], 422), ("PATCH", "/git/refs/heads/none", ["sha": "0"], 422),
        ] as [(String, String, JSON?, Int)])
    func refuses(method: String, path: String, body: JSON?, status: Int) async throws {
        let answer = try await SandboxHarness().send(method, repository + path, body)
        #expect(answer.status == status)
        #expect(answer.json["message"]?.string != nil)
        #expect(answer.json["documentation_url"]?.string != nil)
    }

    @Test("a dispatched run shows after a second, ends by itself and leaves its artifacts")
    func workflowRun() async throws {
        let sandbox = try SandboxHarness()
        let dispatches = "\(repository)/actions/workflows/deploy.yml/dispatches"
        let answer = await sandbox.send(
            "POST", dispatches, ["ref": "main", "inputs": ["app": "orders", "key": "pao-k1"]],
            headers: ["X-Pao-Sandbox-Expect": #"[{"type":"artifact-exists","artifacts":["plan"]}]"#])
        #expect(answer.status == 204)
        #expect(await sandbox.effects("k1") == 1)
        #expect(await sandbox.send("GET", "\(repository)/actions/runs").json["total_count"] == 0)
        sandbox.pass(.seconds(1))
        let runs = await sandbox.send("GET", "\(repository)/actions/workflows/deploy.yml/runs?created=%3E%3D2027-01-15T08:00:00Z")
        #expect(runs.json["total_count"] == 1)
        #expect(runs.json["workflow_runs"]?[0]?["display_title"] == "deploy.yml orders pao-k1")
        #expect(runs.json["workflow_runs"]?[0]?["conclusion"] == "success")
        let id = try #require(runs.json["workflow_runs"]?[0]?["id"]?.int)
        #expect(await sandbox.send("GET", "\(repository)/actions/runs/\(id)/artifacts").json["artifacts"]?[0]?["name"] == "plan")
        #expect(await sandbox.send("POST", "\(repository)/actions/runs/\(id)/rerun").status == 201)
        #expect(await sandbox.effects("k1") == 2)
    }

    @Test("with return_run_details the run's id comes back at once, and advance can make it fail")
    func runDetails() async throws {
        let sandbox = try SandboxHarness()
        let answer = await sandbox.send(
            "POST", "\(repository)/actions/workflows/deploy.yml/dispatches", ["ref": "main", "return_run_details": true])
        let id = try #require(answer.json["workflow_run_id"]?.int)
        #expect(await sandbox.send("GET", "\(repository)/actions/runs/\(id)").json["status"] == "queued")
        await sandbox.send("POST", "/_sandbox/advance", ["match": "deploy.yml", "outcome": "failure"])
        #expect(await sandbox.send("GET", "\(repository)/actions/runs/\(id)").json["conclusion"] == "failure")
    }

    @Test(
        "created filters by time",
        arguments: [
            (">=2027-01-15", true), (">2027-01-15T08:00:00Z", false), ("2027-01-15", true), ("2027-01-01..2027-01-14", false),
            ("*..2027-01-16", true), ("<2027-01-15", false),
        ])
    func created(filter: String, matches: Bool) {
        #expect(CreatedFilter(filter).matches(Timestamp(milliseconds: 1_800_000_000_000)) == matches)
    }

    @Test("lists are cut into pages that link to each other")
    func pages() async throws {
        let sandbox = try SandboxHarness(options: SandboxOptions(searchLag: .zero))
        for _ in 1...5 { await sandbox.send("POST", "\(repository)/actions/workflows/a.yml/dispatches", ["ref": "main"]) }
        let answer = await sandbox.send("GET", "\(repository)/actions/runs?per_page=2&page=2")
        #expect(answer.json["workflow_runs"]?.array?.count == 2)
        #expect(answer.json["total_count"] == 5)
        let link = try #require(answer.headers["Link"])
        #expect(link.contains("<\(repository)/actions/runs?per_page=2&page=3>; rel=\"next\""))
        #expect(link.contains("page=1>; rel=\"prev\""))
    }

    @Test("every answer tells the rate limit, and above it there is a 403 without effect")
    func rateLimit() async throws {
        let sandbox = try SandboxHarness(file: temporaryFile(), options: SandboxOptions(gitHubRateLimit: 2))
        #expect(await sandbox.send("GET", "\(repository)").headers["X-RateLimit-Remaining"] == "1")
        await sandbox.send("GET", "\(repository)")
        let refused = await sandbox.send("POST", "\(repository)/actions/workflows/a.yml/dispatches", ["ref": "main"])
        #expect(refused.status == 403)
        #expect(refused.headers["X-RateLimit-Remaining"] == "0")
        #expect(await sandbox.state()["unkeyed"] == 0)
        try sandbox.restart()
        #expect(await sandbox.state()["unkeyed"] == 0)
        sandbox.pass(.seconds(3600))
        #expect(await sandbox.send("GET", "\(repository)").status == 200)
    }

    @Test("the combined status of a commit is that of its worst context")
    func statuses() async throws {
        let sandbox = try SandboxHarness()
        let sha = try await branch("x", in: sandbox)
        await sandbox.send("POST", "\(repository)/statuses/\(sha)", ["state": "success", "context": "a"])
        #expect(await sandbox.send("GET", "\(repository)/commits/\(sha)/status").json["state"] == "success")
        await sandbox.send("POST", "\(repository)/statuses/\(sha)", ["state": "failure", "context": "b"])
        #expect(await sandbox.send("GET", "\(repository)/commits/x/status").json["state"] == "failure")
        #expect(await sandbox.send("POST", "\(repository)/statuses/\(sha)", ["state": "great"]).status == 422)
    }

    @Test("an enterprise address answers the same")
    func enterprise() async throws {
        let answer = try await SandboxHarness().send("GET", "https://git.example.com/api/v3/repos/acme/infra/branches/main")
        #expect(answer.json["name"] == "main")
    }
}
