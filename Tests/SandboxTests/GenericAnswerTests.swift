import Base
import Testing
import Web

@testable import Sandbox

@Suite("Answer for an unknown host")
struct GenericAnswerTests {
    @Test("it echoes what was sent")
    func echoes() async throws {
        let answer = try await SandboxHarness().send("POST", "https://registry.example.com/caches", ["name": "a"], key: "k")
        #expect(answer.json["received"]?["body"] == ["name": "a"])
        #expect(answer.json["received"]?["url"] == "https://registry.example.com/caches")
    }

    @Test("it makes up the outputs declared and what the verification expects")
    func suitsStep() async throws {
        let headers: Headers = [
            "X-Pao-Sandbox-Outputs":
                #"{"host": "$.data.hosts[0].name", "port": {"path": "/data/port"}, "zone": "zone", "all": "$.items[*].id"}"#,
            "X-Pao-Sandbox-Expect": #"""
            [{"type":"http-status","expected":[201,202]},{"type":"response-body","path":"$.state","equals":"ready"},
             {"type":"response-body","path":"$['a-b'].c","exists":true},{"type":"headers-present","headers":["Location"]}]
            """#.filter { $0 != "\n" },
        ]
        let answer = try await SandboxHarness().send("POST", "https://x.example/y", [:], headers: headers)
        #expect(answer.status == 201)
        #expect(answer.headers["Location"] != nil)
        #expect(answer.json["data"]?["hosts"]?[0]?["name"]?.string?.hasPrefix("sandbox-host-") == true)
        #expect(answer.json["data"]?["port"] != nil)
        #expect(answer.json["zone"] != nil)
        #expect(answer.json["items"]?[0]?["id"] != nil)
        #expect(answer.json["state"] == "ready")
        #expect(answer.json["a-b"]?["c"] != nil)
    }

    @Test(
        "hints that make no sense are passed over",
        arguments: ["", "[", "{\"a\": \"$.x[99999999999]\", \"b\": \"/x/-1\", \"c\": \"$..\", \"d\": 3}"])
    func oddHints(outputs: String) async throws {
        let answer = try await SandboxHarness().send("POST", "https://x.example/y", [:], headers: ["X-Pao-Sandbox-Outputs": outputs])
        #expect(answer.status == 200)
    }

    @Test("unsafe calls are effects once per key, reads are none")
    func counts() async throws {
        let sandbox = try SandboxHarness()
        let first = await sandbox.send("POST", "https://x.example/y", ["a": 1], key: "k")
        #expect(await sandbox.send("POST", "https://x.example/y", ["a": 1], key: "k").bytes == first.bytes)
        await sandbox.send("GET", "https://x.example/y")
        await sandbox.send("DELETE", "https://x.example/y")
        #expect(await sandbox.effects("k") == 1)
        #expect(await sandbox.state()["unkeyed"] == 1)
    }

    @Test("a token endpoint gives a token and is no effect")
    func token() async throws {
        let sandbox = try SandboxHarness()
        let answer = await sandbox.send(
            "POST", "https://login.example.com/oauth/token", headers: ["Content-Type": "application/x-www-form-urlencoded"],
            raw: Array("grant_type=client_credentials&scope=a%20b".utf8))
        #expect(answer.json["token_type"] == "Bearer")
        #expect(await sandbox.state()["unkeyed"] == 0)
    }
}
