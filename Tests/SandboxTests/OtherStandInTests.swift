import Base
import Testing
import Web

@testable import Sandbox

@Suite("Terraform Cloud stand-in")
struct TerraformStandInTests {
    private let base = "https://app.terraform.io/api/v2"

    private func workspace(_ sandbox: SandboxHarness, autoApply: Bool = false) async throws -> String {
        let body: JSON = ["data": ["type": "workspaces", "attributes": ["name": "orders", "auto-apply": .bool(autoApply)]]]
        let answer = await sandbox.send("POST", "\(base)/organizations/acme/workspaces", body)
        #expect(answer.status == 201)
        return try #require(answer.json["data"]?["id"]?.string)
    }

    private func run(_ sandbox: SandboxHarness, _ workspace: String, headers: Headers = [:]) async throws -> String {
        let body: JSON = [
            "data": [
                "attributes": ["message": "request req-1 pao-k1"],
                "relationships": ["workspace": ["data": ["type": "workspaces", "id": .string(workspace)]]],
            ]
        ]
        let answer = await sandbox.send("POST", "\(base)/runs", body, headers: headers)
        #expect(answer.status == 201)
        return try #require(answer.json["data"]?["id"]?.string)
    }

    private func status(_ sandbox: SandboxHarness, _ run: String) async -> String? {
        await sandbox.send("GET", "\(base)/runs/\(run)").json["data"]?["attributes"]?["status"]?.string
    }

    @Test("a run is planned, waits to be applied and leaves its outputs in the state")
    func applies() async throws {
        let sandbox = try SandboxHarness()
        let workspace = try await workspace(sandbox)
        let run = try await run(
            sandbox, workspace,
            headers: [
                "X-Pao-Sandbox-Outputs": #"{"endpoint": "endpoint", "password": {"path": "password", "sensitive": true}}"#,
                "X-Pao-Sandbox-Expect": #"[{"type":"terraform-state","resourceCount":2,"requiredOutputs":["arn"]}]"#,
            ])
        #expect(await status(sandbox, run) == "pending")
        #expect(await sandbox.send("POST", "\(base)/runs/\(run)/actions/apply").status == 409)
        sandbox.pass(.seconds(1))
        #expect(await status(sandbox, run) == "planned")
        #expect(await sandbox.send("GET", "\(base)/workspaces/\(workspace)/current-state-version").status == 404)
        #expect(await sandbox.send("POST", "\(base)/runs/\(run)/actions/apply").status == 202)
        sandbox.pass(.seconds(1))
        #expect(await status(sandbox, run) == "applied")
        let state = await sandbox.send("GET", "\(base)/workspaces/\(workspace)/current-state-version?include=outputs").json
        #expect(state["data"]?["attributes"]?["resources"]?.array?.count == 2)
        let names = state["included"]?.array?.compactMap { $0["attributes"]?["name"]?.string }
        #expect(names == ["endpoint", "password", "arn"])
        let outputs = await sandbox.send("GET", "\(base)/workspaces/\(workspace)/current-state-version-outputs").json["data"]
        #expect(outputs?[0]?["attributes"]?["value"]?.string?.hasPrefix("sandbox-endpoint-") == true)
        #expect(outputs?[1]?["attributes"]?["value"] == .null)
        #expect(await sandbox.effects("k1") == 1)
    }

    @Test("with auto-apply a run ends by itself")
    func autoApply() async throws {
        let sandbox = try SandboxHarness()
        let run = try await run(sandbox, workspace(sandbox, autoApply: true))
        sandbox.pass(.seconds(2))
        #expect(await status(sandbox, run) == "applied")
    }

    @Test("a run is found by its message a second later, and advance can make it fail")
    func searchAndFail() async throws {
        let sandbox = try SandboxHarness()
        let workspace = try await workspace(sandbox)
        let run = try await run(sandbox, workspace)
        let search = "\(base)/workspaces/\(workspace)/runs?search%5Bbasic%5D=pao-k1"
        #expect(await sandbox.send("GET", search).json["data"] == [])
        await sandbox.send("POST", "/_sandbox/advance", ["match": "orders", "outcome": "failure"])
        sandbox.pass(.seconds(1))
        #expect(await sandbox.send("GET", search).json["meta"]?["pagination"]?["total-count"] == 1)
        #expect(await status(sandbox, run) == "errored")
    }

    @Test("a configuration is uploaded before it is run")
    func configuration() async throws {
        let sandbox = try SandboxHarness()
        let workspace = try await workspace(sandbox)
        let made = await sandbox.send("POST", "\(base)/workspaces/\(workspace)/configuration-versions", ["data": ["attributes": [:]]])
        let id = try #require(made.json["data"]?["id"]?.string)
        let address = try #require(made.json["data"]?["attributes"]?["upload-url"]?.string)
        #expect(await sandbox.send("PUT", address, raw: [0x1F, 0x8B, 0xFF]).status == 200)
        let configuration = await sandbox.send("GET", "\(base)/configuration-versions/\(id)")
        #expect(configuration.json["data"]?["attributes"]?["status"] == "uploaded")
        #expect(configuration.json["data"]?["attributes"]?["upload-url"] == .null)
    }

