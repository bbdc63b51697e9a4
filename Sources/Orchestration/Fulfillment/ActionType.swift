package import Base
package import Catalog
package import Integrations

/// How one type of action does its work. An action type is stateless and never touches the store: it renders what will be sent
/// (`prepare`), sends it (`perform`), finds out what became of it after a crash (`settle`) and looks again at what takes its time
/// (`poll`). The engine stores the intent before `perform` and the result after it.
package protocol ActionType: Sendable {
    /// The canonical name, as documents write it.
    var name: String { get }
    /// Renders the effect from the step's configuration. Pure: no calls, the same bytes on every call. Throws for a configuration
    /// that cannot be carried out.
    func prepare(_ input: ActionInput) throws(StepFailure) -> PreparedEffect
    /// Carries the effect out. Called only after the intent is durable.
    func perform(_ effect: PreparedEffect, _ tools: ActionTools) async -> ActionResult
    /// The process died, or the connection was cut, after the intent and before a result: what became of it?
    func settle(_ effect: PreparedEffect, _ tools: ActionTools) async -> Settlement
    /// Asks the other side how it stands with what was started.
    func poll(_ effect: PreparedEffect, reference: String, _ tools: ActionTools) async -> ActionResult
    /// What a dry run and the failure card say about carrying it out again.
    func cleanupHint(outputs: JSON, reference: String?) -> String?
}

extension ActionType {
    package func poll(_ effect: PreparedEffect, reference: String, _ tools: ActionTools) async -> ActionResult {
        .failed(StepFailure("internal", "A step of type \(name) has nothing to poll."))
    }

    package func cleanupHint(outputs: JSON, reference: String?) -> String? { nil }
}

/// What an action is prepared from.
package struct ActionInput: Sendable {
    package var action: Action
    package var scope: RequestScope
    /// The effect's key: the same over all automatic tries.
    package var key: String
    package var requestID: String
    package var correlationID: String
    package var traceparent: String
    /// In the manual part of a document a ticket is done when a person has done it, not when it is created.
    package var isManual: Bool
    package var environment: ActionEnvironment
    /// What the step remembered while it waits (`ActionResult.waiting`); null before.
    package var memory: JSON = .null
    /// From 1.
    package var attempt = 1
}

/// What the operator configured, as far as actions need it.
package struct ActionEnvironment: Sendable {
    package var isSandbox: Bool
    /// By name; empty where none is configured.
    package var jira: [String: JiraInstance]
    package var defaultJira: String?
    package var escalation = JiraEscalation()
    /// How often outside states are asked for at first and at most.
    package var pollInterval: Duration
    package var pollMaximum: Duration
    /// The other systems, with their tokens: never part of what is prepared.
    package var services = ExternalServices()

    var hasJira: Bool { !jira.isEmpty }

    package init(
        isSandbox: Bool, jira: [String: JiraInstance] = [:], defaultJira: String? = nil, pollInterval: Duration = .seconds(2),
        pollMaximum: Duration = .seconds(300)
    ) {
        self.isSandbox = isSandbox
        self.jira = jira
        self.defaultJira = defaultJira
        self.pollInterval = pollInterval
        self.pollMaximum = pollMaximum
    }
}

/// The outside world, handed in.
package struct ActionTools: Sendable {
    package var http: HTTPTransport
    package var time: TimeSource
    /// A line of the step's log.
    package var log: @Sendable (String) -> Void
    /// Longest time this try may take.
    package var timeout: Duration
    /// For `settle`: how long ago it was noticed that the effect's fate is not known.
    package var doubtAge: Duration
    /// A client of the JIRA of that name; nil where none is configured.
    package var jira: @Sendable (String) -> JiraClient?
    package var services: ExternalServices
    package var tokens: OAuth2TokenCache
    /// What the step remembered while it waits; null before.
    package var memory: JSON
    /// The number of this try, from 1: from the second on, what can be looked up is looked up before it is done again.
    package var attempt: Int
}

/// Whether the same effect may be sent twice.
package enum Resend: String, Sendable {
    /// Repeating it changes nothing (GET, PUT, DELETE).
    case free
    /// The other side honors the key and answers the same again.
    case keyed
    /// Not by itself, but the other side can be asked whether it happened.
    case lookup
    /// Neither: after doubt a person has to look.
    case never
}

