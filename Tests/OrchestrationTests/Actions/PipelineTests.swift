import Base
import Catalog
import Integrations
import Testing

@testable import Orchestration

@Suite struct GitHubWorkflowTests {
    private func bench() -> ActionBench {
        var bench = ActionBench(
            GitHubWorkflowAction(),
            [
                "repository": "corp/deploy", "workflow": ".github/workflows/go.yml", "ref": "v1",
                "inputs": ["n": "{{fields.n}}", "count": 3, "none": .null],
            ])
        bench.fields = ["n": .string(hostile)]
        bench.services.github = GitHubService(token: "secret-token")
        return bench
    }

    private func run(_ conclusion: JSON = .null, title: String = "go pao-k3y", id: Int = 7) -> JSON {
        [
            "id": .int(id), "status": conclusion.isNull ? "in_progress" : "completed", "conclusion": conclusion,
            "display_title": .string(title),
            "html_url": .string("https://github.test/runs/\(id)"),
        ]
    }

    @Test("the dispatch carries the inputs literally, the key, and the token that no stored byte holds")
    func dispatch() async throws {
        let outside = Script((200, ["workflow_run_id": 7, "html_url": "https://github.test/runs/7"]))
        let bench = bench()
        #expect(try await bench.perform(outside).brief == "waiting 7: the workflow has been started")
        #expect(outside.lines == ["POST https://api.github.com/repos/corp/deploy/actions/workflows/go.yml/dispatches"])
        #expect(
            try JSON.parse(outside.body(0)) == [
                "ref": "v1", "inputs": ["n": .string(hostile), "count": "3", "pao_key": "pao-k3y"], "return_run_details": true,
            ])
        #expect(outside.header(0, "authorization") == "Bearer secret-token")
        #expect(try !bench.prepared().payload.description.contains("secret-token"))
    }

    @Test("a workflow without the input for the key is dispatched without it")
    func withoutKeyInput() async throws {
        let outside = Script((422, ["message": "Unexpected inputs provided: [\"pao_key\"]"]), (204, .null))
        #expect(try await bench().perform(outside).brief == "waiting pao-k3y: looks for the run that was started")
        #expect(try JSON.parse(outside.body(1))["inputs"] == ["n": .string(hostile), "count": "3"])
    }

    @Test("a run is found by its key, or as the only one since")
    func find() async throws {
        let other = run(title: "go pao-other", id: 8)
        #expect(
            try await bench().poll("pao-k3y", Script((200, ["workflow_runs": [other, run()]]))).brief
                == "waiting 7: the workflow is in progress")
        let plain = run(title: "go", id: 9)
        #expect(
            try await bench().poll("pao-k3y", Script((200, ["workflow_runs": [other, plain]]))).brief
                == "waiting 9: the workflow is in progress")
        let two: JSON = ["workflow_runs": [plain, run(title: "go", id: 10)]]
        #expect(try await bench().poll("pao-k3y", Script((200, two))).brief == "failed in_doubt")
    }

    @Test(
        "the end of a run is the end of the step",
        arguments: [
            ("success", "done 7"), ("neutral", "done 7"), ("failure", "failed workflow_failure"),
            ("cancelled", "failed workflow_cancelled"),
        ])
    func conclusions(_ conclusion: String, _ expected: String) async throws {
        let result = try await bench().poll("7", Script((200, run(.string(conclusion))), (200, ["artifacts": [["name": "plan"]]])))
        #expect(result.brief == expected)
        guard expected == "done 7" else { return }
        #expect(
            result.evidence["outputs"] == [
                "runId": "7", "runUrl": "https://github.test/runs/7", "conclusion": .string(conclusion), "artifacts": ["plan"],
            ])
    }

    @Test("doubt: found by key it happened; nothing since it is performed; unmarked runs are for a person")
    func doubt() async throws {
        var bench = bench()
        #expect(try await bench.perform(.cut).brief == "doubt cut")
        let found = Script((200, ["workflow_runs": [run()]]))
        #expect(try await bench.settle(found).brief == "happened: waiting 7: the workflow is in progress")
        #expect(found.lines[0].contains("created=%3E%3D2026-11-21T10%3A00%3A00Z"))
        #expect(try await bench.settle(Script((200, ["workflow_runs": []]))).brief == "later")
        bench.doubtAge = .seconds(13)
        #expect(try await bench.settle(Script((200, ["workflow_runs": []]))).brief == "perform")
        #expect(try await bench.settle(Script((200, ["workflow_runs": [run(title: "go")]]))).brief == "unknown")
        #expect(try await bench.settle(Script((502, [:]))).brief == "later")
    }

    @Test("a later try follows the run that an earlier one had started; a failed one is run anew")
    func laterTry() async throws {
        var bench = bench()
        bench.attempt = 2
        #expect(try await bench.perform(Script((200, ["workflow_runs": [run()]]))).brief == "waiting 7: the workflow is in progress")
        let outside = Script((200, ["workflow_runs": [run("failure")]]), (200, ["workflow_run_id": 11]))
        #expect(try await bench.perform(outside).brief == "waiting 11: the workflow has been started")
    }

    @Test("a rate limit is waited for")
    func rateLimit() async throws {
        let reset = "\(try #require(Timestamp("2026-11-21T10:02:00Z")).unixSeconds)"
        let limited = HTTPResponse(status: 403, headers: [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", reset)])
        guard case .failed(let failure) = try await bench().perform(Script(results: [.success(limited)])) else {
            Issue.record("not failed")
            return
        }
        #expect(failure.type == RemoteFailure.rateLimited && failure.retryAfter == .seconds(120))
    }

    @Test("the operator's token goes only to the operator's address")
    func foreignAddress() async throws {
        var bench = bench()
        bench.config["apiUrl"] = "https://evil.test"
        let outside = Script((200, ["workflow_run_id": 7]))
        _ = try await bench.perform(outside)
        #expect(outside.header(0, "authorization") == nil)
    }

    @Test("a repository is a name, not a path", arguments: ["corp", "corp/x/y", "../x", "corp/..", "a b/c", ""])
    func repository(_ name: String) {
        var bench = bench()
        bench.config["repository"] = .string(name)
        #expect(throws: StepFailure.self) { try bench.prepared() }
    }
}

@Suite struct GitLabPipelineTests {
    private func bench() -> ActionBench {
        var bench = ActionBench(GitLabPipelineAction(), ["project": "corp/deploy", "ref": "main", "variables": ["V": "{{fields.v}}"]])
        bench.fields = ["v": .string(hostile)]
        bench.services.gitlab = GitLabService(token: "glpat")
        return bench
    }

    private let running: JSON = ["id": 5, "status": "running", "web_url": "https://gitlab.test/5"]

    @Test("a pipeline is created with its variables and the key, and followed")
    func create() async throws {
        let outside = Script((201, running), (200, ["id": 5, "status": "success", "web_url": "https://gitlab.test/5"]))
        #expect(try await bench().perform(outside).brief == "waiting 5: the pipeline is running")
        #expect(
            try JSON.parse(outside.body(0)) == [
                "ref": "main", "variables": [["key": "V", "value": .string(hostile)], ["key": "PAO_KEY", "value": "pao-k3y"]],
            ])
        #expect(outside.header(0, "private-token") == "glpat")
        let done = try await bench().poll("5", outside)
        #expect(done.evidence["outputs"]?["pipelineUrl"] == "https://gitlab.test/5")
        #expect(outside.lines[1] == "GET https://gitlab.com/api/v4/projects/corp%2Fdeploy/pipelines/5")
    }

    @Test("doubt is settled by the variable that holds the key")
    func doubt() async throws {
        var bench = bench()
        #expect(try await bench.perform(.cut).brief == "doubt cut")
        let ours: JSON = [["key": "PAO_KEY", "value": "pao-k3y"]]
        let found = Script((200, [["id": 6], ["id": 5, "status": "running"]]), (200, []), (200, ours))
        #expect(try await bench.settle(found).brief == "happened: waiting 5: the pipeline is running")
        bench.doubtAge = .seconds(13)
        #expect(try await bench.settle(Script((200, []))).brief == "perform")
    }

    @Test("a pipeline that ends badly fails the step", arguments: ["failed", "canceled", "skipped"])
    func failures(_ status: String) async throws {
        #expect(try await bench().poll("5", Script((200, ["id": 5, "status": .string(status)]))).brief == "failed pipeline_\(status)")
    }
}
