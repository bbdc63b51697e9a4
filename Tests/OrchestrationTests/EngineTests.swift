import Base
import Catalog
import Identity
import Integrations
import Testing

@testable import Orchestration

@Suite struct EngineTests {
    @Test("steps run in order, outputs flow on, and the instance is active when the request is completed")
    func happy() async throws {
        let world = try await World(
            Documents.automatic(
                "db", actions: Documents.post("a") + "\n" + Documents.post("b"),
                extra: "instance: {name: \"{{fields.title}}\", outputs: {address: \"{{outputs.b.id}}\"}}"))
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.status(id) == .completed)
        #expect(world.outside.lines == ["POST https://keyed.test/a", "POST https://keyed.test/b"])
        #expect(world.outside.effects == [1, 1])
        let instance = try #require(try world.instance(id))
        #expect(instance.state == .active)
        #expect(instance.outputs["address"] == "res-2")
        #expect(try world.effects(id).map(\.state) == [.done, .done])
    }

    @Test("a false condition skips a step, and what comes after it runs")
    func condition() async throws {
        let world = try await World(
            Documents.automatic(
                "db", actions: Documents.post("a", more: "if: \"{{fields.title == 'other'}}\"") + "\n" + Documents.post("b", after: ["a"])))
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.steps(id) == ["a skipped", "b completed"])
        let explanation = try world.requests.explanation(id, by: world.actor())
        #expect(explanation["actions"]?[0]?["values"] == ["fields.title": "thing"])
        #expect(explanation["actions"]?[0]?["source"]?.string?.hasPrefix("catalog/tests/0.yaml:") == true)
    }

    // MARK: Retries

    @Test("tries count in all, wait as the policy says, and keep the key")
    func retries() async throws {
        let world = try await World(
            Documents.automatic(
                "db", settings: "retry: {attempts: 3, backoff: exponential, initialDelay: 10s}", actions: Documents.post("a", to: "plain")))
        world.outside.next("POST", .answer(503, ""), times: 2)
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.status(id) == .completed)
        let step = try world.step(id, "a")
        #expect(step.attempts.map(\.status) == [.failed, .failed, .completed])
        #expect(step.retryCount == 2)
        let starts = step.attempts.map(\.startedAt)
        #expect(starts[1] - starts[0] >= .seconds(9) && starts[2] - starts[1] >= .seconds(19))
        #expect(Set(world.outside.calls.map(\.key)).count == 1)
        #expect(try world.effects(id).map(\.tries) == [3])
    }

    @Test("the last of the tries fails the request, with all that a person needs")
    func exhausted() async throws {
        let world = try await World(
            Documents.automatic(
                "db", settings: "retry: {attempts: 2, initialDelay: 1s}",
                actions: Documents.post("a") + "\n" + Documents.post("b", more: "cleanup: \"Delete {{outputs.a.id}}\"")))
        world.outside.next("POST https://keyed.test/b", .answer(500, "out of order"), times: 9)
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.status(id) == .failed)
        let step = try world.step(id, "b")
        #expect(step.attempts.count == 2)
        #expect(step.attempts[0].failure?.type == "http_500")
        let context = try #require(try world.request(id).errorContext)
        #expect(context["failedAction"]?["id"] == "b")
        #expect(context["partialResources"]?[0]?["id"] == "res-1")
        #expect(try world.instance(id)?.state == .provisioning)
    }

    @Test("what the other side refuses for good is not tried again", arguments: [400, 401, 404, 422])
    func refused(_ status: Int) async throws {
        let world = try await World(Documents.automatic("db", actions: Documents.post("a")))
        world.outside.next("POST", .answer(status, "no"), times: 5)
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.step(id, "a").attempts.count == 1)
        #expect(try world.status(id) == .failed)
    }

    @Test("Retry-After is a lower bound of the wait")
    func retryAfter() async throws {
        let world = try await World(
            Documents.automatic("db", settings: "retry: {attempts: 3, initialDelay: 1s}", actions: Documents.post("a")))
        world.outside.next("POST", .retryAfter(429, seconds: 120))
        let id = try await world.submit("db")
        try await world.run()
        let attempts = try world.step(id, "a").attempts
        #expect(attempts[1].startedAt - attempts[0].startedAt >= .seconds(120))
        #expect(try world.status(id) == .completed)
    }

    @Test("a step's own time limit covers all its tries from the first on")
    func stepTimeout() async throws {
        let world = try await World(
            Documents.automatic(
                "db", settings: "retry: {attempts: 50, backoff: none, initialDelay: 20s}",
                actions: Documents.post("a", more: "timeout: 50s")))
        world.outside.next("POST", .answer(503, ""), times: 50)
        let id = try await world.submit("db")
        try await world.run()
        let step = try world.step(id, "a")
        #expect(step.status == .failed)
        #expect(step.reason == "The step did not end within 50s.")
        #expect(step.attempts.count == 3)
    }

    @Test("the sequence's time limit fails what is under way")
    func sequenceTimeout() async throws {
        let world = try await World(
            Documents.automatic(
                "db", settings: "timeout: 1m\nretry: {attempts: 50, backoff: none, initialDelay: 25s}", actions: Documents.post("a")))
        world.outside.next("POST", .answer(503, ""), times: 50)
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.status(id) == .failed)
        #expect(
            try world.request(id).errorContext?["error"]?["type"] == "http_503"
                || world.step(id, "a").reason?.contains("whole sequence") == true)
    }

    @Test("what became of a call is found out after the step's time is over, too")
    func doubtBeyondLimit() async throws {
        let action = """
            - id: a
              name: A
              type: rest-api
              timeout: 20s
              config:
                endpoint: {url: "https://plain.test/a", method: POST}
                verify: {url: "https://plain.test/a/{{fields.title}}"}
              outputs: {id: "$.id"}
            """
        let world = try await World(Documents.automatic("db", actions: action))
        world.outside.next("POST", .cutAfter)
        world.outside.next("GET", .answer(503, ""), times: 5)
        let id = try await world.submit("db")
        #expect(try await world.run(), "the job never rests")
        #expect(try world.status(id) == .completed)
        #expect(world.outside.timeouts.dropFirst().allSatisfy { $0 >= .seconds(20) })
        #expect(world.outside.effects == [1])
    }

    @Test("while the breaker of a host is open, a step waits and uses up no try")
    func breaker() async throws {
        let world = try await World(
            Documents.automatic("db", settings: "retry: {attempts: 7, backoff: none, initialDelay: 1s}", actions: Documents.post("a")))
        world.outside.next("POST", .answer(503, ""), times: 5)
        let id = try await world.submit("db")
        try await world.run()
        let step = try world.step(id, "a")
        #expect(step.status == .completed)
        #expect(step.attempts.count == 6)
        #expect(world.outside.lines.count == 6)
        #expect(step.attempts[5].completedAt.map { $0 - step.attempts[4].startedAt >= .seconds(29) } == true)
    }

    // MARK: Verification

    @Test("a verification that no machine can judge is asked of a person, and the step keeps its outputs")
    func question() async throws {
        let world = try await World(
            Documents.automatic("db", actions: Documents.post("a", more: "verification: [{type: backup-tested, scope: full}]")))
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.status(id) == .inProgress)
        let ticket = try #require(try world.openTickets(id).first)
        #expect(ticket.purpose == .question)
        _ = try await world.tickets.resolve(ticket.id, outputs: [:], comment: nil, by: world.actor())
        try await world.run()
        #expect(try world.status(id) == .completed)
        #expect(try world.step(id, "a").outputs?["id"] == "res-1")
    }

    @Test("an answered no fails the step; the retry asks again and calls nothing twice")
    func refusedQuestion() async throws {
        let world = try await World(Documents.automatic("db", actions: Documents.post("a", more: "verification: [{type: backup-tested}]")))
        let id = try await world.submit("db")
        try await world.run()
        _ = try await world.tickets.close(try world.openTickets(id)[0].id, reason: "it is not", by: world.actor())
        try await world.run()
        #expect(try world.status(id) == .failed)
        _ = try await world.requests.retry(id, actionID: nil, changedData: nil, skipVerification: false, by: world.actor())
        try await world.run()
        _ = try await world.tickets.resolve(try world.openTickets(id)[0].id, outputs: [:], comment: nil, by: world.actor())
        try await world.run()
        #expect(try world.status(id) == .completed)
        #expect(world.outside.effects == [1])
    }

    @Test("checks before the first step wait for a person; a no fails, a yes begins")
    func preChecks() async throws {
        let world = try await World(
            Documents.automatic("db", settings: "preExecutionChecks: [{type: capacity, region: north}]", actions: Documents.post("a")))
        let id = try await world.submit("db")
        try await world.run()
        #expect(world.outside.lines == [])
        let ticket = try #require(try world.openTickets(id).first)
        #expect(ticket.description.contains("capacity: region north"))
        _ = try await world.tickets.close(ticket.id, reason: "no room", by: world.actor())
        try await world.run()
        #expect(try world.status(id) == .failed)
        _ = try await world.requests.retry(id, actionID: nil, changedData: nil, skipVerification: false, by: world.actor())
        _ = try await world.tickets.resolve(try world.openTickets(id)[0].id, outputs: [:], comment: nil, by: world.actor())
        try await world.run()
        #expect(try world.status(id) == .completed)
    }

    private static let check = """
        preExecutionChecks:
          - {type: rest-api, name: Room, url: "https://plain.test/room/{{fields.title}}", expected: 200, path: "$.state", equals: ready}
        """

    @Test("a check by machine is asked before the first step, as a step of its own", arguments: ["sequential", "parallel"])
    func automaticCheck(_ mode: String) async throws {
        let world = try await World(
            Documents.automatic(
                "db", settings: "mode: \(mode)\n\(Self.check)", actions: Documents.post("a") + "\n" + Documents.post("b")))
        let id = try await world.submit("db", ["title": "a/b"])
        try await world.run()
        #expect(try world.steps(id) == ["check-1 completed", "a completed", "b completed"])
        #expect(try world.step(id, "check-1").name == "Room")
        #expect(world.outside.lines[0] == "GET https://plain.test/room/a%2Fb")
    }

    @Test("a check that does not hold is asked again as often as the document says, then fails before anything is done")
    func failedCheck() async throws {
        let world = try await World(
            Documents.automatic("db", settings: "mode: parallel\nretry: {attempts: 2}\n\(Self.check)", actions: Documents.post("a")))
        world.outside.answers("GET https://plain.test/room/thing", #"{"state": "full"}"#)
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.steps(id) == ["check-1 failed", "a pending"] && world.outside.lines.count == 2)
        #expect(try world.step(id, "check-1").attempts.last?.failure?.message == "Expected $.state equals \"ready\", found \"full\".")
        world.outside.answers("GET https://plain.test/room/thing", #"{"state": "ready"}"#)
        _ = try await world.requests.retry(id, actionID: nil, changedData: nil, skipVerification: false, by: world.actor())
        try await world.run()
        #expect(try world.status(id) == .completed)
    }

    @Test("a check that does not hold hands the whole work to a person where the document says so")
    func checkFallingBack() async throws {
        let world = try await World(
            Documents.automatic(
                "db", settings: "fallbackOnFailure: true\nretry: {attempts: 1}\n\(Self.check)", actions: Documents.post("a")))
        world.outside.next("GET", .answer(404, ""))
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.openTickets(id).map(\.title) == ["Do thing by hand"])
        #expect(try world.step(id, "a").status == .skipped && world.outside.effects == [])
    }

    @Test("nobody is asked before the checks by machine have passed")
    func mixedChecks() async throws {
        let world = try await World(
            Documents.automatic(
                "db", settings: "mode: parallel\nretry: {attempts: 1}\n\(Self.check)\n  - {type: capacity, region: north}",
                actions: Documents.post("a")))
        world.outside.next("GET", .answer(404, ""))
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.status(id) == .failed && world.openTickets(id).isEmpty)
        _ = try await world.requests.retry(id, actionID: nil, changedData: nil, skipVerification: false, by: world.actor())
        try await world.run()
        let ticket = try #require(try world.openTickets(id).first)
        #expect(ticket.description.contains("capacity: region north") && !ticket.description.contains("rest-api"))
        _ = try await world.tickets.resolve(ticket.id, outputs: [:], comment: nil, by: world.actor())
        try await world.run()
        #expect(try world.steps(id) == ["check-1 completed", "a completed"])
    }

    @Test("an instance output that nobody can tell is null and logged; the request does not strand")
    func gaps() async throws {
        let world = try await World(
            Documents.automatic(
                "db", actions: Documents.post("a", more: "if: \"{{fields.title == 'other'}}\""),
                extra: "instance: {outputs: {id: \"{{outputs.a.id}}\"}}"))
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.status(id) == .completed)
        #expect(try world.instance(id)?.outputs == ["id": nil])
        #expect(try world.count("SELECT COUNT(*) FROM step_logs WHERE level = 'warning' AND message LIKE '%instance''s output id%'") == 1)
    }

    // MARK: Secrets

    @Test("secrets and sealed values are sent and written nowhere")
    func secrets() async throws {
        let action = """
            - id: a
              name: A
              type: rest-api
              config:
                endpoint: {url: "https://keyed.test/a", method: POST}
                idempotency: header
                authentication: {type: bearer, token: "{{secrets.token}}"}
                body: {type: json, content: {password: "{{fields.password}}", name: "{{fields.title}}"}}
              verification: [{type: response-body, path: "$.echo", equals: nothing}]
            """
        let world = try await World(
            Documents.automatic(
                "db", fields: ["title", "{id: password, type: password}"], settings: "retry: {attempts: 1}", actions: action))
        let id = try await world.submit("db", ["title": "thing", "password": "correct-horse-battery"])
        try await world.run()
        #expect(try world.status(id) == .failed)
        let call = try #require(world.outside.calls.first)
        #expect(call.headers["authorization"] == "Bearer secret-value-of-token")
        #expect(call.body.contains("correct-horse-battery"))
        let texts = try world.writtenTexts()
        #expect(!texts.contains("correct-horse"))
        #expect(!texts.contains("secret-value-of"))
        #expect(texts.contains("[secret token]"))
    }
}
