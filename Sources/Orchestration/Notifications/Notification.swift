package import Base

/// Something that one receiver is told of.
package struct Notification: Sendable {
    package enum Channel: String, Sendable {
        /// The list that a person sees in the dashboard.
        case inbox
        case mail
        /// A subscribed URL.
        case webhook
    }

    package enum Status: String, Sendable { case pending, sent, failed }

    package var id: String
    /// Of the event it tells of: nobody is told of one event twice by the same way.
    package var eventSequence: Int
    package var channel: Channel
    /// A user's id, a mail address, or a subscription's id.
    package var recipient: String
    /// For people the sentence; of a webhook the event's type.
    package var subject: String
    /// For people more of it; of a webhook the CloudEvents document.
    package var text: String
    /// Where it leads to, relative to the dashboard: `/requests/req-...`.
    package var link: String?
    package var status: Status
    package var attempts = 0
    package var lastError: String?
    package var createdAt: Timestamp
    package var sentAt: Timestamp?
    package var readAt: Timestamp?

    /// As the inbox shows it.
    package var json: JSON {
        [
            "id": .string(id), "subject": .string(subject), "text": .string(text), "link": .optional(link),
            "createdAt": .string(createdAt.description), "readAt": .optional(readAt?.description),
        ]
    }
}

/// A URL that is told of events, each as a signed CloudEvents 1.0 POST.
package struct Subscription: Sendable {
    package var id: String
    package var url: String
    /// Types of events; empty is all.
    package var events: [String]
    /// Slug: only events of that team. nil: of all teams.
    package var team: String?
    package var createdBy: String
    package var createdAt: Timestamp
    /// Sealed.
    var secret: JSON

    func wants(_ type: String, team eventTeam: String?) -> Bool {
        (events.isEmpty || events.contains(type)) && (team == nil || team == eventTeam)
    }

    package var json: JSON {
        [
            "id": .string(id), "url": .string(url), "events": .array(events.map(JSON.string)), "team": .optional(team),
            "createdBy": .string(createdBy), "createdAt": .string(createdAt.description),
        ]
    }
}
