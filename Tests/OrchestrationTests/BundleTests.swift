import Base
import Catalog
import Identity
import Testing

@testable import Orchestration

@Suite struct BundleTests {
    static func item(_ id: String) -> String {
        Documents.automatic(
            id, settings: "retry: {attempts: 1}", actions: Documents.post(id),
            extra: "instance: {name: \"{{fields.title}}\", outputs: {address: \"{{outputs.\(id).id}}\"}}")
    }

    static let bundle = """
        kind: CatalogBundle
        metadata: {id: starter, name: Starter, version: 1.0.0, category: tests, owner: {team: platform},
          description: A bundle of the tests that is long enough to say what it is for.}
        presentation: {form: {groups: [{id: basic, fields: [{id: app, type: string, required: true}]}]}}
        components:
          - {id: database, catalogItem: db, required: true, config: {title: "{{fields.app}}-db"}, outputs: [address]}
          - {id: files, catalogItem: bucket, required: true, dependsOn: [database],
             config: {title: "{{components.database.outputs.address}}-files"}}
          - {id: events, catalogItem: topic, required: false, enabledByDefault: false, config: {title: "{{fields.app}}-events"}}
        fulfillment: {orchestration: {mode: parallel}}
        """

    private func world() async throws -> World {
        try await World(Self.item("db"), Self.item("bucket"), Self.item("topic"), Self.bundle)
    }

    private func submit(_ world: World, components: JSON = [:]) async throws -> String {
        var submission = Submission(catalogID: "starter", kind: .bundle, data: ["app": "shop"])
        submission.components = components
        return try await world.submit(submission)
    }

