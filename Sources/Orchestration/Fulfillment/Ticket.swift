package import Base

/// A row of `manual_tickets`: work for a person, in the inbox or in another system.
package struct Ticket: Sendable {
    package enum Status: String, Sendable, CaseIterable {
        case open
        case inProgress = "in_progress"
        case resolved
        /// Ended without the work being done.
        case closed

        package var isFinal: Bool { self == .resolved || self == .closed }
    }

    package var rowID: String
    package var requestRowID: String
    /// `req-...`
    package var requestID: String
    package var actionID: String?
    package var generation: Int
    package var system: String
    package var systemInstance: String?
    /// `tkt-...` in the inbox, else the other system's own.
    package var id: String
    package var url: String?
    package var purpose: TicketDraft.Purpose
    package var status: Status
    package var title: String
    package var description: String
    package var priority: String?
    package var team: String
    package var assignee: String?
    package var declaredOutputs: [String]
    package var outputs: JSON?
    package var resolution: String?
    package var resolvedBy: String?
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var resolvedAt: Timestamp?

    /// No step's, but the whole bundle's: the issue above those of its components.
    var isOfBundle: Bool { purpose == .fulfillment && actionID == nil }

    package var json: JSON {
        [
            "id": .string(id), "requestId": .string(requestID), "actionId": .optional(actionID), "system": .string(system),
            "url": .optional(url), "type": .string(purpose.rawValue), "status": .string(status.rawValue), "title": .string(title),
            "description": .string(description), "priority": .optional(priority), "team": .string(team),
            "assignee": .optional(assignee), "outputs": .array(declaredOutputs.map { ["name": .string($0)] }),
            "resolvedOutputs": Sealed.masked(outputs ?? .null), "resolution": .optional(resolution),
            "resolvedBy": .optional(resolvedBy), "createdAt": .string(createdAt.description),
            "updatedAt": .string(updatedAt.description), "resolvedAt": .optional(resolvedAt?.description),
        ]
    }
}
