import Base
import Testing
import Web

@testable import Sandbox

func ticket(label: String? = nil, project: String = "DBA", summary: String = "Provision orders-db") -> JSON {
    let labels: JSON = label.map { [.string($0)] } ?? []
    return ["fields": ["project": ["key": .string(project)], "issuetype": ["name": "Task"], "summary": .string(summary), "labels": labels]]
}

@Suite("JIRA stand-in")
struct JiraStandInTests {
    @Test("an issue gets the next key of its project and is counted under its label's key")
    func create() async throws {
        let sandbox = try SandboxHarness()
        let first = await sandbox.send("POST", "https://acme.atlassian.net/rest/api/2/issue", ticket(label: "pao-abc"))
        #expect(first.status == 201)
        #expect(first.json["key"] == "DBA-1")
        #expect(first.json["self"]?.string?.hasPrefix("https://acme.atlassian.net/rest/api/2/issue/") == true)
        #expect(await sandbox.send("POST", "/rest/api/3/issue", ticket()).json["key"] == "DBA-2")
        #expect(await sandbox.effects("abc") == 1)
        #expect(await sandbox.state()["unkeyed"] == 1)
    }

    @Test("the label does not stop a second issue: the real one would not either")
    func noIdempotency() async throws {
        let sandbox = try SandboxHarness()
        for _ in 1...2 { await sandbox.send("POST", "/rest/api/2/issue", ticket(label: "pao-abc"), key: "abc") }
        #expect(await sandbox.effects("abc") == 2)
    }

    @Test(
        "what is wrong with an issue is said per field",
        arguments: [
            (["fields": ["summary": "x"]], ["project", "issuetype"]),
            (["fields": ["project": ["key": "lower"], "issuetype": ["name": "Task"], "summary": "x"]], ["project"]),
            (["fields": ["project": ["key": "A"], "issuetype": ["name": "Task"]]], ["summary"]),
            (["fields": ["project": ["key": "A"], "issuetype": ["name": "Task"], "summary": "a\nb"]], ["summary"]),
            (["fields": ["project": ["key": "A"], "issuetype": ["name": "Task"], "summary": "x", "labels": ["a b"]]], ["labels"]),
            (
                ["fields": ["project": ["key": "A"], "issuetype": ["name": "Task"], "summary": "x", "description": ["type": "doc"]]],
                ["description"]
            ),
        ] as [(JSON, [String])])
    func refuses(issue: JSON, fields: [String]) async throws {
        let answer = try await SandboxHarness().send("POST", "/rest/api/2/issue", issue)
        #expect(answer.status == 400)
        #expect(answer.json["errors"]?.object?.keys == fields)
        #expect(answer.json["errorMessages"] == [])
    }

    @Test("version 3 takes documents and no text")
    func documents() async throws {
        let sandbox = try SandboxHarness()
        var issue = ticket()
        issue["fields"]?["description"] = "text"
        #expect(await sandbox.send("POST", "/rest/api/3/issue", issue).status == 400)
        issue["fields"]?["description"] = ["type": "doc", "version": 1, "content": []]
        #expect(await sandbox.send("POST", "/rest/api/3/issue", issue).status == 201)
    }

    @Test("a new issue is found by its label a second later")
    func searchLags() async throws {
        let sandbox = try SandboxHarness()
        await sandbox.send("POST", "/rest/api/2/issue", ticket(label: "pao-abc"))
        let search = "/rest/api/2/search?jql=labels%20%3D%20%22pao-abc%22"
        #expect(await sandbox.send("GET", search).json["total"] == 0)
        sandbox.pass(.seconds(1))
        let found = await sandbox.send("GET", search)
        #expect(found.json["total"] == 1)
        #expect(found.json["issues"]?[0]?["key"] == "DBA-1")
        #expect(found.json["issues"]?[0]?["fields"]?["status"]?["name"] == "Open")
    }

    @Test("version 3 searches by token, pages, and answers ids only unless asked for fields")
    func searchByToken() async throws {
        let sandbox = try SandboxHarness()
        for _ in 1...3 { await sandbox.send("POST", "/rest/api/3/issue", ticket(label: "pao-abc")) }
        sandbox.pass(.seconds(2))
        let first = await sandbox.send(
            "POST", "/rest/api/3/search/jql", ["jql": "project = DBA AND labels = \"pao-abc\"", "maxResults": 2])
        #expect(first.json["issues"]?.array?.count == 2)
        #expect(first.json["issues"]?[0]?["fields"] == nil)
        #expect(first.json["isLast"] == false)
        let token = try #require(first.json["nextPageToken"]?.string)
        let second = await sandbox.send(
            "POST", "/rest/api/3/search/jql", ["jql": "labels in (\"pao-abc\")", "nextPageToken": .string(token), "fields": ["status"]])
        #expect(second.json["issues"]?[0]?["fields"]?.object?.keys == ["status"])
        #expect(second.json["isLast"] == true)
        #expect(await sandbox.send("GET", "/rest/api/3/search?jql=project=DBA").status == 410)
    }

