import Base
import Catalog
import Foundation
import Jobs
import Synchronization
import Testing

@testable import Orchestration

/// Turns of a run as values: nothing is sent and nothing stored.
@Suite struct RunTests {
    private func run(_ world: World, _ id: String) throws -> RequestRun {
        let loader = world.requests.loader
        return try world.store.read { connection throws(PAOError) in
            guard let request = try RequestStore(connection).request(id: id) else { throw PAOError(.notFound, id) }
            return try loader.run(of: request, now: world.clock.now, in: connection)
        }
    }

    private func fresh(_ document: String) async throws -> (World, RequestRun) {
        let world = try await World(document)
        return (world, try run(world, try await world.submit("db")))
    }

    @Test("the intent is among the changes before the launch is handed out")
    func intentFirst() async throws {
        var (_, run) = try await fresh(Documents.automatic("db", actions: Documents.post("a")))
        let launches = try run.launches()
        #expect(launches.map(\.effect.key) == run.changes.intended.map(\.key))
        #expect(run.changes.intended.map(\.state) == [.intent])
        #expect(run.changes.startedAttempts.map(\.attempt.number) == [1])
        #expect(run.inFlight.count == 1)
        #expect(run.changes.newInstance?.state == .provisioning)
    }

    @Test("rendering a step again gives the same bytes")
    func sameBytes() async throws {
        let action = """
            - id: a
              name: A
              type: rest-api
              config: {endpoint: {url: "https://keyed.test/{{uuid()}}", method: POST}, idempotency: header, body: {type: json, content: {at: "{{system.timestamp}}"}}}
            """
        var (_, run) = try await fresh(Documents.automatic("db", actions: action))
        let launches = try run.launches()
        let first = try #require(launches.first)
        run.now = run.now + .seconds(1000)
        run.inFlight = []
        let again = run.prepare(0, .settle)
        let second = try #require(again)
        #expect(first.effect.payload == second.effect.payload)
    }

    @Test("a run that is dropped has changed nothing")
    func dropped() async throws {
        let (_, run) = try await fresh(Documents.automatic("db", actions: Documents.post("a")))
        var copy = run
        _ = try copy.launches()
        #expect(run.request.status == .queued && run.changes.isEmpty && run.request.steps[0].attempts.isEmpty)
    }

    @Test("a doubt that cannot be settled becomes a person's after an hour")
    func endlessDoubt() async throws {
        var (_, run) = try await fresh(Documents.automatic("db", actions: Documents.post("a")))
        let launches = try run.launches()
        let launch = try #require(launches.first)
        _ = run.apply(.result(.doubt(StepFailure("timeout", "no answer"))), to: launch.stepID)
        for _ in 0..<10 {
            run.inFlight = []
            _ = run.apply(.settlement(.later(.seconds(5))), to: launch.stepID)
            run.now = run.now + .seconds(600)
        }
        #expect(run.request.steps[0].status == .failed)
        #expect(run.request.steps[0].attempts.last?.failure?.type == "in_doubt")
        #expect(run.effects.values.map(\.state) == [.unknown])
    }

    @Test("polls become rarer the longer something takes")
    func polls() async throws {
        var (_, run) = try await fresh(Documents.automatic("db", actions: Documents.post("a")))
        let launches = try run.launches()
        let launch = try #require(launches.first)
        var waits: [Duration] = []
        for elapsed in [0, 10, 1000, 10_000] {
            run.now = (run.request.steps[0].attempts.first?.startedAt ?? run.now) + .seconds(elapsed)
            _ = run.apply(.result(.waiting(reference: "r", url: nil, after: .seconds(2), reason: "busy")), to: launch.stepID)
            waits.append((run.request.steps[0].dueAt ?? run.now) - run.now)
        }
        #expect(waits == [.seconds(2), .seconds(2), .seconds(100), .seconds(300)])
    }

    @Test("a handler that lost its lease stores nothing")
    func fenced() async throws {
        let world = try await World(Documents.automatic("db", actions: Documents.post("a")))
        let id = try await world.submit("db")
        world.outside.next(
            "POST",
            .meanwhile { [weak world] in
                try? await world?.store.write { tx throws(PAOError) in _ = try tx.run("UPDATE jobs SET lease_epoch = lease_epoch + 1") }
            })
        try await world.run(for: .seconds(1))
        #expect(try world.step(id, "a").status == .running)
        #expect(try world.effects(id).map(\.state) == [.intent])
        try await world.run()
        #expect(try world.status(id) == .completed)
        #expect(world.outside.effects == [1])
    }

