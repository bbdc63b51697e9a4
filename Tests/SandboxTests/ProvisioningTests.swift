import Base
import Testing
import Web

@testable import Sandbox

@Suite("Provisioning")
struct ProvisioningTests {
    @Test("a resource answers its id, endpoint, connection string and what was received")
    func createsResource() async throws {
        let sandbox = try SandboxHarness()
        let answer = await sandbox.send("POST", "/provision", ["name": "Orders DB", "storage": 20], key: "k1")
        #expect(answer.status == 200)
        #expect(answer.json["id"]?.string?.hasPrefix("res-") == true)
        #expect(answer.json["endpoint"] == "https://orders-db.sandbox.example")
        #expect(answer.json["connection_string"]?.string?.contains("@orders-db.sandbox.example:5432/") == true)
        #expect(answer.json["received"] == ["name": "Orders DB", "storage": 20])
        #expect(await sandbox.effects("k1") == 1)
    }

    @Test("the same key gives the same answer and one effect")
    func honorsKey() async throws {
        let sandbox = try SandboxHarness()
        let first = await sandbox.send("POST", "/provision", ["name": "a"], key: "k")
        let second = await sandbox.send("POST", "/provision", ["name": "a"], key: "k")
        #expect(first.bytes == second.bytes)
        #expect(await sandbox.effects("k") == 1)
    }

    @Test("without a key every call makes a resource and counts as unkeyed")
    func countsUnkeyed() async throws {
        let sandbox = try SandboxHarness()
        let first = await sandbox.send("POST", "/provision", ["name": "a"])
        let second = await sandbox.send("POST", "/provision", ["name": "a"])
        #expect(first.json["id"] != second.json["id"])
        #expect(await sandbox.state()["unkeyed"] == 2)
    }

    @Test("a resource can be read, changed and deleted once")
    func lifecycle() async throws {
        let sandbox = try SandboxHarness()
        let id = try #require(await sandbox.send("POST", "/provision", ["name": "a", "size": 1], key: "k").json["id"]?.string)
        #expect(await sandbox.send("PATCH", "/provision/\(id)", ["size": 2], key: "p").json["received"]?["size"] == 2)
        #expect(await sandbox.send("GET", "/provision/\(id)").json["received"] == ["name": "a", "size": 2])
        #expect(await sandbox.send("DELETE", "/provision/\(id)", key: "d").status == 204)
        #expect(await sandbox.send("DELETE", "/provision/\(id)", key: "d").status == 204)
        #expect(await sandbox.send("DELETE", "/provision/\(id)").status == 404)
        #expect(await sandbox.send("GET", "/provision/\(id)").status == 404)
    }

    @Test("a repeated PUT has one effect, with or without a key")
    func putIsIdempotent() async throws {
        let sandbox = try SandboxHarness()
        await sandbox.send("PUT", "/provision/main", ["size": 1])
        await sandbox.send("PUT", "/provision/main", ["size": 1])
        #expect(await sandbox.state()["unkeyed"] == 1)
        await sandbox.send("PUT", "/provision/main", ["size": 2])
        #expect(await sandbox.state()["unkeyed"] == 2)
    }

    @Test("two thousand effects take less than two seconds and the calls kept are bounded")
    func isQuick() async throws {
        let file = temporaryFile()
        let sandbox = try SandboxHarness(file: file)
        let clock = ContinuousClock()
        let elapsed = await clock.measure {
            for index in 0..<2_000 { await sandbox.send("POST", "/provision", ["name": "a", "size": 20], key: "k\(index)") }
        }
        #expect(elapsed < .seconds(2))
        #expect(await sandbox.state()["effects"]?.object?.count == 2_000)
        #expect(await sandbox.state()["calls"]?.array?.count == 1_000)
    }
}

@Suite("Faults")
struct FaultTests {
    @Test("a status is answered as often as asked for, and nothing happens")
    func status() async throws {
        let sandbox = try SandboxHarness()
        await sandbox.fault(["match": "POST /provision", "fault": "status", "value": 503, "times": 2])
        for expected in [503, 503, 200] {
            #expect(await sandbox.send("POST", "/provision", ["name": "a"], key: "k").status == expected)
        }
        #expect(await sandbox.effects("k") == 1)
        #expect(await sandbox.state()["calls"]?[0]?["fault"] == "status")
    }

    @Test("a cut connection hides an effect that did happen")
    func cut() async throws {
        let sandbox = try SandboxHarness()
        await sandbox.fault(["match": "POST /provision", "fault": "cut"])
        #expect(await sandbox.send("POST", "/provision", ["name": "a"], key: "k").headers["X-Pao-Cut"] == "1")
        #expect(await sandbox.effects("k") == 1)
        #expect(await sandbox.send("POST", "/provision", ["name": "a"], key: "k").status == 200)
        #expect(await sandbox.effects("k") == 1)
    }

    @Test("with effect false a cut call never arrives")
    func cutBefore() async throws {
        let sandbox = try SandboxHarness()
        await sandbox.fault(["match": "POST /provision", "fault": "cut", "effect": false])
        #expect(await sandbox.send("POST", "/provision", ["name": "a"], key: "k").headers["X-Pao-Cut"] == "1")
        #expect(await sandbox.effects("k") == nil)
    }

