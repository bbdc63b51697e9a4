import Base

// Where the appliance limits how many steps of an action type run at once.

extension RequestRun {
    /// Of a request that waits for a place and nothing else: it is woken when there is one.
    static let longestRest = Duration.seconds(86_400)
    private static let waitingSince = "waitingSince"

    /// A place among the steps of its action type, for a try that is to begin or to be found out about; without one the step waits, and is
    /// looked at again when a place is kept for it.
    mutating func hasPlace(_ index: Int) -> Bool {
        let step = request.steps[index]
        guard places[step.id] == nil, let room, let type = action(of: step)?.type, let limit = room.limit(of: type) else { return true }
        let isNew = step.status == .pending
        guard let place = room.take(type, for: .init(request: request.rowID, team: request.requester.team, hasBegun: !isNew)) else {
            awaitedTypes.insert(type)
            request.steps[index].dueAt = nil
            let reason = "waits for a place: no more than \(limit) steps of type \(type) run at once"
            if step.reason != reason { set(index, step.status, reason: reason) }
            if isNew { noteWait(index) }
            return false
        }
        places[step.id] = place
        if isNew { excludeWait(index) }
        return true
    }

    private mutating func noteWait(_ index: Int) {
        guard request.steps[index].frozen?[Self.waitingSince] == nil else { return }
        request.steps[index].frozen?[Self.waitingSince] = .string(now.description)
        touch(index)
    }

    /// A request that begins again has a time limit that begins again.
    mutating func forgetWaits() {
        for index in request.steps.indices where request.steps[index].frozen?[Self.waitingSince] != nil {
            request.steps[index].frozen?[Self.waitingSince] = nil
            touch(index)
        }
    }

    /// The sequence's time limit is for its steps: what the whole sequence waited for a place is added to it.
    private mutating func excludeWait(_ index: Int) {
        guard let since = request.steps[index].frozen?[Self.waitingSince]?.string.flatMap({ Timestamp($0) }) else { return }
        request.steps[index].frozen?[Self.waitingSince] = nil
        guard let deadline = request.deadline, since < now,
            !request.steps.contains(where: { [.running, .verifying, .retrying].contains($0.status) })
        else { return }
        request.deadline = deadline + (now - since)
        changes.isRequestDirty = true
    }
}
