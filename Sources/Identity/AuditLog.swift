// DESIGN: the audit trail
//
// A row is written in the transaction of the change that it records: either both are durable or neither. Each row carries the hash of
// the row before and one over itself and that hash, so an edited, deleted, inserted or moved row breaks the chain at its place. The
// database refuses UPDATE always, and DELETE except of a prefix whose last row `audit_archives` keeps.
//
// The head is read from the table for each row (a seek to the end of the primary key, a microsecond) and not kept in memory: closures of
// one commit roll back one by one, and what was rolled back must not be a head. The one writer makes that race-free.
//
// A cut-off tail leaves a whole chain behind. It shows only against a head kept elsewhere: `head` gives it, `verify` takes it.

package import Base
package import Store

package struct AuditLog: Sendable {
    private let identifiers: IdentifierSource
    private let redactor: Redactor

    package init(identifiers: IdentifierSource, redactor: Redactor) {
        self.identifiers = identifiers
        self.redactor = redactor
    }

    /// What a chain is held against: the last row that somebody outside knows.
    package struct Head: Sendable, Equatable {
        package let sequence: Int
        package let hash: [UInt8]

        package init(sequence: Int, hash: [UInt8]) {
            self.sequence = sequence
            self.hash = hash
        }

        static let none = Head(sequence: 0, hash: [UInt8](repeating: 0, count: 32))
    }

    // MARK: Writing

    private static let insert = """
        INSERT INTO audit_logs (\(AuditRecord.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    /// A row that lacks its place in the chain: what can be made before the transaction.
    package struct Draft: Sendable {
        fileprivate var record: AuditRecord
    }

    /// Known secret values in `old` and `new` are blotted out.
    package func draft(_ entry: AuditEntry) -> Draft {
        Draft(
            record: AuditRecord(
                sequence: 0, id: identifiers.uuid(), at: "", actorKind: entry.actor.kind.rawValue,
                actorUserID: entry.actor.userID.isEmpty ? nil : entry.actor.userID, actorLogin: entry.actor.login,
                eventType: entry.eventType, action: entry.action, result: entry.result.rawValue, entityType: entry.entityType,
                entityID: entry.entityID, team: entry.team,
                requestID: entry.requestID ?? (entry.entityType == "request" ? entry.entityID : nil), actionID: entry.actionID,
                old: text(entry.old), new: text(entry.new), correlationID: entry.actor.correlationID, sourceSystem: entry.sourceSystem,
                address: entry.actor.address, agent: entry.actor.agent, previousHash: []))
    }

    /// In the transaction of the change.
    package func append(_ entry: AuditEntry, in tx: Connection) throws(PAOError) { try append(draft(entry), in: tx) }

    package func append(_ draft: Draft, in tx: Connection) throws(PAOError) {
        let head = try Self.head(in: tx)
        var record = draft.record
        record.sequence = head.sequence + 1
        record.at = tx.timestamp.description
        record.previousHash = head.hash
        record.hash = record.computedHash
        try tx.run(Self.insert, values: record.values)
        try IdentityFailpoint.audited.reach()
    }

    private func text(_ value: JSON?) -> String? {
        value.map { redactor.redact($0).description }
    }

    /// The last row there is; of an emptied table, the last one archived.
    package static func head(in connection: Connection) throws(PAOError) -> Head {
        if let row = try connection.first("SELECT sequence, hash FROM audit_logs ORDER BY sequence DESC LIMIT 1") {
            return Head(sequence: row.int(0), hash: row.blob(1))
        }
        return try archivedHead(in: connection)
    }

    private static func archivedHead(in connection: Connection) throws(PAOError) -> Head {
        let row = try connection.first("SELECT sequence, hash FROM audit_archives ORDER BY sequence DESC LIMIT 1")
        return row.map { Head(sequence: $0.int(0), hash: $0.blob(1)) } ?? .none
    }

    // MARK: Checking

    /// The sequence of the first row that is not as it was written or not where it was; nil when the chain is whole. A row that is
    /// missing is reported by its own number. With an `anchor`, a tail cut off below it is found as well.
    package static func verify(_ connection: Connection, anchor: Head? = nil) throws(PAOError) -> Int? {
        var broken: Int?
        var (previous, anchorSeen) = (try archivedHead(in: connection), anchor == nil)
        if let anchor, anchor.sequence <= previous.sequence { anchorSeen = true }
        try connection.forEach("SELECT \(AuditRecord.columns) FROM audit_logs WHERE sequence > ? ORDER BY sequence", previous.sequence) {
            row in
            guard broken == nil else { return }
            let record = AuditRecord(row)
            broken = record.break(after: previous)
            previous = Head(sequence: record.sequence, hash: record.hash)
            guard let anchor, record.sequence == anchor.sequence else { return }
            anchorSeen = true
            if record.hash != anchor.hash { broken = broken ?? record.sequence }
        }
        return broken ?? (anchorSeen ? nil : previous.sequence + 1)
    }

    // MARK: Archiving

    /// Allows the rows up to `head` to be deleted and deletes them; the caller has written them to `location` and made that durable.
    /// Throws `conflict` when `head` is not a row of the trail.
    package func archive(through head: Head, location: String, by actor: Actor, in tx: Connection) throws(PAOError) {
        try tx.run(
            "INSERT INTO audit_archives (sequence, hash, location, archived_at) VALUES (?, ?, ?, ?)", head.sequence, head.hash, location,
            tx.timestamp)
        try append(
            AuditEntry(actor, "archive", "audit", String(head.sequence), new: ["location": .string(location)]), in: tx)
        try tx.run("DELETE FROM audit_logs WHERE sequence <= ?", head.sequence)
    }
}

extension AuditRecord {
    /// The sequence at which the chain breaks between the row before and this one.
    fileprivate func `break`(after previous: AuditLog.Head) -> Int? {
        if sequence != previous.sequence + 1 { return previous.sequence + 1 }
        return previousHash == previous.hash && hash == computedHash ? nil : sequence
    }
}