    @Test(
        "conditions narrow a search",
        arguments: [
            ("project = DBA", 2), ("project != DBA", 1), ("status = Open", 3), ("status in (Done, \"Won't Do\")", 0),
            ("labels not in (x)", 2), ("summary ~ \"orders\" ORDER BY created DESC", 3), ("", 3), ("key = NET-1", 1),
        ])
    func conditions(jql: String, count: Int) async throws {
        let sandbox = try SandboxHarness(options: SandboxOptions(searchLag: .zero))
        await sandbox.send("POST", "/rest/api/2/issue", ticket(label: "x"))
        await sandbox.send("POST", "/rest/api/2/issue", ticket())
        await sandbox.send("POST", "/rest/api/2/issue", ticket(project: "NET"))
        #expect(await sandbox.send("POST", "/rest/api/2/search", ["jql": .string(jql)]).json["total"]?.int == count)
    }

    @Test(
        "a broken query is a 400 with a message",
        arguments: ["labels =", "labels", "color = red", "labels = \"x", "a b c", "labels in (", "project = X labels = y"])
    func brokenQuery(jql: String) async throws {
        let answer = try await SandboxHarness().send("POST", "/rest/api/2/search", ["jql": .string(jql)])
        #expect(answer.status == 400)
        #expect(answer.json["errorMessages"]?.array?.count == 1)
    }

    @Test("an issue goes through its workflow, takes comments and links")
    func workflow() async throws {
        let sandbox = try SandboxHarness()
        await sandbox.send("POST", "/rest/api/2/issue", ticket())
        await sandbox.send("POST", "/rest/api/2/issue", ticket())
        #expect(await sandbox.send("POST", "/rest/api/2/issue/DBA-1/transitions", ["transition": ["id": "11"]]).status == 204)
        #expect(await sandbox.send("POST", "/rest/api/2/issue/DBA-1/transitions", ["transition": ["id": "11"]]).status == 400)
        #expect(await sandbox.send("POST", "/rest/api/2/issue/DBA-1/comment", ["body": "On it"]).status == 201)
        let link: JSON = ["type": ["name": "Blocks"], "inwardIssue": ["key": "DBA-1"], "outwardIssue": ["key": "DBA-2"]]
        #expect(await sandbox.send("POST", "/rest/api/2/issueLink", link).status == 201)
        let issue = await sandbox.send("GET", "/rest/api/2/issue/DBA-1").json["fields"]
        #expect(issue?["status"]?["name"] == "In Progress")
        #expect(issue?["comment"]?["comments"]?[0]?["body"] == "On it")
        #expect(issue?["issuelinks"]?[0]?["outwardIssue"]?["key"] == "DBA-2")
    }

    @Test("advance ends open tickets that match, with either outcome", arguments: [("success", "Done"), ("failure", "Won't Do")])
    func advance(outcome: String, status: String) async throws {
        let sandbox = try SandboxHarness()
        await sandbox.send("POST", "/rest/api/2/issue", ticket(label: "pao-abc"))
        await sandbox.send("POST", "/rest/api/2/issue", ticket())
        let moved = await sandbox.send("POST", "/_sandbox/advance", ["match": "abc", "outcome": .string(outcome)])
        #expect(moved.json["moved"] == ["DBA-1"])
        let fields = await sandbox.send("GET", "/rest/api/2/issue/DBA-1?fields=status,resolution").json["fields"]
        #expect(fields?["status"]?["name"]?.string == status)
        #expect(fields?["resolution"]?["name"]?.string == status)
        #expect(await sandbox.send("GET", "/rest/api/2/issue/DBA-2").json["fields"]?["status"]?["name"] == "Open")
    }

    @Test(
        "what is not there is a 404 in JIRA's shape",
        arguments: ["/rest/api/2/issue/DBA-9", "/rest/api/3/issue/DBA-9/transitions", "/rest/api/2/nothing"])
    func missing(path: String) async throws {
        let answer = try await SandboxHarness().send("GET", path)
        #expect(answer.status == 404)
        #expect(answer.json["errorMessages"]?.array?.count == 1)
    }
}
