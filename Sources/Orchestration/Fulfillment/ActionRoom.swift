// DESIGN: room for action types
//
// `limits.perAction` says how many steps of a type carry out their action at once, over all requests.
//   - A step takes a place before its try begins and keeps it until its call has landed, a look-up after doubt included. Asking how far
//     something is takes none: that ends steps, and would wait behind all that are to begin.
//   - Who finds none stands in line. Its request rests (`Lease.park`) and holds no worker, no try is counted, and what else it has under
//     way goes on.
//   - A free place goes to the first in line: tries that have begun before new ones, then fair between teams (start-time fair queuing,
//     as in `JobQueue`). It is kept for that request, which is woken, so that nobody who comes later overtakes.
//   - All of this is in memory. After a crash nothing is counted, and every request that rested is looked at.

import Synchronization

final class ActionRoom: Sendable {
    struct Applicant: Sendable {
        /// Its row.
        var request: String
        var team: String
        /// Its try has begun and was interrupted, or is a further one.
        var hasBegun: Bool
    }

    /// The right to carry out one action; given back when nobody holds it any more.
    final class Place: Sendable {
        private let giveBack: @Sendable () -> Void
        fileprivate init(_ giveBack: @escaping @Sendable () -> Void) { self.giveBack = giveBack }
        deinit { giveBack() }
    }

    /// Those who wait for a place of one type.
    private struct Line {
        struct Turn: Comparable {
            var hasBegun: Bool
            var rank: Int
            var request: String

            static func < (left: Turn, right: Turn) -> Bool {
                if left.hasBegun != right.hasBegun { return left.hasBegun }
                return (left.rank, left.request) < (right.rank, right.request)
            }
        }

        let limit: Int
        var used = 0
        var waiting: [String: Turn] = [:]
        /// Of whoever was let in last.
        private var served = 0
        private var lastOfTeam: [String: Int] = [:]

        init(limit: Int) { self.limit = limit }

        /// Who stands there already keeps his place.
        mutating func join(_ applicant: Applicant) {
            guard waiting[applicant.request] == nil else { return }
            let rank = max(served, lastOfTeam[applicant.team] ?? 0) + 1
            lastOfTeam[applicant.team] = rank
            waiting[applicant.request] = Turn(hasBegun: applicant.hasBegun, rank: rank, request: applicant.request)
        }

        /// nil when the line is empty or there is no place.
        mutating func letIn() -> String? {
            guard used < limit, let first = waiting.values.min() else { return nil }
            waiting[first.request] = nil
            served = max(served, first.rank)
            used += 1
            if waiting.isEmpty { (served, lastOfTeam) = (0, [:]) }
            return first.request
        }
    }

    private struct State {
        var lines: [String: Line]
        /// Types of the places that are kept, by request.
        var kept: [String: Set<String>] = [:]
        /// Of requests that have other calls under way.
        var listeners: [String: AsyncStream<Void>.Continuation] = [:]
    }

    private let limits: [String: Int]
    private let state: Mutex<State>
    /// Called with a request for which a place is kept.
    private let wake: @Sendable (_ request: String) -> Void

    init(limits: [String: Int], wake: @escaping @Sendable (_ request: String) -> Void) {
        self.limits = limits
        self.wake = wake
        state = Mutex(State(lines: limits.mapValues { Line(limit: max(1, $0)) }))
    }

    /// nil: as many as there are.
    func limit(of type: String) -> Int? { limits[type] }

    /// nil, and the applicant stands in line, when there is no place or others were first.
    func take(_ type: String, for applicant: Applicant) -> Place? {
        let isTaken = state.withLock { state in
            if state.kept[applicant.request]?.remove(type) != nil { return true }
            guard var line = state.lines[type] else { return true }
            let isFree = line.used < line.limit && line.waiting.isEmpty
            if isFree { line.used += 1 } else { line.join(applicant) }
            state.lines[type] = line
            return isFree
        }
        return isTaken ? Place { [self] in leave(type) } : nil
    }

    /// From now on the request waits for these types only: it leaves other lines, and places kept for it there go to others.
    func keep(_ types: Set<String>, for request: String) {
        if limits.isEmpty { return }
        let unwanted = state.withLock { state in
            let unwanted = (state.kept[request] ?? []).subtracting(types)
            state.kept[request]?.formIntersection(types)
            if state.kept[request]?.isEmpty == true { state.kept[request] = nil }
            for type in state.lines.keys where !types.contains(type) { state.lines[type]?.waiting[request] = nil }
            if types.isEmpty { state.listeners[request] = nil }
            return unwanted
        }
        for type in unwanted.sorted() { leave(type) }
    }

    /// Returns when a place is kept for the request, or the task is cancelled.
    func turn(of request: String) async {
        let (stream, listener) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { state in
            if state.kept[request] != nil { listener.yield() } else { state.listeners[request] = listener }
        }
        for await _ in stream { return }
    }

    private func leave(_ type: String) {
        let next = state.withLock { state -> (String, AsyncStream<Void>.Continuation?)? in
            state.lines[type]?.used -= 1
            guard let request = state.lines[type]?.letIn() else { return nil }
            state.kept[request, default: []].insert(type)
            return (request, state.listeners.removeValue(forKey: request))
        }
        guard let (request, listener) = next else { return }
        listener?.yield()
        wake(request)
    }
}