    private func child(_ world: World, _ id: String, _ component: String) throws -> ServiceRequest {
        try world.request(try #require(try world.step(id, component).externalReference))
    }

    @Test("each enabled component is a request of its own, in dependency order; members hang on the bundle's instance")
    func happy() async throws {
        let world = try await world()
        let id = try await submit(world)
        try await world.run()
        #expect(try world.steps(id) == ["database completed", "files completed"])
        #expect(try world.status(id) == .completed)
        #expect(world.outside.lines == ["POST https://keyed.test/db", "POST https://keyed.test/bucket"])
        #expect(world.outside.calls[1].body.contains("res-1-files"))
        let instance = try #require(try world.instance(id))
        #expect(instance.isBundle && instance.state == .active)
        #expect(instance.outputs["database"]?["address"] == "res-1")
        #expect(try world.count("SELECT COUNT(*) FROM bundle_instance_members") == 2)
        #expect(try child(world, id, "database").parentRowID == world.request(id).rowID)
    }

    @Test("a failed component fails the bundle with its context; whoever mends the component mends the bundle")
    func mended() async throws {
        let world = try await world()
        world.outside.next("POST https://keyed.test/db", .answer(500, "boom"))
        let id = try await submit(world)
        try await world.run()
        #expect(try world.status(id) == .failed)
        let context = try #require(try world.request(id).errorContext)
        #expect(context["component"] == "database")
        #expect(context["error"]?["type"] == "http_500")
        let component = try child(world, id, "database").id
        _ = try await world.requests.retry(component, actionID: nil, changedData: nil, skipVerification: false, by: world.actor())
        try await world.run()
        #expect(try world.status(id) == .completed)
    }

    @Test("a retry of the bundle retries its component")
    func retried() async throws {
        let world = try await world()
        world.outside.next("POST https://keyed.test/bucket", .answer(500, ""))
        let id = try await submit(world)
        try await world.run()
        #expect(try world.steps(id) == ["database completed", "files failed"])
        _ = try await world.requests.retry(id, actionID: nil, changedData: nil, skipVerification: false, by: world.actor())
        try await world.run()
        #expect(try world.status(id) == .completed)
        #expect(world.outside.effects == [1, 1])
    }

    @Test("without a failed optional component the bundle is completed")
    func optional() async throws {
        let world = try await world()
        world.outside.next("POST https://keyed.test/topic", .answer(500, ""))
        let id = try await submit(world, components: ["events": ["enabled": true]])
        try await world.run()
        #expect(try world.status(id) == .completed)
        #expect(try world.step(id, "events").status == .skipped)
    }

    @Test("an abort reaches what the components have begun")
    func abort() async throws {
        let world = try await world()
        world.outside.next("POST https://keyed.test/bucket", .answer(500, ""))
        let id = try await submit(world)
        try await world.run()
        _ = try await world.requests.abort(id, reason: "enough", createCleanupTicket: false, by: world.actor())
        try await world.run()
        #expect(try world.status(id) == .aborted)
        #expect(try child(world, id, "files").status == .aborted)
        #expect(try child(world, id, "database").status == .completed)
    }

    @Test("an aborted bundle lists the instances that its components made, also in the cleanup ticket")
    func abortedCleanup() async throws {
        let world = try await world()
        world.outside.next("POST https://keyed.test/bucket", .answer(500, ""))
        let id = try await submit(world)
        try await world.run()
        let made = try #require(try child(world, id, "database").instanceID)
        let listed = try #require(try world.request(id).errorContext?["cleanupRequired"]?.array)
        #expect(listed.map { $0["resourceId"] } == [.string(made)])
        _ = try await world.requests.abort(id, reason: "enough", createCleanupTicket: true, by: world.actor())
        try await world.run()
        #expect(try world.openTickets(id).filter { $0.purpose == .cleanup }.map { $0.description.contains(made) } == [true])
    }

    @Test("a component that its item refuses says which field is wrong")
    func refusedComponent() async throws {
        let item = Self.item("bucket").replacing("{id: title, type: string}", with: "{id: title, type: string, validation: {maxLength: 8}}")
        let world = try await World(Self.item("db"), item, Self.item("topic"), Self.bundle)
        let id = try await submit(world)
        try await world.run()
        let message = try #require(try world.request(id).errorContext?["error"]?["message"]?.string)
        #expect(message.hasPrefix("title: Enter at most 8"))
    }

    @Test("an abort waits for a component's call under way; a component whose last call it was is completed")
    func abortMeanwhile() async throws {
        let world = try await world()
        let id = try await submit(world)
        world.outside.next(
            "POST https://keyed.test/db",
            .meanwhile { [weak world] in
                guard let world else { return }
                _ = try? await world.requests.abort(id, reason: "enough", createCleanupTicket: false, by: world.actor())
            })
        try await world.run()
        #expect(try world.status(id) == .aborted)
        #expect(try world.steps(id) == ["database completed", "files skipped"])
        #expect(try child(world, id, "database").json["stopping"] == false)
        #expect(world.outside.effects == [1])
    }

    @Test("components are checked before the bundle is accepted")
    func findings() async throws {
        let world = try await world()
        try await world.submit("db", ["title": "shop-db"])
        let taken = try world.requests.findings(Submission(catalogID: "starter", kind: .bundle, data: ["app": "shop"]), by: world.actor())
        #expect(taken.map(\.field) == ["components.database.title"])
        var submission = Submission(catalogID: "starter", kind: .bundle, data: ["app": "other"])
        submission.components = ["database": ["enabled": false], "nothing": ["enabled": true]]
        let wrong = try world.requests.findings(submission, by: world.actor())
        #expect(wrong.map(\.rule) == ["unknown", "required", "dependency"])
    }

    @Test("killed before each transaction, every component is asked for once")
    func crashes() async throws {
        for fatal in 1...14 {
            let world = try await world()
            let id = try await submit(world)
            let turns = Turns(fatal)
            world.onTurn.withLock { $0 = { [weak world] in if turns.isFatal() { try? world?.kill() } } }
            try await world.run(for: .seconds(5))
            world.onTurn.withLock { $0 = nil }
            world.restart()
            try await world.run()
            #expect(try world.status(id) == .completed, "turn \(fatal)")
            #expect(world.outside.effects == [1, 1], "turn \(fatal)")
            #expect(try world.count("SELECT COUNT(*) FROM service_requests") == 3, "turn \(fatal)")
        }
    }
}
