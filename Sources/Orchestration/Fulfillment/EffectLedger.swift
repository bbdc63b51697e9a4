package import Base
import Store

/// A row of the effect ledger: one intended call to the outside and its fate (reliability.md, section 1).
package struct Effect: Sendable {
    package enum State: String, Sendable {
        /// Durable before anything was sent; after a restart it is in doubt.
        case intent
        /// Sent and accepted; the other side takes its time.
        case sent
        case done, failed
        /// Sent, fate unknown and not to be found out; a person decides.
        case unknown
    }

    package var key: String
    package var requestRowID: String
    package var stepID: String
    package var generation: Int
    package var part: String
    package var kind: String
    package var summary: String
    package var resend: Resend
    /// What is sent, secrets masked.
    package var rendered: JSON
    package var state: State
    package var remoteReference: String?
    package var note: String?
    package var tries: Int
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    /// How a further try begins, when a person asks for one or a time limit cut the last one short.
    enum Resumption: Sendable, Equatable {
        /// Sent for the first time or, where that is harmless, again.
        case perform
        /// First it is found out what became of the last try.
        case settle
        /// It was accepted and takes its time: asked how it stands.
        case poll(reference: String)
    }

    var resumption: Resumption {
        switch state {
        case .intent: .settle
        case .sent: remoteReference.map { .poll(reference: $0) } ?? .settle
        case .done, .unknown: resend == .lookup ? .settle : .perform
        case .failed: .perform
        }
    }

    /// Performing it once more by a person's decision is another effect, with a key of its own: the former one happened, or may have.
    var isSpent: Bool { resend == .never && (state == .done || state == .unknown) }

    /// The key of a step's effect: the same over all automatic tries, another one for each generation and part.
    package static func key(requestID: String, stepID: String, generation: Int, part: String = "") -> String {
        let text = "\(requestID)|\(stepID)|\(generation)" + (part.isEmpty ? "" : "|\(part)")
        return Base32.encode(Hash.sha256(Array(text.utf8)))
    }

    package var json: JSON {
        [
            "key": .string(key), "generation": .int(generation), "part": .string(part), "kind": .string(kind),
            "summary": .string(summary), "resend": .string(resend.rawValue), "state": .string(state.rawValue),
            "remoteReference": .optional(remoteReference), "note": .optional(note), "tries": .int(tries), "rendered": rendered,
            "createdAt": .string(createdAt.description), "updatedAt": .string(updatedAt.description),
        ]
    }
}

/// All SQL of the table `effects`.
struct EffectLedger {
    let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    private static let columns = """
        key, request_id, step_id, generation, part, kind, summary, resend, rendered, state, remote_ref, note, tries, created_at,
        updated_at
        """

    func effects(ofRequest rowID: String) throws(PAOError) -> [Effect] {
        try connection.rows("SELECT \(Self.columns) FROM effects WHERE request_id = ? ORDER BY created_at, key", rowID).map(Self.effect)
    }

    private static func effect(_ row: Row) -> Effect {
        Effect(
            key: row.text(0), requestRowID: row.text(1), stepID: row.text(2), generation: row.int(3), part: row.text(4),
            kind: row.text(5), summary: row.text(6), resend: Resend(rawValue: row.text(7)) ?? .never, rendered: row.json(8),
            state: .init(rawValue: row.text(9)) ?? .unknown, remoteReference: row.optionalText(10), note: row.optionalText(11),
            tries: row.int(12), createdAt: row.timestamp(13), updatedAt: row.timestamp(14))
    }

    /// Before sending. The same key again is a further try of the same effect.
    func intend(_ effect: Effect, leaseEpoch: Int) throws(PAOError) {
        let bytes = effect.rendered.bytes
        try connection.run(
            """
            INSERT INTO effects(key, request_id, step_id, generation, part, kind, summary, resend, rendered, digest, state, lease_epoch,
              created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'intent', ?, ?, ?)
            ON CONFLICT(request_id, step_id, key) DO UPDATE SET state = 'intent', tries = tries + 1, rendered = excluded.rendered,
              note = NULL, digest = excluded.digest, lease_epoch = excluded.lease_epoch, updated_at = excluded.updated_at
            """,
            effect.key, effect.requestRowID, effect.stepID, effect.generation, effect.part, effect.kind, effect.summary,
            effect.resend.rawValue, String(decoding: bytes, as: UTF8.self), Hash.sha256(bytes).hex, leaseEpoch, effect.updatedAt,
            effect.updatedAt)
        try OrchestrationFailpoint.intending.reach()
    }

    func settle(_ requestRowID: String, key: String, _ state: Effect.State, reference: String?, note: String?, at: Timestamp)
        throws(PAOError)
    {
        try connection.run(
            """
            UPDATE effects SET state = ?, remote_ref = COALESCE(?, remote_ref), note = ?, updated_at = ? WHERE request_id = ? AND key = ?
            """, state.rawValue, reference, note, at, requestRowID, key)
        try OrchestrationFailpoint.settling.reach()
    }
}
