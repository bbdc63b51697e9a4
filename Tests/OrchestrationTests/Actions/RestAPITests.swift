import Base
import Catalog
import Integrations
import Testing

@testable import Orchestration

@Suite struct RestAPITests {
    private func bench(_ more: JSON, method: String = "POST") -> ActionBench {
        var config: JSON = ["endpoint": ["url": "https://api.test/things", "method": .string(method)]]
        for (key, value) in more.object ?? JSONObject() { config[key] = value }
        return ActionBench(RestAPIAction(), config)
    }

    @Test(
        "each kind of authentication is what it says",
        arguments: [
            (["type": "basic", "username": "u", "password": "p:w"], "authorization", "Basic dTpwOnc="),
            (["type": "bearer", "token": "t"], "authorization", "Bearer t"),
            (["type": "api_key", "value": "v"], "x-api-key", "v"), (["type": "apiKey", "name": "X-Key", "value": "v"], "x-key", "v"),
        ] as [(JSON, String, String)])
    func authentication(_ settings: JSON, _ header: String, _ value: String) async throws {
        let outside = Script((200, [:]))
        _ = try await bench(["authentication": settings]).perform(outside)
        #expect(outside.header(0, header) == value)
    }

    @Test("a key in the query is added to the address, and shown to nobody")
    func keyInQuery() async throws {
        let bench = bench(["query": ["a": "x y"], "authentication": ["type": "apiKey", "in": "query", "name": "k", "value": "s&t"]])
        let outside = Script((200, [:]))
        _ = try await bench.perform(outside)
        #expect(outside.lines == ["POST https://api.test/things?a=x%20y&k=s%26t"])
        #expect(try bench.prepared().summary == "POST https://api.test/things")
    }

    @Test("signatures and client certificates are handed to the transport")
    func transportAuthentication() async throws {
        let outside = Script((200, [:]), (200, [:]))
        _ = try await bench(["authentication": ["type": "aws-sigv4", "accessKey": "AK", "secretKey": "SK", "region": "r", "service": "s"]])
            .perform(outside)
        _ = try await bench(["authentication": ["type": "mtls", "certificate": "C", "key": "K"]]).perform(outside)
        #expect(outside.requests[0].awsSigV4 == AWSCredentials(accessKey: "AK", secretKey: "SK", region: "r", service: "s"))
        #expect(outside.requests[1].clientCertificate == ClientCertificate(certificatePEM: "C", keyPEM: "K"))
    }

    @Test("a token that is refused is fetched anew, once, and the call repeated with the same key")
    func staleToken() async throws {
        let outside = Script((200, ["access_token": "old"]), (401, [:]), (200, ["access_token": "new"]), (201, ["id": 1]))
        let settings: JSON = ["type": "oauth2", "tokenUrl": "https://sso.test/token", "clientId": "c", "clientSecret": "s", "scope": "w"]
        let result = try await bench(["authentication": settings]).perform(outside)
        #expect(result.brief == "done ")
        #expect(outside.body(0) == "grant_type=client_credentials&scope=w")
        #expect([1, 3].map { outside.header($0, "authorization") } == ["Bearer old", "Bearer new"])
        #expect([1, 3].map { outside.header($0, "idempotency-key") } == [ActionBench.key, ActionBench.key])
    }

    @Test(
        "a redirection that is not followed is no success, and says where it wanted to go and what to set",
        arguments: [
            (301, nil, "failed http_301"), (302, nil, "failed http_302"), (304, nil, "failed http_304"), (302, 302, "done "),
            (307, "3xx", "done "), (308, 200, "failed http_308"),
        ] as [(Int, JSON?, String)])
    func redirection(_ status: Int, _ expected: JSON?, _ brief: String) async throws {
        var bench = bench([:])
        bench.verification = expected.map { [["type": "http-status", "expected": $0]] } ?? []
        let answer = HTTPResponse(status: status, headers: [("Location", "https://other.test/x?token=t")])
        let result = try await bench.perform(Script(results: [.success(answer)]))
        #expect(result.brief == brief)
        guard case .failed(let failure) = result else { return }
        #expect(failure.message.contains("points to https://other.test/x."))
        #expect(failure.message.contains("followRedirects: true") && failure.message.contains("expected: \(status)}"))
        #expect(failure.details?["location"] == "https://other.test/x?token=t")
    }

    @Test("an unknown kind of authentication is refused, not left out")
    func unknownAuthentication() {
        #expect(throws: StepFailure.self) { try bench(["authentication": ["type": "kerberos"]]).prepared() }
    }

