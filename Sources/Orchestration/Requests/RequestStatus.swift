package import Base

/// Where a request stands (requests.md, section 1).
package enum RequestStatus: String, Sendable, CaseIterable {
    case submitted, validating
    case pendingApproval = "pending_approval"
    case queued
    case inProgress = "in_progress"
    case completed, failed, resuming, rejected, cancelled, aborted, escalated

    /// Nothing happens to it any more.
    package var isFinal: Bool { [.completed, .rejected, .cancelled, .aborted].contains(self) }

    /// Of several requests with one concurrency key, those in these states run or have yet to run.
    var holdsOrAwaitsKey: Bool { !isFinal && self != .failed && self != .escalated }
}

/// What can happen to a request.
package enum RequestEvent: String, Sendable, CaseIterable {
    case validate, requireApproval, enqueue, approve, reject, start, finish, fail, resume, abort, escalate, cancel
}

extension RequestStatus {
    /// The one table of legal transitions. The database holds the same pairs (`request_transitions`) and refuses all others.
    private static let transitions: [RequestStatus: [RequestEvent: RequestStatus]] = [
        .submitted: [.validate: .validating],
        .validating: [.requireApproval: .pendingApproval, .enqueue: .queued],
        .pendingApproval: [.approve: .queued, .reject: .rejected, .cancel: .cancelled],
        .queued: [.start: .inProgress, .reject: .rejected, .cancel: .cancelled, .fail: .failed],
        .inProgress: [.finish: .completed, .fail: .failed, .abort: .aborted],
        .failed: [.resume: .resuming, .abort: .aborted, .escalate: .escalated],
        .resuming: [.start: .inProgress, .fail: .failed, .abort: .aborted],
        .escalated: [.resume: .resuming, .abort: .aborted],
    ]

    /// Throws `conflict` naming both the state and what was asked.
    package func after(_ event: RequestEvent) throws(PAOError) -> RequestStatus {
        guard let next = Self.transitions[self]?[event] else {
            let allowed = (Self.transitions[self] ?? [:]).keys.map(\.rawValue).sorted().joined(separator: ", ")
            throw PAOError(
                .conflict,
                "A request that is \(rawValue) cannot \(event.phrase)."
                    + (allowed.isEmpty ? " It is final." : " Possible from here: \(allowed)."))
        }
        return next
    }

    /// Every legal pair, for the database's own check.
    package static var pairs: [(from: RequestStatus, to: RequestStatus)] {
        allCases.flatMap { from in
            Set((transitions[from] ?? [:]).values.map(\.rawValue)).sorted().compactMap { RequestStatus(rawValue: $0) }.map { (from, $0) }
        }
    }
}

extension RequestEvent {
    fileprivate var phrase: String {
        switch self {
        case .validate: "be validated (become validating)"
        case .requireApproval: "wait for approval (become pending_approval)"
        case .enqueue, .approve: "be queued"
        case .reject: "be rejected"
        case .start: "start (become in_progress)"
        case .finish: "be completed"
        case .fail: "fail"
        case .resume: "be resumed (become resuming)"
        case .abort: "be aborted"
        case .escalate: "be escalated"
        case .cancel: "be cancelled"
        }
    }
}

/// What a request asks for (S1); decides which references its row has.
package enum RequestType: String, Sendable { case create, update, upgrade, decommission }

/// Where one step stands.
package enum StepStatus: String, Sendable, CaseIterable {
    case pending, running, verifying, retrying, completed, failed, skipped

    /// The step will not run again by itself, and what depends on it may be decided.
    package var isSettled: Bool { self == .completed || self == .failed || self == .skipped }
}
