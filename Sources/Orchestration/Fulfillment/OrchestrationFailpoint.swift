import Base

/// Where tests make the engine and the service of requests die or fail.
package enum OrchestrationFailpoint: String, Failpoint {
    case requestStored = "request.stored"
    /// Durable, and not answered yet.
    case requestAccepted = "request.accepted"
    case commandStored = "request.operated"
    case turnDecided = "turn.decided"
    case turnStored = "turn.stored"
    case intending = "effect.intending"
    case settling = "effect.settling"
    /// The intent is durable, nothing has been done.
    case performing = "effect.performing"
    /// It has happened, and nobody has noted it.
    case performed = "effect.performed"
    /// The same for each single call, also those of a look-up and a poll.
    case calling = "call.sending"
    case answered = "call.answered"
    case lookingUp = "call.looking-up"
    case polling = "call.polling"
    case branchPushing = "git.pushing"
    case branchPushed = "git.pushed"
    case instanceWritten = "instance.written"
    case ticketOpened = "ticket.opened"
    case ticketEnded = "ticket.ended"
    case moved = "request.moved"
    case logged = "log.written"
    case frozen = "freeze.declared"
    case unfrozen = "freeze.ended"
    case holding = "hold.written"
    /// Who is to be told of what stands in the transaction, not yet durable.
    case notifying = "notification.intending"
    /// That is durable, and nothing has left.
    case notificationSending = "notification.sending"
    /// It has been sent, and nobody has noted it.
    case notificationSent = "notification.sent"
    /// The same of a comment on an issue.
    case commentSending = "comment.sending"
    case commentSent = "comment.sent"
}
