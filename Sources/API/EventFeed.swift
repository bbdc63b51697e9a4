import Base
import Identity
import Orchestration
import Synchronization
import Web

/// Joins what was missed with what comes in meanwhile: each event once, in order.
final class Feed: Sendable {
    private struct State {
        var isOpen: Bool
        var waiting: [Activity.Entry] = []
        var last = 0
    }

    private let state: Mutex<State>
    private let send: @Sendable (Activity.Entry) -> Void

    init(isResuming: Bool, send: @escaping @Sendable (Activity.Entry) -> Void) {
        state = Mutex(State(isOpen: !isResuming))
        self.send = send
    }

    func take(_ event: Activity.Entry) {
        state.withLock { state in
            guard state.isOpen else {
                state.waiting.append(event)
                return
            }
            deliver(event, &state)
        }
    }

    func open(after sequence: Int, missed: [Activity.Entry]) {
        state.withLock { state in
            for event in missed { deliver(event, &state) }
            state.last = max(state.last, sequence)
            state.isOpen = true
            for event in state.waiting { deliver(event, &state) }
            state.waiting = []
        }
    }

    private func deliver(_ event: Activity.Entry, _ state: inout State) {
        guard event.sequence > state.last else { return }
        state.last = event.sequence
        send(event)
    }
}

/// The end of a request's log, followed.
final class LogTail: Sendable {
    private let requests: Requests
    private let id: String
    private let actor: Actor
    private let stream: EventStream
    private let position: Mutex<Int>

    init(requests: Requests, id: String, actor: Actor, stream: EventStream, position: Int) {
        self.requests = requests
        self.id = id
        self.actor = actor
        self.stream = stream
        self.position = Mutex(position)
    }

    /// Sends every line after the last one sent. A read that fails is made up for at the next event.
    func advance() {
        position.withLock { position in
            while let lines = try? requests.log(id, after: position, limit: 500, by: actor), let last = lines.last {
                for line in lines { stream.send(id: "\(line.id)", event: "log", data: line.json.description) }
                position = last.id
            }
        }
    }
}
