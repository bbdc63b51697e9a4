import Base

/// What one turn of the engine has decided, to be written in one transaction.
struct RunChanges: Sendable {
    /// A change of state that others are told of.
    struct Transition: Sendable {
        var subject: String
        var subjectID: String
        var old: String?
        var new: String
    }

    var isRequestDirty = false
    /// Of the request only how far it is and when it changed.
    var isProgressDirty = false
    var dirtySteps: Set<String> = []
    var requestTransitions: [(from: RequestStatus, to: RequestStatus)] = []
    var stepTransitions: [Transition] = []
    var startedAttempts: [(stepID: String, attempt: Attempt)] = []
    var endedAttempts: [(stepID: String, attempt: Attempt)] = []
    var intended: [Effect] = []
    var settled: [(key: String, state: Effect.State, reference: String?, note: String?)] = []
    var newTickets: [Ticket] = []
    var updatedTickets: [Ticket] = []
    /// Rows of those among them that the request has ended, not the system they are in.
    var ticketsEndedHere: [String] = []
    var newInstance: ServiceInstance?
    var updatedInstance: (instance: ServiceInstance, from: InstanceState)?
    var dependencies: [Dependency] = []
    /// Requests that a bundle makes for its components.
    var newComponents: [NewRequest] = []
    /// What a person's verb does to requests of components as well, by `req-` id.
    var alsoOn: [(request: String, verb: Requests.Verb)] = []
    /// Instances that became members of the bundle's instance.
    var members: [Member] = []
    var logLines: [LogLine] = []
    /// The concurrency key whose next request may start now.
    var releasedKey: String?

    struct Dependency: Sendable {
        var provider: String
        var type: String
        var name: String?
        var isRequired: Bool
    }

    struct Member: Sendable {
        var instanceRowID: String
        var catalogItemName: String
        var role: String
        var isRequired: Bool
    }

    /// The request begins to run, for the first time or again.
    var isStarting: Bool { requestTransitions.contains { $0.to == .inProgress } }

    struct LogLine: Sendable {
        var actionID: String?
        var attempt: Int?
        var level: String
        var message: String
        var at: Timestamp
    }

    var isEmpty: Bool {
        !isRequestDirty && !isProgressDirty && dirtySteps.isEmpty && startedAttempts.isEmpty && endedAttempts.isEmpty && intended.isEmpty
            && settled.isEmpty && newTickets.isEmpty && updatedTickets.isEmpty && newInstance == nil && updatedInstance == nil
            && logLines.isEmpty
    }
}
