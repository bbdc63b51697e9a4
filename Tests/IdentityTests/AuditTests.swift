import Foundation
import Store
import Testing

@testable import Base
@testable import Identity

@Suite("The audit trail")
struct AuditTests {
    private func world(rows: Int = 10) async throws -> World {
        let world = try await World()
        for index in 1...rows { try await append(world, "row\(index)") }
        return world
    }

    private func append(_ world: World, _ id: String, by actor: Actor? = nil, team: String? = nil) async throws {
        let (audit, actor) = (world.services.audit, actor ?? world.system)
        try await world.write { tx throws(PAOError) in
            try audit.append(
                AuditEntry(actor, "update", "thing", id, team: team, requestID: "req-\(id)", old: nil, new: ["name": .string(id)]), in: tx)
        }
    }

    /// What somebody with the file in hand can do, who does not care for triggers.
    private func tamper(_ world: World, _ sql: String) async throws {
        try await world.write { tx throws(PAOError) in
            for trigger in ["audit_logs_no_update", "audit_logs_no_delete", "audit_archives_no_delete"] {
                try tx.run("DROP TRIGGER IF EXISTS \(trigger)")
            }
            for statement in sql.split(separator: ";") { try tx.run(String(statement)) }
        }
    }

    private func verify(_ world: World, anchor: AuditLog.Head? = nil) throws -> Int? {
        try world.store.read { connection throws(PAOError) in try AuditLog.verify(connection, anchor: anchor) }
    }

    private func head(_ world: World) throws -> AuditLog.Head {
        try world.store.read { connection throws(PAOError) in try AuditLog.head(in: connection) }
    }

    @Test("an untouched chain verifies, an empty one too")
    func whole() async throws {
        #expect(try verify(try await World()) == nil)
        let world = try await world()
        #expect(try verify(world) == nil)
        #expect(try verify(world, anchor: try head(world)) == nil)
    }

    @Test("what a row says about itself is what was given")
    func contents() async throws {
        let world = try await World()
        let actor = Actor(
            kind: .token, userID: "u1", login: "ann", email: nil, teams: [], visibleTeams: [], permissions: [], correlationID: "corr",
            address: "192.0.2.7", agent: "curl \"8\"")
        try await append(world, "x", by: actor, team: "search")
        let record = try #require(try world.audited("update").first)
        #expect(record.sequence == 1 && record.at == world.clock.source.now().description && record.eventType == "thing.update")
        #expect(record.actorKind == "token" && record.actorUserID == "u1" && record.actorLogin == "ann" && record.team == "search")
        #expect(record.entityType == "thing" && record.entityID == "x" && record.requestID == "req-x" && record.actionID == nil)
        #expect(record.old == nil && record.new == #"{"name":"x"}"# && record.correlationID == "corr" && record.sourceSystem == "pao")
        #expect(record.address == "192.0.2.7" && record.agent == "curl \"8\"" && record.result == "success")
        #expect(record.previousHash == [UInt8](repeating: 0, count: 32) && record.hash == record.computedHash)
    }

    @Test("the hash is the SHA-256 of the hash before and canonical JSON, so that anybody can check it")
    func canonical() async throws {
        let world = try await world(rows: 2)
        let record = try #require(try world.audited("update").first)
        let json: JSON = [
            "sequence": .int(record.sequence), "id": .string(record.id), "at": .string(record.at), "actor_kind": "system",
            "actor_user_id": nil, "actor_login": "system", "event_type": "thing.update", "action": "update", "result": "success",
            "entity_type": "thing", "entity_id": "row2", "team": nil, "request_id": "req-row2", "action_id": nil, "old": nil,
            "new": #"{"name":"row2"}"#, "correlation_id": "test", "source_system": "pao", "address": nil, "agent": nil,
        ]
        #expect(record.hash == Hash.sha256(record.previousHash + json.canonicalBytes))
    }