    @Test("names and keys are taken once, sensitive values are not given back, and errors have JSON:API's shape")
    func errors() async throws {
        let sandbox = try SandboxHarness()
        let workspace = try await workspace(sandbox)
        let again = await sandbox.send("POST", "\(base)/organizations/acme/workspaces", ["data": ["attributes": ["name": "orders"]]])
        #expect(again.status == 422)
        #expect(again.json["errors"]?[0]?["source"]?["pointer"] == "/data/attributes/name")
        let variable: JSON = ["data": ["attributes": ["key": "token", "value": "x", "sensitive": true]]]
        let made = await sandbox.send("POST", "\(base)/workspaces/\(workspace)/vars", variable)
        #expect(made.json["data"]?["attributes"]?["value"] == .null)
        #expect(await sandbox.send("POST", "\(base)/workspaces/\(workspace)/vars", variable).status == 422)
        let missing = await sandbox.send("GET", "\(base)/organizations/acme/workspaces/none")
        #expect(missing.status == 404)
        #expect(missing.headers["Content-Type"] == "application/vnd.api+json")
        #expect(missing.headers["X-RateLimit-Limit"] == "30")
    }
}

@Suite("GitLab stand-in")
struct GitLabStandInTests {
    private let base = "https://gitlab.com/api/v4/projects/acme%2Finfra"

    @Test("a pipeline of a project named by its path runs to success and is found by its variable")
    func pipeline() async throws {
        let sandbox = try SandboxHarness()
        let made = await sandbox.send("POST", "\(base)/pipeline", ["ref": "main", "variables": [["key": "KEY", "value": "pao-k1"]]])
        #expect(made.status == 201)
        let id = try #require(made.json["id"]?.int)
        #expect(await sandbox.effects("k1") == 1)
        #expect(await sandbox.send("GET", "\(base)/pipelines").json == [])
        sandbox.pass(.seconds(1))
        let list = await sandbox.send("GET", "\(base)/pipelines?ref=main&per_page=1")
        #expect(list.json[0]?["status"] == "success")
        #expect(list.headers["X-Total"] == "1")
        #expect(list.headers["RateLimit-Limit"] == "2000")
        #expect(await sandbox.send("GET", "\(base)/pipelines/\(id)/variables").json[0]?["value"] == "pao-k1")
    }

    @Test("a trigger takes a form and needs a token and a ref")
    func trigger() async throws {
        let sandbox = try SandboxHarness()
        let form: Headers = ["Content-Type": "application/x-www-form-urlencoded"]
        let send = { (text: String) in await sandbox.send("POST", "\(base)/trigger/pipeline", headers: form, raw: Array(text.utf8)) }
        #expect(await send("ref=main").json == ["error": "token is missing"])
        #expect(await send("token=t").json == ["error": "ref is missing"])
        #expect(await send("token=t&ref=main&variables[KEY]=pao-k2").status == 201)
        #expect(await sandbox.effects("k2") == 1)
    }

    @Test("advance can make a pipeline fail, and what is not there is a 404")
    func advance() async throws {
        let sandbox = try SandboxHarness()
        let id = try #require(await sandbox.send("POST", "\(base)/pipeline", ["ref": "main"]).json["id"]?.int)
        await sandbox.send("POST", "/_sandbox/advance", ["outcome": "failure"])
        #expect(await sandbox.send("GET", "\(base)/pipelines/\(id)").json["status"] == "failed")
        #expect(await sandbox.send("GET", "\(base)/pipelines/1").status == 404)
    }
}

@Suite("ServiceNow stand-in")
struct ServiceNowStandInTests {
    private let base = "https://acme.service-now.com/api/now/table/incident"

    @Test("a record gets a number, is found by its correlation id and resolved")
    func record() async throws {
        let sandbox = try SandboxHarness()
        let made = await sandbox.send("POST", base, ["short_description": "Provision", "correlation_id": "k1", "urgency": 2])
        #expect(made.status == 201)
        #expect(made.json["result"]?["number"]?.string?.hasPrefix("INC") == true)
        #expect(made.json["result"]?["urgency"] == "2")
        let found = await sandbox.send("GET", "\(base)?sysparm_query=correlation_id%3Dk1%5EORDERBYnumber&sysparm_fields=sys_id,state")
        #expect(found.headers["X-Total-Count"] == "1")
        #expect(found.json["result"]?[0]?["state"] == "1")
        await sandbox.send("POST", "/_sandbox/advance", ["match": "k1"])
        let id = try #require(found.json["result"]?[0]?["sys_id"]?.string)
        #expect(await sandbox.send("GET", "\(base)/\(id)").json["result"]?["state"] == "6")
        #expect(await sandbox.send("PATCH", "\(base)/\(id)", ["state": "7"]).json["result"]?["state"] == "7")
        #expect(await sandbox.effects("k1") == 1)
    }

    @Test("what is not there is a 404 in its shape")
    func missing() async throws {
        let answer = try await SandboxHarness().send("GET", "\(base)/none")
        #expect(answer.status == 404)
        #expect(answer.json["status"] == "failure")
    }
}

@Suite("World after a restart")
struct ReplayTests {
    @Test("all stand-ins are as they were")
    func replay() async throws {
        let sandbox = try SandboxHarness(file: temporaryFile())
        await sandbox.send("POST", "https://api.github.com/repos/a/b/actions/workflows/x.yml/dispatches", ["ref": "main"])
        await sandbox.send("PUT", "https://api.github.com/repos/a/b/contents/f", ["message": "m", "content": "YQ=="])
        await sandbox.send("POST", "https://app.terraform.io/api/v2/organizations/o/workspaces", ["data": ["attributes": ["name": "w"]]])
        await sandbox.send("POST", "https://gitlab.com/api/v4/projects/1/pipeline", ["ref": "main"])
        await sandbox.send("POST", "https://x.service-now.com/api/now/table/incident", ["correlation_id": "k"])
        await sandbox.send("POST", "https://x.example/anything", raw: [0xFF, 0x00])
        await sandbox.send("POST", "/_sandbox/advance", [:])
        let before = await sandbox.state()
        try sandbox.restart()
        #expect(await sandbox.state().description == before.description)
    }
}