    @Test("a delay waits, a hang waits and then drops the connection", arguments: [("delay", false), ("hang", true)])
    func waits(fault: String, isCut: Bool) async throws {
        let sandbox = try SandboxHarness()
        await sandbox.fault(["match": "* /provision", "fault": .string(fault), "value": 250])
        let answer = await sandbox.send("POST", "/provision", ["name": "a"])
        #expect(sandbox.slept.withLock { $0 } == [.milliseconds(250)])
        #expect((answer.headers["X-Pao-Cut"] != nil) == isCut)
    }

    @Test("garbage is not JSON")
    func garbage() async throws {
        let sandbox = try SandboxHarness()
        await sandbox.fault(["match": "/provision", "fault": "garbage"])
        let answer = await sandbox.send("POST", "/provision", ["name": "a"])
        #expect(throws: PAOError.self) { try JSON.parse(answer.bytes) }
    }

    @Test("a duplicate applies the effect twice, whatever the key")
    func duplicate() async throws {
        let sandbox = try SandboxHarness()
        await sandbox.fault(["match": "POST /provision", "fault": "duplicate"])
        let first = await sandbox.send("POST", "/provision", ["name": "a"], key: "k")
        #expect(await sandbox.effects("k") == 2)
        #expect(await sandbox.send("POST", "/provision", ["name": "a"], key: "k").bytes == first.bytes)
    }

    @Test("a fault matches the address the caller meant")
    func matchesOriginal() async throws {
        let sandbox = try SandboxHarness()
        await sandbox.fault(["match": "POST /v1/buckets", "fault": "status", "value": 429])
        #expect(await sandbox.send("POST", "https://storage.example.com/v2/buckets", [:]).status == 200)
        #expect(await sandbox.send("GET", "https://storage.example.com/v1/buckets/a").status == 200)
        #expect(await sandbox.send("POST", "https://storage.example.com/v1/buckets?x=1", [:]).status == 429)
    }

    @Test(
        "a fault that cannot be is refused",
        arguments: [
            ["fault": "cut"], ["match": "POST /provision", "fault": "explode"], ["match": "/", "fault": "status", "value": 99],
            ["match": "/", "fault": "delay", "value": -1], ["match": "/", "fault": "cut", "times": 0],
        ] as [JSON])
    func refuses(fault: JSON) async throws {
        let answer = try await SandboxHarness().send("POST", "/_sandbox/faults", fault)
        #expect(answer.status == 400)
    }
}

@Suite("State of the sandbox")
struct SandboxStateTests {
    @Test("effects, resources and tickets survive a restart, with the same ids")
    func restart() async throws {
        let sandbox = try SandboxHarness(file: temporaryFile())
        await sandbox.fault(["match": "POST /provision", "fault": "duplicate"])
        let resource = await sandbox.send("POST", "/provision", ["name": "a"], key: "k")
        await sandbox.send("POST", "/rest/api/2/issue", ticket(label: "pao-t"))
        await sandbox.send("POST", "/_sandbox/advance", [:])
        let before = await sandbox.state()
        try sandbox.restart()
        let after = await sandbox.state()
        for part in ["effects", "unkeyed", "provision", "jira"] { #expect(after[part] == before[part], "\(part)") }
        #expect(await sandbox.send("POST", "/provision", ["name": "a"], key: "k").bytes == resource.bytes)
    }

    @Test("a line torn by a kill is cut off and the rest stays")
    func tornLine() async throws {
        let file = temporaryFile()
        let sandbox = try SandboxHarness(file: file)
        await sandbox.send("POST", "/provision", ["name": "a"], key: "k1")
        let whole = try String(contentsOfFile: file, encoding: .utf8)
        try (whole + "{\"at\":18000").write(toFile: file, atomically: true, encoding: .utf8)
        try sandbox.restart()
        await sandbox.send("POST", "/provision", ["name": "b"], key: "k2")
        try sandbox.restart()
        #expect(await sandbox.state()["effects"] == ["k1": 1, "k2": 1])
    }

    @Test("a damaged file is an error, not a fresh start")
    func damaged() throws {
        let file = temporaryFile()
        try "not json\n".write(toFile: file, atomically: true, encoding: .utf8)
        #expect(throws: PAOError.self) { try SandboxHarness(file: file) }
    }

    @Test("reset forgets everything, faults too, also after a restart")
    func reset() async throws {
        let sandbox = try SandboxHarness(file: temporaryFile())
        await sandbox.send("POST", "/provision", ["name": "a"], key: "k")
        await sandbox.fault(["match": "/", "fault": "cut"])
        #expect(await sandbox.send("POST", "/_sandbox/reset").status == 200)
        try sandbox.restart()
        #expect(await sandbox.state()["effects"] == [:])
        #expect(await sandbox.state()["faults"] == [])
    }

    @Test("calls are kept with their address, key and body, without headers")
    func calls() async throws {
        let sandbox = try SandboxHarness()
        await sandbox.send("POST", "https://api.example.com/x?y=1", ["a": 1], key: "k", headers: ["Authorization": "Bearer secret"])
        let state = await sandbox.state()
        #expect(state["calls"]?[0]?["url"] == "https://api.example.com/x?y=1")
        #expect(state["calls"]?[0]?["body"] == ["a": 1])
        #expect(state["calls"]?[0]?["key"] == "k")
        #expect(!state.description.contains("secret"))
    }
}