    @Test(
        "every edit is found at its row",
        arguments: [
            "id", "at", "actor_kind", "actor_user_id", "actor_login", "event_type", "action", "entity_type", "entity_id", "team",
            "request_id", "action_id", "old", "new", "correlation_id", "source_system", "address", "agent",
        ])
    func edit(column: String) async throws {
        let world = try await world()
        try await tamper(world, "UPDATE audit_logs SET \(column) = COALESCE(\(column), '') || 'x' WHERE sequence = 6")
        #expect(try verify(world) == 6)
    }

    @Test(
        "deleted, inserted, moved and re-hashed rows are found",
        arguments: [
            ("UPDATE audit_logs SET result = 'failure' WHERE sequence = 6", 6),
            ("UPDATE audit_logs SET hash = randomblob(32) WHERE sequence = 6", 6),
            ("UPDATE audit_logs SET previous_hash = randomblob(32) WHERE sequence = 6", 6),
            ("UPDATE audit_logs SET address = '' WHERE sequence = 6", 6),
            ("DELETE FROM audit_logs WHERE sequence = 6", 6),
            ("DELETE FROM audit_logs WHERE sequence <= 3", 1),
            ("DELETE FROM audit_logs WHERE sequence = 6; UPDATE audit_logs SET sequence = sequence - 1 WHERE sequence > 6", 6),
            (
                "UPDATE audit_logs SET sequence = -1 WHERE sequence = 4; UPDATE audit_logs SET sequence = 4 WHERE sequence = 5; UPDATE audit_logs SET sequence = 5 WHERE sequence = -1",
                4
            ),
            ("UPDATE audit_logs SET new = old, old = new WHERE sequence = 2", 2),
            (
                """
                UPDATE audit_logs SET sequence = -sequence - 1 WHERE sequence > 6; UPDATE audit_logs SET sequence = -sequence WHERE sequence < 0;
                INSERT INTO audit_logs SELECT 7, id, at, actor_kind, actor_user_id, actor_login, event_type, action, result, entity_type,
                entity_id, team, request_id, action_id, old, new, correlation_id, source_system, address, agent, hash, randomblob(32)
                FROM audit_logs WHERE sequence = 6
                """, 7
            ),
        ])
    func forgery(sql: String, found: Int) async throws {
        let world = try await world()
        try await tamper(world, sql)
        #expect(try verify(world) == found)
    }

    @Test("a tail that was cut off shows against a head kept elsewhere")
    func truncation() async throws {
        let world = try await world()
        let anchor = try head(world)
        try await tamper(world, "DELETE FROM audit_logs WHERE sequence > 7")
        #expect(try verify(world) == nil)
        #expect(try verify(world, anchor: anchor) == 8)
        for index in 1...5 { try await append(world, "new\(index)") }
        #expect(try verify(world, anchor: anchor) == anchor.sequence)
    }

    @Test("the database refuses changes")
    func triggers() async throws {
        let world = try await world()
        for sql in [
            "UPDATE audit_logs SET old = '1'", "DELETE FROM audit_logs WHERE sequence = 10", "DELETE FROM audit_logs WHERE sequence = 1",
        ] {
            #expect(await code { try await world.execute(sql) } == .conflict)
        }
        #expect(try verify(world) == nil)
    }

