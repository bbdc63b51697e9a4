import Base
import Catalog
import Identity
import Testing

@testable import Orchestration

@Suite struct PeopleTests {
    static let document = Documents.automatic(
        "db", settings: "retry: {attempts: 1}",
        actions: [Documents.post("a"), Documents.post("b"), Documents.post("c")].joined(separator: "\n"))

    /// Failed at `b`, after `a`.
    private func failed(_ document: String = document, status: Int = 500) async throws -> (World, String) {
        let world = try await World(document)
        world.outside.next("POST https://keyed.test/b", .answer(status, ""))
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.status(id) == .failed)
        return (world, id)
    }

    private func retry(_ world: World, _ id: String, data: JSON? = nil) async throws {
        _ = try await world.requests.retry(id, actionID: nil, changedData: data, skipVerification: false, by: world.actor())
        try await world.run()
    }

    private static let chain = Documents.automatic(
        "db", settings: "retry: {attempts: 1}",
        actions: Documents.post("a") + "\n" + Documents.post("b", after: ["a"]) + "\n"
            + Documents.post("c", after: ["b"]).replacing("{{fields.title}}", with: "{{outputs.b.id}}"),
        extra: "instance: {name: \"{{fields.title}}\", outputs: {address: \"{{outputs.b.id}}\"}}")

    @Test("the failure card says what a skip leaves without its outputs; what is missed can be entered later")
    func skipNeeded() async throws {
        let (world, id) = try await failed(Self.chain)
        let choices = try #require(try world.request(id).errorContext?["choices"]?.array)
        let skip = choices.first { $0["choice"] == "skip" }?["explanation"]?.string
        #expect(
            skip == "Calls nothing; later steps see no outputs of Step b. Step c needs them and will fail without. "
                + "The instance will lack what comes from them.")
        _ = try await world.requests.skip(id, actionID: "b", reason: "not needed", by: world.actor())
        try await world.run()
        #expect(try world.steps(id) == ["a completed", "b skipped", "c failed"])
        _ = try await world.requests.complete(id, actionID: "b", outputs: ["id": "b-1"], reason: "was needed", by: world.actor())
        try await world.run()
        try await retry(world, id)
        #expect(try world.status(id) == .completed)
        #expect(try world.instance(id)?.outputs["address"] == "b-1")
    }

    @Test("a task with a time limit that nobody has done in time fails its step; one without waits")
    func taskLimit() async throws {
        for limit in ["timeout: 2h", ""] {
            let task = "- {id: p, name: P, type: manual-task, config: {title: Do}\(limit.isEmpty ? "" : ", " + limit)}"
            let world = try await World(Documents.automatic("db", actions: task))
            let id = try await world.submit("db")
            try await world.run(for: .seconds(4 * 3600))
            #expect(try world.status(id) == (limit.isEmpty ? .inProgress : .failed))
            guard !limit.isEmpty else { continue }
            #expect(try world.request(id).errorContext?["error"]?["type"] == "timeout")
            #expect(world.clock.now - ManualClock.start < .seconds(3 * 3600))
        }
    }

    // MARK: Ways on

    @Test("a retry keeps the key and what was completed")
    func plainRetry() async throws {
        let (world, id) = try await failed()
        try await retry(world, id)
        #expect(try world.status(id) == .completed)
        let keys = world.outside.calls.filter { $0.line.hasSuffix("/b") }.map(\.key)
        #expect(keys.count == 2 && keys[0] == keys[1])
        #expect(world.outside.lines.filter { $0.hasSuffix("/a") }.count == 1)
        #expect(try world.request(id).errorContext == nil)
    }

    @Test("a retry with changed data is a new call with a new key, and the instance knows the new data")
    func changedRetry() async throws {
        let (world, id) = try await failed()
        try await retry(world, id, data: ["title": "other"])
        let calls = world.outside.calls.filter { $0.line.hasSuffix("/b") }
        #expect(calls.count == 2 && calls[0].key != calls[1].key)
        #expect(calls[1].body.contains("other"))
        #expect(try world.instance(id)?.parameters["title"] == "other")
        #expect(await code { try await retry(world, id) } == .conflict)
    }

    @Test("changed data has to fit the form")
    func unfitRetry() async throws {
        let (world, id) = try await failed()
        #expect(await code { try await retry(world, id, data: ["title": 5]) } == .invalid)
        #expect(try world.status(id) == .failed)
    }

    @Test("a person does the step, with the outputs it declares")
    func byHand() async throws {
        let (world, id) = try await failed()
        let incomplete = await code {
            _ = try await world.requests.complete(id, actionID: "b", outputs: [:], reason: "did it", by: world.actor())
        }
        #expect(incomplete == .invalid)
        _ = try await world.requests.complete(id, actionID: "b", outputs: ["id": "b-7"], reason: "did it", by: world.actor())
        try await world.run()
        #expect(try world.status(id) == .completed)
        #expect(try world.step(id, "b").completedBy == "ada")
        #expect(world.outside.lines.filter { $0.hasSuffix("/b") }.count == 1)
    }

    @Test("a step is skipped for a reason, and the next one runs")
    func skip() async throws {
        let (world, id) = try await failed()
        _ = try await world.requests.skip(id, actionID: "b", reason: "not needed", by: world.actor())
        try await world.run()
        #expect(try world.steps(id) == ["a completed", "b skipped", "c completed"])
    }

    @Test("an abort ends it, keeps what was made with a failed instance, and lists what to clean up")
    func abort() async throws {
        let (world, id) = try await failed()
        _ = try await world.requests.abort(id, reason: "enough", createCleanupTicket: true, by: world.actor())
        #expect(try world.status(id) == .aborted)
        #expect(try world.instance(id)?.state == .failed)
        #expect(try world.openTickets(id).map(\.purpose) == [.cleanup])
        #expect(try world.openTickets(id)[0].description.contains("res-1"))
    }

    @Test("what an aborted request has left to do goes to a person who is told all that is known")
    func completionTicket() async throws {
        let (world, id) = try await failed()
        _ = try await world.requests.abort(
            id, reason: "*enough*", createCleanupTicket: false, createCompletionTicket: true, by: world.actor())
        let ticket = try #require(try world.openTickets(id).first)
        #expect(ticket.purpose == .completion && ticket.title == "Complete The db by hand (\(id))")
        #expect(ticket.description.contains("aborted: \\*enough\\*. Left to do:\n\n- Step b\n- Step c\n\nDone, and kept:\n\n- Step a\n"))
        #expect(ticket.description.contains("res-1") && ticket.description.contains("thing"))
        _ = try await world.tickets.resolve(ticket.id, outputs: [:], comment: "done", by: world.actor())
        #expect(try world.status(id) == .aborted)
    }

    @Test("an escalation opens an incident with everything in it, and can be resumed")
    func escalate() async throws {
        let (world, id) = try await failed()
        let request = try await world.requests.escalate(id, reason: "stuck", priority: nil, by: world.actor())
        #expect(request.status == .escalated)
        let ticket = try #require(try world.openTickets(id).first)
        #expect(ticket.description.contains("Error Details") && ticket.description.contains("- Step a: completed"))
        try await retry(world, id)
        #expect(try world.status(id) == .completed)
    }

    @Test("an escalation makes one incident in JIRA where the answer was lost and the search lags", arguments: [true, false])
    func escalateOnce(wasMade: Bool) async throws {
        let (world, id) = try await failed()
        world.outside.next("POST https://jira.test", wasMade ? .cutAfter : .lost)
        world.outside.lag(searches: 2)
        _ = try await world.requests.escalate(id, reason: "stuck", priority: nil, by: world.actor())
        try await world.run(for: .seconds(120))
        #expect(world.outside.issues.count == 1)
        #expect(try world.request(id).escalationTicketID == "OPS-1")
    }

    @Test("a process that dies with an escalation under way does not make a second incident", arguments: [false, true])
    func escalateThroughDeath(wasMade: Bool) async throws {
        let (world, id) = try await failed()
        let die: @Sendable () -> Void = { [weak world] in try? world?.kill() }
        world.outside.next("POST https://jira.test", wasMade ? .dieAfter(die) : .dieBefore(die))
        world.outside.lag(searches: 2)
        _ = try await world.requests.escalate(id, reason: "stuck", priority: nil, by: world.actor())
        try await world.run(for: .seconds(5))
        world.restart()
        try await world.run(for: .seconds(120))
        #expect(world.outside.issues.count == 1)
        #expect(try world.request(id).escalationTicketID == "OPS-1")
        #expect(try world.effects(id).filter { $0.kind == "jira-ticket" }.map(\.state) == [.done])
    }

    @Test("an escalation whose ticket was closed while JIRA was in doubt makes no further incident")
    func escalateClosed() async throws {
        let (world, id) = try await failed()
        world.outside.next("POST https://jira.test", .lost)
        _ = try await world.requests.escalate(id, reason: "stuck", priority: nil, by: world.actor())
        try await world.run(for: .seconds(5))
        let ticket = try #require(try world.openTickets(id).first)
        _ = try await world.tickets.close(ticket.id, reason: "by telephone", by: world.actor())
        try await world.run(for: .seconds(120))
        #expect(world.outside.issues.isEmpty)
        #expect(try world.effects(id).filter { $0.kind == "jira-ticket" }.map(\.state) == [.failed])
    }

    @Test("an incident that was deleted in JIRA closes its ticket; the request waits for a decision as before")
    func escalationDeleted() async throws {
        let (world, id) = try await failed()
        _ = try await world.requests.escalate(id, reason: "stuck", priority: nil, by: world.actor())
        try await world.run(for: .seconds(1))
        world.outside.next("GET https://jira.test/rest/api/2/issue", .answer(404, "{}"))
        try await world.run(for: .seconds(3600))
        #expect(try world.openTickets(id).isEmpty)
        #expect(try world.status(id) == .escalated)
    }

    @Test("only whoever asked, or may operate, may do so; others do not even see it")
    func permissions() async throws {
        let (world, id) = try await failed()
        let colleague = world.actor("eve", permissions: [.requestsRead, .requestsCreate])
        let stranger = world.actor("mallory", teams: ["other"])
        #expect(await code { _ = try await world.requests.abort(id, reason: "x", createCleanupTicket: false, by: colleague) } == .forbidden)
        #expect(await code { _ = try await world.requests.abort(id, reason: "x", createCleanupTicket: false, by: stranger) } == .notFound)
        #expect(await code { _ = try world.requests.explanation(id, by: stranger) } == .notFound)
    }

    // MARK: Repeating what has happened

    @Test("a call without a key that took effect is repeated only by a person's decision, as another effect")
    func doubtByDecision() async throws {
        let world = try await World(Documents.automatic("db", actions: Documents.post("a", to: "plain")))
        world.outside.next("POST", .cutAfter)
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.status(id) == .failed)
        #expect(try world.effects(id).map(\.state) == [.unknown])
        let choices = try #require(try world.request(id).errorContext?["choices"]?.array)
        #expect(choices[0]["explanation"]?.string?.contains("may then happen twice") == true)
        #expect(world.outside.effects == [1])
        try await retry(world, id)
        #expect(try world.status(id) == .completed)
        #expect(world.outside.effects == [1, 1])
    }

    @Test("a ticket that was made is not made again by a retry")
    func foundAgain() async throws {
        let action = CrashTests.ticket + "\n  outputs: {room: \"$.room\"}"
        let world = try await World(Documents.automatic("db", settings: "retry: {attempts: 1}", actions: action))
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.status(id) == .failed)
        try await retry(world, id)
        #expect(world.outside.issues.count == 1)
    }

    @Test("a server's fault after a call that can be looked up is doubt, and the look-up decides")
    func lookedUp() async throws {
        let action = """
            - id: a
              name: A
              type: rest-api
              config:
                endpoint: {url: "https://plain.test/a", method: POST}
                verify: {url: "https://plain.test/a/{{fields.title}}"}
              outputs: {id: "$.id"}
            """
        let world = try await World(Documents.automatic("db", actions: action))
        world.outside.next("POST", .answer(502, "bad gateway"))
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.status(id) == .completed)
        #expect(world.outside.lines == ["POST https://plain.test/a", "GET https://plain.test/a/thing"])
    }

    @Test("what the other side is still busy with is followed again by a retry, not asked for twice")
    func followedAgain() async throws {
        let action = Documents.post(
            "a", to: "plain",
            more: """
                verification:
                  - {type: poll, url: "https://plain.test/state", every: 10s, until: "$.state == done"}
                timeout: 1m
                """)
        let world = try await World(Documents.automatic("db", settings: "retry: {attempts: 1}", actions: action))
        world.outside.answers("GET https://plain.test/state", #"{"state": "busy"}"#)
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.status(id) == .failed)
        #expect(try world.request(id).errorContext?["choices"]?[0]?["explanation"]?.string?.hasPrefix("Asks again") == true)
        world.outside.answers("GET https://plain.test/state", #"{"state": "done"}"#)
        try await retry(world, id)
        #expect(try world.status(id) == .completed)
        #expect(world.outside.effects == [1])
    }

    // MARK: Stopping

    @Test("a request that runs stops when the call under way has ended, whose result is kept")
    func stopAtBoundary() async throws {
        let world = try await World(Self.document)
        let id = try await world.submit("db")
        world.outside.next(
            "POST https://keyed.test/b",
            .meanwhile { [weak world] in
                guard let world else { return }
                _ = try? await world.requests.abort(id, reason: "enough", createCleanupTicket: true, by: world.actor())
                #expect((try? world.request(id))?.isStopping == true)
            })
        try await world.run()
        #expect(try world.status(id) == .aborted)
        #expect(try world.steps(id) == ["a completed", "b completed", "c skipped"])
        #expect(try world.openTickets(id).first?.description.contains("- b:") == true)
    }

    @Test("an abort does not wait for a retry that is due later, nor for a person", arguments: ["retry", "ticket"])
    func stopWhileWaiting(_ wait: String) async throws {
        let task = "- {id: p, name: P, type: manual-task, config: {title: Do}}"
        let world = try await World(
            Documents.automatic(
                "db", settings: "retry: {attempts: 3, initialDelay: 1h, maxDelay: 1h}",
                actions: wait == "ticket" ? task : Documents.post("a")))
        world.outside.next("POST", .answer(503, ""))
        let id = try await world.submit("db")
        try await world.run(for: .seconds(60))
        #expect(try world.status(id) == .inProgress)
        _ = try await world.requests.abort(id, reason: "enough", createCleanupTicket: false, by: world.actor())
        try await world.run(for: .seconds(60))
        #expect(try world.status(id) == .aborted)
        #expect(try world.openTickets(id).isEmpty)
        #expect(try world.count("SELECT COUNT(*) FROM step_attempts WHERE status = 'running'") == 0)
    }

    @Test("what has not begun is cancelled, and frees its name")
    func cancel() async throws {
        let world = try await World(
            Documents.automatic("db", actions: Documents.post("a"), extra: "instance: {name: \"{{fields.title}}\"}"))
        let id = try await world.submit("db")
        #expect(await code { try await world.submit("db") } == .invalid)
        _ = try await world.requests.cancel(id, reason: "", by: world.actor())
        try await world.submit("db")
        try await world.run()
        #expect(try world.status(id) == .cancelled)
        #expect(world.outside.lines.count == 1)
    }

    // MARK: Tickets

    @Test("a ticket resolved while another branch is calling is taken in")
    func resolvedMeanwhile() async throws {
        let world = try await World(
            Documents.automatic(
                "db", settings: "mode: parallel",
                actions: "- {id: p, name: P, type: manual-task, config: {title: Do}, outputs: [place]}\n" + Documents.post("a")))
        let id = try await world.submit("db")
        world.outside.next(
            "POST",
            .meanwhile { [weak world] in
                guard let world, let ticket = try? world.openTickets(id).first else { return }
                _ = try? await world.tickets.resolve(ticket.id, outputs: ["place": "here"], comment: nil, by: world.actor())
            })
        try await world.run()
        // The ticket is opened with the result of its step's launch; whichever came first, both are taken in.
        for ticket in try world.openTickets(id) {
            _ = try await world.tickets.resolve(ticket.id, outputs: ["place": "here"], comment: nil, by: world.actor())
        }
        try await world.run()
        #expect(try world.status(id) == .completed)
        #expect(try world.step(id, "p").outputs?["place"] == "here")
    }

    @Test("a failed branch is reported while another waits for a person, whose work is not lost")
    func failsBesideTicket() async throws {
        let world = try await World(
            Documents.automatic(
                "db", settings: "mode: parallel\nretry: {attempts: 1}",
                actions: "- {id: p, name: P, type: manual-task, config: {title: Do}, outputs: [place]}\n" + Documents.post("a")))
        world.outside.next("POST", .answer(500, ""))
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.status(id) == .failed)
        _ = try await world.tickets.resolve(try world.openTickets(id)[0].id, outputs: ["place": "here"], comment: nil, by: world.actor())
        try await world.run()
        try await retry(world, id)
        #expect(try world.status(id) == .completed)
    }

    @Test("the time a person takes does not count against the sequence's limit")
    func personsTime() async throws {
        let world = try await World(
            Documents.automatic(
                "db", settings: "timeout: 10m",
                actions: "- {id: p, name: P, type: manual-task, config: {title: Do}}\n" + Documents.post("a")))
        let id = try await world.submit("db")
        try await world.run()
        world.clock.advance(.seconds(86_400 * 3))
        _ = try await world.tickets.resolve(try world.openTickets(id)[0].id, outputs: [:], comment: nil, by: world.actor())
        try await world.run()
        #expect(try world.status(id) == .completed)
    }

    @Test("a ticket in JIRA that outlives the sequence's limit is asked after at its pace, and ends well")
    func ticketBeyondLimit() async throws {
        let ticket = """
            - id: t
              name: Ticket
              type: jira-ticket
              config: {ticket: {project: OPS, summaryTemplate: "Please {{fields.title}}"}}
              verification: [{type: ticket-status, expected: Done}]
            """
        let world = try await World(Documents.automatic("db", settings: "timeout: 5m", actions: ticket))
        let id = try await world.submit("db")
        #expect(try await world.run(for: .seconds(3600)), "the job never rests")
        #expect(world.outside.lines.count < 100)
        #expect(world.outside.timeouts.suffix(3) == [.seconds(30), .seconds(30), .seconds(30)])
        world.outside.move("OPS-1", to: "Done")
        try await world.run()
        #expect(try world.status(id) == .completed)
    }

    @Test(
        "a ticket that is not resolved in the time its document gives it fails the step; retried, it may still be resolved",
        arguments: ["{type: resolution-time, max: 4h}", "{type: ticket-status, expected: Done, timeout: 4h}"])
    func ticketLimit(verification: String) async throws {
        let ticket = """
            - id: t
              name: Ticket
              type: jira-ticket
              config: {ticket: {project: OPS, summaryTemplate: "Please {{fields.title}}"}}
              verification: [\(verification)]
            """
        let world = try await World(Documents.automatic("db", settings: "retry: {attempts: 1}", actions: ticket))
        let id = try await world.submit("db")
        try await world.run(for: .seconds(3 * 3600))
        #expect(try world.status(id) == .inProgress)
        try await world.run(for: .seconds(2 * 3600))
        #expect(try world.status(id) == .failed)
        #expect(try world.step(id, "t").attempts.last?.failure?.message == "The ticket OPS-1 was not resolved within 4h.")
        _ = try await world.requests.retry(id, actionID: nil, changedData: nil, skipVerification: false, by: world.actor())
        try await world.run(for: .seconds(60))
        #expect(try world.status(id) == .inProgress)
        world.outside.move("OPS-1", to: "Done")
        try await world.run(for: .seconds(600))
        #expect(try world.status(id) == .completed)
    }

    @Test(
        "a ticket that is ended here is ended in JIRA, as its workflow lets it; a process that dies meanwhile changes nothing",
        arguments: [
            (true, ["In Progress", "Won't Do", "Done"], "Done"), (false, ["In Progress", "Done", "Won't Do"], "Won't Do"),
            (false, ["Done"], "Done"), (true, ["In Progress"], "Open"),
        ])
    func endedHere(resolved: Bool, offered: [String], expected: String) async throws {
        let document = Documents.item(
            "db",
            fulfillment: "strategy: {mode: manual}\n"
                + "manual: {actions: [{id: t, name: T, type: jira-ticket, config: {ticket: {project: OPS, summaryTemplate: Do}}}]}")
        let world = try await World(document)
        world.outside.offer(transitions: offered)
        let id = try await world.submit("db")
        try await world.run(for: .seconds(2))
        let ticket = try #require(try world.openTickets(id).first)
        if resolved {
            _ = try await world.tickets.resolve(ticket.id, outputs: [:], comment: "did it", by: world.actor())
        } else {
            _ = try await world.tickets.close(ticket.id, reason: "no", by: world.actor())
        }
        world.outside.next("POST https://jira.test/rest/api/2/issue/OPS-1/transitions", .dieAfter { [weak world] in try? world?.kill() })
        try await world.run(for: .seconds(60))
        world.restart()
        try await world.run(for: .seconds(60))
        #expect(world.outside.issues.map(\.status) == [expected])
        #expect(try world.writtenTexts().contains("stays open in JIRA") == (expected == "Open"))
    }

    @Test("a ticket in JIRA is followed: its row is kept in step, and what nobody entered there is asked for")
    func jiraTicket() async throws {
        let world = try await World(
            Documents.item(
                "desk",
                fulfillment: """
                    manual:
                      actions:
                        - id: t
                          name: Ticket
                          type: jira-ticket
                          config: {ticket: {project: OPS, summaryTemplate: "Please {{fields.title}}"}}
                          outputs: [key, room]
                    """))
        let id = try await world.submit("desk")
        try await world.run(for: .seconds(5))
        #expect(try world.openTickets(id).map(\.id) == ["OPS-1"])
        world.outside.move("OPS-1", to: "In Progress")
        try await world.run(for: .seconds(60))
        #expect(try world.openTickets(id).map(\.status) == [.inProgress])
        world.outside.move("OPS-1", to: "Done")
        try await world.run(for: .seconds(600))
        let question = try #require(try world.openTickets(id).first)
        #expect(question.purpose == .question && question.declaredOutputs == ["room"])
        _ = try await world.tickets.resolve(question.id, outputs: ["room": "4.2"], comment: nil, by: world.actor())
        try await world.run()
        #expect(try world.status(id) == .completed)
        #expect(try world.step(id, "t").outputs?["room"] == "4.2")
        #expect(try world.step(id, "t").outputs?["key"] == "OPS-1")
    }

    @Test("an issue that was refused fails the step; the retry opens another one")
    func refusedIssue() async throws {
        let world = try await World(
            Documents.item(
                "desk",
                fulfillment:
                    "manual: {actions: [{id: t, name: T, type: jira-ticket, config: {ticket: {project: OPS, summaryTemplate: Do}}}]}"))
        let id = try await world.submit("desk")
        try await world.run(for: .seconds(5))
        world.outside.move("OPS-1", to: "Won't Do")
        try await world.run(for: .seconds(600))
        #expect(try world.status(id) == .failed)
        _ = try await world.requests.retry(id, actionID: nil, changedData: nil, skipVerification: false, by: world.actor())
        try await world.run(for: .seconds(5))
        #expect(world.outside.issues.count == 2)
        #expect(try world.openTickets(id).map(\.id) == ["OPS-2"])
    }

    // MARK: Handing over

    @Test("a failed step and what depends on it go to a person, with whose answer the request is completed")
    func fallback() async throws {
        let world = try await World(
            Documents.automatic(
                "db", settings: "mode: parallel\nfallbackOnFailure: true\nretry: {attempts: 1}",
                actions: [Documents.post("a"), Documents.post("b", after: ["a"]), Documents.post("c")].joined(separator: "\n"),
                extra: "instance: {outputs: {b: \"{{outputs.b.id}}\"}}"))
        world.outside.next("POST https://keyed.test/a", .answer(500, ""))
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.steps(id) == ["a running", "b skipped", "c completed"])
        let ticket = try #require(try world.openTickets(id).first)
        #expect(ticket.declaredOutputs == ["id", "b.id"])
        _ = try await world.tickets.resolve(ticket.id, outputs: ["id": "a-1", "b.id": "b-1"], comment: nil, by: world.actor())
        try await world.run()
        #expect(try world.status(id) == .completed)
        #expect(try world.instance(id)?.outputs["b"] == "b-1")
    }

    @Test("the ticket that takes over can tell what failed, what succeeded and what must be removed")
    func failureContext() async throws {
        let ticket = """
            - id: by-hand
              type: manual-task
              config:
                title: "{{bundle.metadata.name}}: {{failure.error}} at {{failure.timestamp}}"
                instructions: "{{#each components}}{{id}} {{status}}{{#if succeeded}} ({{join resources ', '}}): {{cleanup.instructions}}{{/if}}; {{/each}}"
            """
        let fulfillment = """
            strategy: {mode: automatic}
            manual:
              actions:
            \(ticket.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))
            automatic:
              fallbackOnFailure: true
              retry: {attempts: 1}
              actions:
            \((Documents.post("a", more: "cleanup: Delete it.") + "\n" + Documents.post("b", after: ["a"])).split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))
            """
        let world = try await World(Documents.item("db", fulfillment: fulfillment))
        world.outside.next("POST https://keyed.test/b", .answer(500, ""))
        let id = try await world.submit("db")
        try await world.run()
        #expect(try world.steps(id) == ["a completed", "b running"])
        let opened = try #require(try world.openTickets(id).first)
        #expect(opened.title.hasPrefix("The db: ") && opened.title.contains("500"))
        #expect(opened.description.hasPrefix("a completed (") && opened.description.contains(": Delete it.; b "))
    }
}
