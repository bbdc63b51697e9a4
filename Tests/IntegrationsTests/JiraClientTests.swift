import Base
import Integrations
import Testing

struct JiraClientTests {
    private func client(
        _ script: ScriptedTransport, version: JiraInstance.APIVersion = .v2,
        authentication: JiraInstance.Authentication = .apiToken(username: "bot", token: "secret")
    ) -> JiraClient {
        let instance = JiraInstance(
            name: "main", baseURL: "https://jira.example/base/", apiVersion: version, authentication: authentication)
        return JiraClient(instance: instance, http: script.http, tokens: OAuth2TokenCache(http: script.http, time: .system), time: .system)
    }

    private static let issue =
        #"{"key":"OPS-7","id":"107","fields":{"summary":"S","status":{"name":"Won't Do","statusCategory":{"key":"done"}},"#
        + #""resolution":{"name":"Won't Do"},"created":"2026-11-21T10:00:00.000+0200","resolutiondate":"2026-11-21T10:00:00.000Z","labels":["pao-k"]}}"#

    @Test("create sends the fields and answers key, id and the address for people")
    func create() async throws {
        let script = ScriptedTransport((201, #"{"id":"107","key":"OPS-7","self":"x"}"#))
        let reference = try await client(script).create(fields: ["summary": "S"])
        #expect([reference.key, reference.id, reference.url] == ["OPS-7", "107", "https://jira.example/base/browse/OPS-7"])
        #expect(script.lines == [#"POST https://jira.example/base/rest/api/2/issue {"fields":{"summary":"S"}}"#])
        #expect(script.header("Authorization", of: 0) == "Basic Ym90OnNlY3JldA==")
    }

    @Test("an issue is read with status, category, resolution and times")
    func look() async throws {
        let issue = try await client(ScriptedTransport((200, Self.issue))).issue("OPS-7")
        #expect(issue.status == "Won't Do" && issue.category == .done && issue.resolution == "Won't Do" && issue.labels == ["pao-k"])
        #expect(issue.created == Timestamp("2026-11-21T08:00:00Z"))
        #expect(issue.resolved == Timestamp("2026-11-21T10:00:00Z"))
    }

    static let searches: [(version: JiraInstance.APIVersion, statuses: [Int], paths: [String])] = [
        (.v2, [200], ["2/search"]), (.v3, [200], ["3/search/jql"]), (.v3, [404, 200], ["3/search/jql", "3/search"]),
        (.v2, [410, 200], ["2/search", "2/search/jql"]),
    ]

    @Test("search takes the address that the JIRA at hand knows", arguments: JiraClientTests.searches)
    func search(_ row: (version: JiraInstance.APIVersion, statuses: [Int], paths: [String])) async throws {
        let script = ScriptedTransport(
            row.statuses.map { .success(HTTPResponse(status: $0, body: Array(#"{"issues":[\#(Self.issue)]}"#.utf8))) })
        #expect(try await client(script, version: row.version).search(label: "pao-k").map(\.key) == ["OPS-7"])
        let query =
            "?jql=labels%20%3D%20%22pao-k%22%20ORDER%20BY%20created%20DESC&fields=summary%2Cstatus%2Cresolution%2Cresolutiondate%2Ccreated%2Clabels&maxResults=50"
        #expect(script.lines == row.paths.map { "GET https://jira.example/base/rest/api/\($0)\(query)" })
    }

    @Test("a label cannot leave its quotes")
    func quoting() async throws {
        let script = ScriptedTransport((200, #"{"issues":[]}"#))
        _ = try await client(script).search(label: #"a" OR project = "X\"#)
        #expect(script.lines.first?.contains("labels%20%3D%20%22a%5C%22%20OR%20project%20%3D%20%5C%22X%5C%5C%22") == true)
    }

    @Test("comments are wiki markup for version 2 and a document for version 3")
    func comment() async throws {
        for (version, body) in [
            (JiraInstance.APIVersion.v2, #"{"body":"*b*"}"#),
            (
                .v3,
                #"{"body":{"version":1,"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"b","marks":[{"type":"strong"}]}]}]}}"#
            ),
        ] {
            let script = ScriptedTransport((201, #"{"id":"5"}"#))
            #expect(try await client(script, version: version).comment(on: "OPS-7", markdown: "**b**") == "5")
            #expect(script.lines.first?.hasSuffix("/issue/OPS-7/comment \(body)") == true)
        }
    }

    @Test("a link goes from the blocking issue to the blocked one")
    func link() async throws {
        let script = ScriptedTransport((201, ""))
        try await client(script).link(from: "OPS-1", to: "OPS-2")
        #expect(
            script.lines.first?.hasSuffix(#"{"type":{"name":"Blocks"},"inwardIssue":{"key":"OPS-1"},"outwardIssue":{"key":"OPS-2"}}"#)
                == true)
    }

    @Test("transitions are read and taken")
    func transitions() async throws {
        let script = ScriptedTransport(
            (200, #"{"transitions":[{"id":"31","name":"Finish","to":{"name":"Done","statusCategory":{"key":"done"}}}]}"#), (204, ""))
        let jira = client(script)
        let transition = try #require(try await jira.transitions(of: "OPS-7").first)
        #expect([transition.id, transition.name, transition.toStatus] == ["31", "Finish", "Done"] && transition.toCategory == .done)
        try await jira.transition("OPS-7", to: "31")
        #expect(script.lines.last == #"POST https://jira.example/base/rest/api/2/issue/OPS-7/transitions {"transition":{"id":"31"}}"#)
    }

    @Test("a refusal carries status and JIRA's own words")
    func refusal() async throws {
        let script = ScriptedTransport((400, #"{"errorMessages":["No project."],"errors":{"issuetype":"Pick one."}}"#))
        do throws(JiraFailure) {
            _ = try await client(script).create(fields: [:])
            Issue.record("created")
        } catch {
            #expect(error.kind == .rejected(status: 400))
            #expect(!error.isRetryable && !error.mayHaveTakenEffect)
            #expect(error.description == "JIRA answered 400: No project.; issuetype: Pick one.")
        }
    }

    static let doubts: [(status: Int, retryable: Bool, doubt: Bool)] = [
        (401, false, false), (403, false, false), (404, false, false), (408, true, false), (429, true, false), (500, true, true),
        (503, true, true),
    ]

    @Test("an answer tells whether to try again and whether the issue may exist", arguments: JiraClientTests.doubts)
    func doubt(_ row: (status: Int, retryable: Bool, doubt: Bool)) async throws {
        let script = ScriptedTransport([
            .success(HTTPResponse(status: row.status, headers: [("Retry-After", "7")], body: Array("<html>".utf8)))
        ])
        do throws(JiraFailure) {
            _ = try await client(script).create(fields: [:])
            Issue.record("created")
        } catch {
            #expect(error.isRetryable == row.retryable && error.mayHaveTakenEffect == row.doubt && error.retryAfter == 7)
        }
    }

    @Test("a created issue that answers nonsense is in doubt", arguments: ["", "<html>", "{}", #"{"key":7}"#])
    func nonsense(_ body: String) async {
        await #expect { _ = try await client(ScriptedTransport((201, body))).create(fields: [:]) } throws: {
            ($0 as? JiraFailure)?.kind == .unreadable && ($0 as? JiraFailure)?.mayHaveTakenEffect == true
        }
    }

    private static let oauth = OAuth2ClientCredentials(tokenURL: "https://auth.example/token", clientID: "id", clientSecret: "s:c")

    @Test("with OAuth2 a token is fetched once, and anew after a 401")
    func oauth2() async throws {
        let issue = (200, Self.issue)
        let script = ScriptedTransport(
            (200, #"{"access_token":"one","expires_in":3600}"#), issue, issue, (401, ""), (200, #"{"access_token":"two"}"#), issue)
        let jira = client(script, authentication: .oauth2(Self.oauth))
        for _ in 0..<3 { _ = try await jira.issue("OPS-7") }
        #expect(
            (0..<6).map { script.header("Authorization", of: $0) ?? "" } == [
                "Basic aWQ6cyUzQWM=", "Bearer one", "Bearer one", "Bearer one", "Basic aWQ6cyUzQWM=", "Bearer two",
            ])
        #expect(script.lines.first == "POST https://auth.example/token grant_type=client_credentials")
    }

    @Test("refused credentials are final and leave nothing in doubt")
    func refusedCredentials() async {
        let script = ScriptedTransport((401, #"{"error":"invalid_client"}"#))
        await #expect { _ = try await client(script, authentication: .oauth2(Self.oauth)).create(fields: [:]) } throws: {
            let failure = $0 as? JiraFailure
            return failure?.isRetryable == false && failure?.mayHaveTakenEffect == false
                && failure?.description.contains("invalid_client") == true
        }
    }

    static let configurations: [(json: String, version: Int?)] = [
        (#"{"baseUrl":"https://x.atlassian.net","authentication":{"type":"api_token","username":"u","token":"t"}}"#, 3),
        (#"{"baseUrl":"https://jira.corp","authentication":{"type":"bearer","token":"t"}}"#, 2),
        (#"{"baseUrl":"https://jira.corp","apiVersion":"3","authentication":{"type":"oauth2","clientId":"i","clientSecret":"s"}}"#, 3),
        (#"{"baseUrl":"https://jira.corp","apiVersion":4,"authentication":{"type":"bearer","token":"t"}}"#, nil),
        (#"{"baseUrl":"jira.corp","authentication":{"type":"bearer","token":"t"}}"#, nil),
        (#"{"baseUrl":"https://jira.corp","authentication":{"type":"bearer"}}"#, nil), (#"{"baseUrl":"https://jira.corp"}"#, nil),
        ("[]", nil),
    ]

    @Test("configuration is read or refused", arguments: JiraClientTests.configurations)
    func configuration(_ row: (json: String, version: Int?)) throws {
        let value = try JSON.parse(row.json)
        if let version = row.version {
            #expect(try JiraInstance(name: "main", configuration: value).apiVersion.rawValue == version)
        } else {
            #expect { try JiraInstance(name: "main", configuration: value) } throws: { ($0 as? PAOError)?.code == .configuration }
        }
    }
}

struct RetryAfterTests {
    @Test(
        "Retry-After is seconds or a date",
        arguments: [
            ("7", 7), ("0", 0), ("-1", nil), ("99999999", 86_400), ("Sat, 21 Nov 2026 10:00:30 GMT", 30),
            ("Sat, 21 Nov 2026 09:00:00 GMT", 0), ("soon", nil), ("Sat, 31 Feb 2026 10:00:30 GMT", nil),
        ] as [(String, Int?)])
    func retryAfter(_ row: (String, Int?)) throws {
        let now = try #require(Timestamp("2026-11-21T10:00:00Z"))
        #expect(HTTPResponse(status: 429, headers: [("retry-after", row.0)]).retryAfter(now: now) == row.1)
    }
}