    @Test("an archived prefix can go, and the chain holds on to its head")
    func archive() async throws {
        let world = try await world()
        let (audit, system) = (world.services.audit, world.system)
        let sixth = try world.store.read { connection throws(PAOError) in
            let row = try connection.first("SELECT sequence, hash FROM audit_logs WHERE sequence = 6")
            return AuditLog.Head(sequence: row?.int(0) ?? 0, hash: row?.blob(1) ?? [])
        }
        let wrong = AuditLog.Head(sequence: 6, hash: [UInt8](repeating: 7, count: 32))
        #expect(
            await code {
                try await world.write { tx throws(PAOError) in try audit.archive(through: wrong, location: "x", by: system, in: tx) }
            } == .conflict)
        try await world.write { tx throws(PAOError) in try audit.archive(through: sixth, location: "archive-1.ndjson", by: system, in: tx) }
        #expect(try verify(world) == nil)
        #expect(try verify(world, anchor: sixth) == nil)
        #expect(await code { try await world.execute("DELETE FROM audit_archives") } == .conflict)
        try await tamper(world, "DELETE FROM audit_logs WHERE sequence = 7")
        #expect(try verify(world) == 7)
    }

    @Test("a rolled-back row leaves no gap, also within one commit")
    func rollback() async throws {
        let world = try await world(rows: 1)
        let audit = world.services.audit
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<40 {
                group.addTask {
                    _ = try? await world.write { tx throws(PAOError) in
                        try audit.append(AuditEntry(world.system, "update", "thing", "\(index)"), in: tx)
                        if index % 3 == 0 { throw PAOError(.conflict, "no") }
                        try audit.append(AuditEntry(world.system, "update", "thing", "\(index)"), in: tx)
                    }
                }
            }
        }
        #expect(try verify(world) == nil)
        #expect(try head(world).sequence == 1 + 26 * 2)
    }

    @Test("known secrets are blotted out")
    func redaction() async throws {
        let world = try await World()
        world.redactor.add("hunter2-hunter2")
        try await append(world, "hunter2-hunter2")
        #expect(try world.audited("update").first?.new == #"{"name":"***"}"#)
    }

    @Test("pages are newest first, filtered, and end where the one before began")
    func pages() async throws {
        let world = try await world(rows: 5)
        var query = AuditQuery()
        func sequences() throws -> [Int] {
            try world.store.read { connection throws(PAOError) in
                try AuditLog.page(query, limit: 2, for: world.system, in: connection).map(\.sequence)
            }
        }
        #expect(try sequences() == [5, 4])
        query.before = 4
        #expect(try sequences() == [3, 2])
        query.entityID = "row1"
        #expect(try sequences() == [1])
        query.requestID = "req-row2"
        #expect(try sequences() == [])
        query = AuditQuery()
        query.from = world.clock.source.now()
        query.until = world.clock.source.now()
        #expect(try sequences() == [])
    }

    @Test("one sees rows of the own teams and of oneself, with audit.read only")
    func visibility() async throws {
        let world = try await World()
        try await world.team("search")
        try await world.team("cards")
        try await world.user("ann", roles: ["platform-engineer"], teams: ["search"])
        try await world.user("bob", roles: ["developer"], teams: ["search"])
        let ann = try world.actor("ann")
        for (id, team) in [("a", "search"), ("b", "cards"), ("c", nil)] { try await append(world, id, team: team) }
        try await append(world, "d", by: ann)
        var query = AuditQuery()
        query.action = "update"
        let seen = try world.store.read { connection throws(PAOError) in
            try AuditLog.page(query, limit: 10, for: ann, in: connection).map(\.entityID)
        }
        #expect(seen == ["d", "a"])
        let bob = try world.actor("bob")
        #expect(
            await code {
                try world.store.read { connection throws(PAOError) in _ = try AuditLog.page(query, limit: 10, for: bob, in: connection) }
            } == .forbidden)
    }

    @Test(
        "filters use an index",
        arguments: [
            "request_id = ? AND request_id IS NOT NULL", AuditQuery.entity, "correlation_id = ?", "event_type = ?", "actor_login = ?",
            "sequence < ?",
        ])
    func indexes(condition: String) async throws {
        let world = try await World()
        let plan = try world.store.queryPlan("SELECT * FROM audit_logs WHERE \(condition) ORDER BY sequence DESC LIMIT 50")
        #expect(plan.contains { $0.hasPrefix("SEARCH") } && !plan.contains { $0.hasPrefix("SCAN") }, "\(plan)")
    }
}
