package import Base
package import Catalog

/// A row of `service_requests` with its steps: what a person asked for and how far it has come.
package struct ServiceRequest: Sendable {
    /// UUIDv7, the primary key; order of creation.
    package var rowID: String
    /// `req-` and 12 characters: the id that people and URLs use.
    package var id: String
    package var type: RequestType
    package var kind: CatalogKind
    /// Of the document it was made with: an item, bundle, update or upgrade item; for a decommission the instance's.
    package var catalogID: String
    package var catalogVersion: String
    package var catalogDigest: String
    package var targetInstanceRowID: String?
    /// Of a component: the bundle's request.
    package var parentRowID: String?
    package var componentID: String?
    package var status: RequestStatus
    package var mode: Fulfillment.Mode
    /// Secret values are sealed.
    package var parameters: JSON
    package var requester: Requester
    package var currentAction: String?
    package var isStopping: Bool
    /// Why it was stopped, cancelled or rejected.
    package var stopReason: String?
    /// A ticket is to list what to clean up once the request has stopped.
    package var wantsCleanupTicket = false
    /// What is left to do when it has stopped goes to a person.
    package var wantsCompletionTicket = false
    package var errorContext: JSON?
    package var correlationID: String
    package var concurrencyKey: String?
    package var escalationTicketID: String?
    package var startAfter: Timestamp?
    package var deadline: Timestamp?
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var startedAt: Timestamp?
    package var completedAt: Timestamp?
    /// `si-...` of the instance it made or works on.
    package var instanceID: String?
    /// Reserved from submission on: no two live creates of a team and category have the same.
    package var instanceName: String?
    package var category: String
    package var steps: [Step]
    package var escalatedAt: Timestamp?
    /// What holds it back while it is queued; only where a single request is read.
    package var hold: StartHold?

    package struct Requester: Sendable {
        package var userID: String
        package var login: String
        package var team: String
        package var email: String?
        package var teams: [String]

        package init(userID: String, login: String, team: String, email: String?, teams: [String]) {
            self.userID = userID
            self.login = login
            self.team = team
            self.email = email
            self.teams = teams
        }

        /// `request.user` of templates. Whoever has no e-mail address is named by login, so that no ticket fails for want of one.
        var json: JSON {
            [
                "id": .string(login), "user_id": .string(login), "login": .string(login), "email": .string(email ?? login),
                "team": .string(team), "teams": .array(teams.map(JSON.string)),
            ]
        }
    }
}

/// A row of `request_steps`: one action of the request.
package struct Step: Sendable {
    /// Of the action; unique in the request.
    package var id: String
    package var name: String
    package var type: String
    package var position: Int
    package var dependsOn: [String]
    package var status: StepStatus
    /// Changes when a person retries with other input: the effects' keys change with it.
    package var generation: Int
    package var retryCount: Int
    package var skipsVerification: Bool
    package var externalReference: String?
    package var externalURL: String?
    /// Values drawn once (`uuid`, `timestamp`, ...), so that every rendering of this step gives the same bytes.
    package var frozen: JSON?
    /// When the step wants to be looked at again: next try or next poll.
    package var dueAt: Timestamp?
    /// Why it waits, was skipped or failed, in words.
    package var reason: String?
    package var completedBy: String?
    package var startedAt: Timestamp?
    package var completedAt: Timestamp?
    /// Sensitive ones are sealed.
    package var outputs: JSON?
    /// Tries before the last retry by a person; the policy counts from here.
    package var attemptBase = 0
    /// The manual action has taken the place of the failed automatic one (`fallbackOnFailure`).
    package var isFallback = false
    package var attempts: [Attempt] = []

    /// Tries that count for the retry policy.
    package var tries: Int { attempts.count - attemptBase }
}

/// A row of `step_attempts`; immutable once it has ended.
package struct Attempt: Sendable {
    package var number: Int
    package var status: Status
    package var startedAt: Timestamp
    package var completedAt: Timestamp?
    package var failure: StepFailure?
    package var externalID: String?
    package var externalURL: String?
    package var verification: JSON?
    package var nextAttemptAt: Timestamp?

    package enum Status: String, Sendable { case running, completed, failed }
}

/// Why a try or a step did not succeed. The type is a stable word (`http_503`, `timeout`, `verification`, `in_doubt`, ...).
package struct StepFailure: Sendable, Equatable, Error {
    package var type: String
    package var message: String
    package var details: JSON?
    /// Whether the same try may succeed later by itself; the retry policy has the last word.
    package var isTransient: Bool
    /// Asked for by the other side (`Retry-After`).
    package var retryAfter: Duration?

    package init(_ type: String, _ message: String, details: JSON? = nil, isTransient: Bool = false, retryAfter: Duration? = nil) {
        self.type = type
        self.message = message
        self.details = details
        self.isTransient = isTransient
        self.retryAfter = retryAfter
    }

    package var json: JSON { ["type": .string(type), "message": .string(message), "details": details ?? .null] }
}