/// An effect as it will be stored and sent. `payload` is all that `perform`, `settle` and `poll` need.
package struct PreparedEffect: Sendable {
    package var kind: String
    /// One line for people: `POST https://api.example.com/databases`.
    package var summary: String
    package var resend: Resend
    package var payload: JSON
    package var key: String

    package init(kind: String, summary: String, resend: Resend, payload: JSON, key: String) {
        self.kind = kind
        self.summary = summary
        self.resend = resend
        self.payload = payload
        self.key = key
    }
}

/// What a try led to.
package enum ActionResult: Sendable {
    /// Done. `evidence` is what verification and outputs look into: `{status, headers, body}` and what the type adds.
    case done(evidence: JSON, reference: String?, url: String?)
    /// Started; the other side takes its time. Asked again after `after`. What is to be remembered is kept, sealed, until the step's
    /// next try, and handed to every later `prepare` and `poll`; null keeps what was remembered before. Its `evidence` gives the outputs
    /// that the step's own verification may already read.
    case waiting(reference: String, url: String?, after: Duration, reason: String, remember: JSON = .null)
    /// A person does it: the engine opens a ticket, or follows the one that was made.
    case ticket(TicketDraft)
    /// The other side said no, or was never reached.
    case failed(StepFailure)
    /// Sent, but nothing is known of its fate.
    case doubt(StepFailure)
}

/// What became of an effect in doubt.
package enum Settlement: Sendable {
    /// It happened; here is what it led to.
    case happened(ActionResult)
    /// It did not happen, or repeating it is safe: perform it (again) with the same key.
    case perform
    /// Not to be known yet (a search that lags): ask again.
    case later(Duration)
    /// Not to be known: a person has to look at what the text names.
    case unknown(String)
}

/// A ticket to be opened in the inbox, or one that exists already in another system.
package struct TicketDraft: Sendable {
    package enum Purpose: String, Sendable { case fulfillment, cleanup, completion, escalation, question }

    package var system: String
    package var systemInstance: String?
    /// Of the other system; nil for the inbox, which makes its own.
    package var externalID: String?
    package var url: String?
    package var purpose: Purpose
    package var title: String
    package var description: String
    package var priority: String?
    package var team: String?
    package var assignee: String?
    /// As the other system's status is mapped; a poll hands in the draft again with what it found.
    package var status = Ticket.Status.open
    /// Names a person is asked for when resolving it.
    package var outputs: [String]
    /// Outputs that are there already.
    package var known = JSONObject()
    /// Nil where only a person's word ends it; else how often the other system is asked.
    package var pollAfter: Duration?

    package init(
        system: String = "inbox", systemInstance: String? = nil, externalID: String? = nil, url: String? = nil,
        purpose: Purpose = .fulfillment, title: String, description: String, priority: String? = nil, team: String? = nil,
        assignee: String? = nil, outputs: [String] = [], pollAfter: Duration? = nil
    ) {
        self.system = system
        self.systemInstance = systemInstance
        self.externalID = externalID
        self.url = url
        self.purpose = purpose
        self.title = title
        self.description = description
        self.priority = priority
        self.team = team
        self.assignee = assignee
        self.outputs = outputs
        self.pollAfter = pollAfter
    }
}

/// The action types there are. One line each.
package struct ActionRegistry: Sendable {
    private let types: [String: any ActionType]

    package init(_ types: [any ActionType]) {
        self.types = Dictionary(types.map { ($0.name, VerifiedAction($0)) }, uniquingKeysWith: { first, _ in first })
    }

    package static let standard = ActionRegistry([
        RestAPIAction(),
        JiraTicketAction(),
        TerraformAction(),
        GitHubWorkflowAction(),
        GitLabPipelineAction(),
        ServiceNowTicketAction(),
        ManualTaskAction(),
        EmailAction(),
        WebhookAction(),
    ])

    package subscript(name: String) -> (any ActionType)? { types[name] }
    package var names: [String] { types.keys.sorted() }
}