    @Test("a hostile value arrives literally in every kind of body")
    func bodies() async throws {
        let outside = Script((200, [:]), (200, [:]), (200, [:]), (200, [:]))
        let bodies: [JSON] = [
            ["type": "json", "contentTemplate": #"{"v": "{{fields.v}}", "n": {{fields.n}}}"#],
            ["type": "json", "content": ["v": "{{fields.v}}"]],
            ["type": "form", "fields": ["v": "{{fields.v}}", "list": [1, 2]]], ["type": "raw", "content": "{{fields.v}}"],
        ]
        for body in bodies {
            var bench = bench(["body": body])
            bench.fields = ["v": .string(hostile), "n": 3]
            _ = try await bench.perform(outside)
        }
        #expect(try JSON.parse(outside.body(0)) == ["v": .string(hostile), "n": 3])
        #expect(try JSON.parse(outside.body(1)) == ["v": .string(hostile)])
        let (value, rest) = String(outside.body(2).dropFirst(2)).splitOnce("&")
        #expect(PercentEncoding.decode(value.utf8) == hostile)
        #expect(rest == "list=1&list=2")
        #expect(outside.body(3) == hostile)
    }

    @Test(
        "what a verify call says settles the doubt",
        arguments: [
            (10, 404, [:], "perform"), (10, 200, ["state": "made"], "happened: done "), (10, 200, ["state": "none"], "perform"),
            (10, 503, [:], "later"), (0, 200, ["state": "made"], "happened: done "), (9, 404, [:], "later"),
            (9, 200, ["state": "none"], "later"),
        ] as [(Int, Int, JSON, String)])
    func verifyCall(_ seconds: Int, _ status: Int, _ body: JSON, _ expected: String) async throws {
        var bench = bench(["verify": ["url": "https://api.test/things/1", "when": "$.state == made"]])
        bench.doubtAge = .seconds(seconds)
        let outside = Script((status, body))
        #expect(try bench.prepared().resend == .lookup)
        #expect(try await bench.settle(outside).brief == expected)
        #expect(outside.lines == ["GET https://api.test/things/1"])
    }

    @Test("whether a call may be repeated is told by method and document")
    func resend() throws {
        #expect(try bench([:], method: "PUT").prepared().resend == .free)
        #expect(try bench([:]).prepared().resend == .never)
        #expect(try bench(["idempotency": "header"]).prepared().resend == .keyed)
    }
}

@Suite struct PolledVerificationTests {
    private func bench() -> ActionBench {
        var bench = ActionBench(
            RestAPIAction(),
            ["endpoint": ["url": "https://api.test/db", "method": "POST"], "idempotency": "header", "headers": ["X-Own": "1"]])
        bench.verification = [
            [
                "type": "poll", "url": "https://api.test/db/{{outputs.step.id}}", "every": "7s",
                "until": ["path": "$.state", "equals": "ready"],
                "failWhen": "$.state == broken", "timeout": "10m",
            ]
        ]
        return bench
    }

    /// After the step's own call has been answered.
    private func waiting() async throws -> (ActionBench, ActionResult) {
        var bench = bench()
        let first = try await bench.perform(Script((202, ["id": "db-1", "state": "building"])))
        bench.memory = first.memory
        return (bench, first)
    }

    @Test("the answer of the step's own call is remembered, and polling begins")
    func begins() async throws {
        let (bench, first) = try await waiting()
        #expect(first.brief == "waiting k3y: waits for its verification")
        #expect(bench.memory["evidence"]?["body"]?["id"] == "db-1")
    }

    @Test("it is asked again until the condition holds; what comes last is added to the answer")
    func holds() async throws {
        let (bench, _) = try await waiting()
        let outside = Script((200, ["state": "building"]), (200, ["state": "ready", "endpoint": "https://db-1"]))
        #expect(try await bench.poll("k3y", outside).brief == "waiting k3y: waits until $.state equals ready")
        let last = try await bench.poll("k3y", outside)
        #expect(last.evidence["body"] == ["id": "db-1", "state": "ready", "endpoint": "https://db-1"])
        #expect(last.evidence["status"] == 202)
        #expect(outside.lines == ["GET https://api.test/db/db-1", "GET https://api.test/db/db-1"])
        #expect(outside.header(0, "x-own") == "1")
    }

    @Test("what fails, and what takes too long, fails the verification and leaves the effect done")
    func fails() async throws {
        var (bench, _) = try await waiting()
        let broken = try await bench.poll("k3y", Script((200, ["state": "broken"])))
        guard case .failed = try Verifier.judge(type: "poll", parameters: [:], evidence: broken.evidence) else {
            Issue.record("passed")
            return
        }
        bench.now = bench.now + .seconds(601)
        let late = try await bench.poll("k3y", Script((200, ["state": "building"])))
        #expect(late.evidence["pollFailure"]?["actual"]?.string?.contains("10m") == true)
    }

    @Test("credentials go to no other server than the step's own")
    func otherServer() async throws {
        var bench = bench()
        bench.verification = [["type": "poll", "url": "https://other.test/x", "until": ["status": 200]]]
        bench.memory = ["evidence": ["body": [:]]]
        let outside = Script((200, [:]))
        _ = try await bench.poll("k3y", outside)
        #expect(outside.header(0, "x-own") == nil)
    }

    @Test(
        "a condition reads what it names",
        arguments: [
            (["path": "$.a", "equals": "3"], true), (["path": "$.a", "notEquals": 4], true), (["path": "$.a", "in": [1, 3]], true),
            (["path": "$.b", "matches": "^x+$"], true), (["path": "$.c", "exists": false], true), ("$.b == 'xx'", true),
            ("$.b != xx", false),
            (["status": "2xx"], true), (["status": [404]], false), ("$.a", true),
        ] as [(JSON, Bool)])
    func conditions(_ written: JSON, _ expected: Bool) throws {
        #expect(try Condition(written).holds(["status": 201, "body": ["a": 3, "b": "xx"]]) == expected)
    }

    @Test(
        "a text is made up that the pattern accepts",
        arguments: [
            "^db-[a-z0-9]{6}$", "^(ready|active)$", "^arn:aws:s3:::[\\w.-]+$", "^\\d{1,3}(\\.\\d{1,3}){3}$", "^[^a]{2,}x?$",
            "^https://.+/v\\d+$",
            "^(?:a|b)+\\s\\[x\\]$", "^[A-F0-9]{8}-[A-F0-9]{4}$",
        ])
    func samples(_ pattern: String) throws {
        let sample = try #require(PatternSample.text(matching: pattern))
        #expect(try Verifier.compiled(pattern).matches(sample))
    }
}