    @Test("what can never be stored fails the request in the end, so that a person sees it")
    func unstorable() async throws {
        let world = try await World(
            Documents.automatic("db", actions: Documents.post("a") + "\n- {id: p, name: P, type: manual-task, config: {title: Do}}"))
        let id = try await world.submit("db")
        try await world.store.write { tx throws(PAOError) in
            _ = try tx.run("CREATE TRIGGER broken BEFORE INSERT ON manual_tickets BEGIN SELECT RAISE(ABORT, 'broken'); END")
        }
        try await world.run()
        #expect(try world.status(id) == .failed)
        #expect(try world.request(id).errorContext?["error"]?["type"] == "internal")
        try await world.store.write { tx throws(PAOError) in _ = try tx.run("DROP TRIGGER broken") }
        _ = try await world.requests.retry(id, actionID: nil, changedData: nil, skipVerification: false, by: world.actor())
        try await world.run()
        #expect(try world.openTickets(id).count == 1)
        #expect(world.outside.effects == [1])
    }

    @Test("the real queue runs requests side by side to their end")
    func realQueue() async throws {
        let world = try await World(Documents.automatic("db", actions: Documents.post("a") + "\n" + Documents.post("b")))
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let unsubscribe = world.events.subscribe { event in
            if event.event.type == "request.status", event.event.new == "completed" { end.yield() }
        }
        try await world.jobs.start()
        var ids: [String] = []
        for title in 0..<20 { ids.append(try await world.submit("db", ["title": .string("t\(title)")])) }
        var count = 0
        for await _ in ended {
            count += 1
            if count == ids.count { break }
        }
        unsubscribe()
        #expect(try ids.allSatisfy { try world.status($0) == .completed })
        #expect(world.outside.effects.count == 40 && world.outside.effects.allSatisfy { $0 == 1 })
        _ = await world.jobs.drain(timeout: .seconds(5))
    }

    // MARK: What people read

    /// With PAO_REWRITE_GOLDEN=1 the files are written instead of compared.
    private func expect(_ json: JSON, isLike name: String) throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name).json")
        if ProcessInfo.processInfo.environment["PAO_REWRITE_GOLDEN"] == "1" { try Data(json.pretty.utf8).write(to: path) }
        #expect(json.pretty == String(decoding: try Data(contentsOf: path), as: UTF8.self))
    }

    /// Ids and times that differ from run to run, by name.
    private func stable(_ json: JSON, _ world: World, _ id: String) throws -> JSON {
        var text = json.pretty
        text = text.replacing(id, with: "req-1")
        for effect in try world.effects(id) { text = text.replacing(effect.key, with: "KEY of \(effect.summary.suffix(1))") }
        text = text.replacing(/20\d\d-\d\d-\d\dT[0-9:.]+Z/, with: "TIME")
        return try JSON.parse(text)
    }

    @Test("the error context says all that a person needs", arguments: ["keyed", "plain-doubt", "jira", "fresh"])
    func errorContext(_ name: String) async throws {
        let failing: String =
            switch name {
            case "jira": CrashTests.ticket.replacing("id: t", with: "id: b") + "\n  outputs: {room: \"$.room\"}"
            case "plain-doubt": Documents.post("b", to: "plain")
            case "fresh": Documents.post("b").replacing("{{fields.title}}", with: "{{toNumber(fields.title)}}")
            default: Documents.post("b")
            }
        let world = try await World(
            Documents.automatic(
                "db", fields: ["title", "{id: password, type: password}"], settings: "retry: {attempts: 1}",
                actions: Documents.post("a", more: "cleanup: \"Delete {{outputs.a.id}} by hand\"") + "\n" + failing))
        world.outside.next("POST https://keyed.test/b", .answer(500, "out of order"))
        world.outside.next("POST https://plain.test/b", .cutAfter)
        let id = try await world.submit("db", ["title": "thing", "password": "correct-horse"])
        try await world.run()
        let context = try #require(try world.request(id).errorContext)
        try expect(try stable(context, world, id), isLike: "error-context-\(name)")
    }
}
