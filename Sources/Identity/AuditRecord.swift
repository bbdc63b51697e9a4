package import Base
import Store

/// What happened, for the trail. Sealed values are masked by the caller: what stands in `old` and `new` is stored.
package struct AuditEntry: Sendable {
    package enum Result: String, Sendable { case success, failure }

    package var actor: Actor
    /// The verb: `create`, `approve`, `retry`, `login`, ...
    package var action: String
    package var entityType: String
    package var entityID: String
    /// `<entity type>.<action>` unless given.
    package var eventType: String
    package var result: Result
    /// Slug; who sees that team sees the row. nil: only those who see everything, and the actor.
    package var team: String?
    package var requestID: String?
    package var actionID: String?
    package var old: JSON?
    package var new: JSON?
    package var sourceSystem: String

    package init(
        _ actor: Actor, _ action: String, _ entityType: String, _ entityID: String, eventType: String? = nil,
        result: Result = .success, team: String? = nil, requestID: String? = nil, actionID: String? = nil, old: JSON? = nil,
        new: JSON? = nil, sourceSystem: String = "pao"
    ) {
        self.actor = actor
        self.action = action
        self.entityType = entityType
        self.entityID = entityID
        self.eventType = eventType ?? entityType + "." + action
        self.result = result
        self.team = team
        self.requestID = requestID
        self.actionID = actionID
        self.old = old
        self.new = new
        self.sourceSystem = sourceSystem
    }
}

/// A row of `audit_logs`. `old` and `new` are the stored JSON text.
package struct AuditRecord: Sendable {
    package internal(set) var sequence: Int
    package let id: String
    /// As stored: a changed text must change the hash, even where it is no time any more.
    package internal(set) var at: String
    package let actorKind: String
    package let actorUserID: String?
    package let actorLogin: String
    package let eventType: String
    package let action: String
    package let result: String
    package let entityType: String
    package let entityID: String
    package let team: String?
    package let requestID: String?
    package let actionID: String?
    package let old: String?
    package let new: String?
    package let correlationID: String
    package let sourceSystem: String
    package let address: String?
    package let agent: String?
    package internal(set) var previousHash: [UInt8]
    package internal(set) var hash: [UInt8] = []
}

extension AuditRecord {
    static let columns = """
        sequence, id, at, actor_kind, actor_user_id, actor_login, event_type, action, result, entity_type, entity_id, team, request_id, \
        action_id, old, new, correlation_id, source_system, address, agent, previous_hash, hash
        """

    /// SHA-256 over the hash of the row before and this row as JSON with sorted keys; absent values are null, `old` and `new` strings.
    var computedHash: [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        write(to: &writer)
        return Hash.sha256(previousHash + writer.bytes)
    }

    private func write(to writer: inout JSONWriter) {
        writer.raw("{\"action\":")
        writer.string(action)
        writer.member(",\"action_id\":", actionID)
        writer.member(",\"actor_kind\":", actorKind)
        writer.member(",\"actor_login\":", actorLogin)
        writer.member(",\"actor_user_id\":", actorUserID)
        writer.member(",\"address\":", address)
        writer.member(",\"agent\":", agent)
        writer.member(",\"at\":", at)
        writer.member(",\"correlation_id\":", correlationID)
        writer.member(",\"entity_id\":", entityID)
        writer.member(",\"entity_type\":", entityType)
        writer.member(",\"event_type\":", eventType)
        writer.member(",\"id\":", id)
        writer.member(",\"new\":", new)
        writer.member(",\"old\":", old)
        writer.member(",\"request_id\":", requestID)
        writer.member(",\"result\":", result)
        writer.raw(",\"sequence\":")
        writer.raw(String(sequence))
        writer.member(",\"source_system\":", sourceSystem)
        writer.member(",\"team\":", team)
        writer.raw("}")
    }

    var values: [SQLValue] {
        [
            .integer(sequence), .text(id), .text(at), .text(actorKind), actorUserID.sqlValue, .text(actorLogin), .text(eventType),
            .text(action), .text(result), .text(entityType), .text(entityID), team.sqlValue, requestID.sqlValue, actionID.sqlValue,
            old.sqlValue, new.sqlValue, .text(correlationID), .text(sourceSystem), address.sqlValue, agent.sqlValue,
            .blob(previousHash), .blob(hash),
        ]
    }

    init(_ row: Row) {
        self.init(
            sequence: row.int(0), id: row.text(1), at: row.text(2), actorKind: row.text(3), actorUserID: row.optionalText(4),
            actorLogin: row.text(5), eventType: row.text(6), action: row.text(7), result: row.text(8), entityType: row.text(9),
            entityID: row.text(10), team: row.optionalText(11), requestID: row.optionalText(12), actionID: row.optionalText(13),
            old: row.optionalText(14), new: row.optionalText(15), correlationID: row.text(16), sourceSystem: row.text(17),
            address: row.optionalText(18), agent: row.optionalText(19), previousHash: row.blob(20), hash: row.blob(21))
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ key: StaticString, _ value: String?) {
        raw(key)
        if let value { string(value) } else { raw("null") }
    }
}
