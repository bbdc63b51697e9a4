package import Base
import Synchronization

/// Holds back calls to a host that keeps failing. Closed: calls pass. Open, after consecutive failures: none passes until the pause is
/// over. Half-open: one probe passes; its success closes the breaker, its failure opens it again.
///
/// Times are monotonic.
package struct CircuitBreaker: Sendable, Equatable {
    package enum State: String, Sendable {
        case closed, open, halfOpen
    }

    package enum Decision: Sendable, Equatable {
        case pass
        /// To be asked again after this long.
        case wait(Duration)
    }

    fileprivate enum Phase: Equatable {
        case closed(failures: Int)
        case open(until: Duration)
        /// A probe that never reports (a crash of its caller) is given up at `until`.
        case probing(until: Duration)
    }

    private let threshold: Int
    private let pause: Duration
    fileprivate var phase = Phase.closed(failures: 0)

    package init(threshold: Int = 5, pause: Duration = .seconds(30)) {
        self.threshold = threshold
        self.pause = pause
    }

    package func state(at now: Duration) -> State {
        switch phase {
        case .closed: .closed
        case .open(let until): now < until ? .open : .halfOpen
        case .probing: .halfOpen
        }
    }

    /// Whether a call may be made now. One that passes must be followed by `succeeded` or `failed`.
    package mutating func admit(at now: Duration) -> Decision {
        switch phase {
        case .closed: return .pass
        case .open(let until), .probing(let until):
            guard now >= until else { return .wait(until - now) }
            phase = .probing(until: now + pause)
            return .pass
        }
    }

    /// An answer came, whatever it says, as long as the other side is well (no 5xx).
    package mutating func succeeded() { phase = .closed(failures: 0) }

    package mutating func failed(at now: Duration) {
        switch phase {
        case .closed(let failures) where failures + 1 < threshold: phase = .closed(failures: failures + 1)
        case .open: break  // a call that was under way when it opened
        default: phase = .open(until: now + pause)
        }
    }
}

extension CircuitBreaker {
    /// The call ended without telling anything of the host: another probe may be made at once.
    package mutating func released(at now: Duration) {
        if case .probing = phase { phase = .open(until: now) }
    }
}

/// The breakers of all hosts. At most `capacity` are kept; closed ones without failures are not kept at all.
package final class CircuitBreakers: Sendable {
    private let time: TimeSource
    private let fresh: CircuitBreaker
    private let capacity: Int
    private let breakers = Mutex<[String: CircuitBreaker]>([:])

    package init(time: TimeSource, breaker: CircuitBreaker = CircuitBreaker(), capacity: Int = 10_000) {
        self.time = time
        fresh = breaker
        self.capacity = capacity
    }

    package func admit(_ host: String) -> CircuitBreaker.Decision {
        let now = time.monotonic()
        return breakers.withLock { $0[host]?.admit(at: now) ?? .pass }
    }

    package func succeeded(_ host: String) { breakers.withLock { $0[host] = nil } }

    package func failed(_ host: String) {
        let now = time.monotonic()
        breakers.withLock { breakers in
            guard breakers[host] != nil || breakers.count < capacity else { return }
            breakers[host, default: fresh].failed(at: now)
        }
    }

    package func released(_ host: String) {
        let now = time.monotonic()
        breakers.withLock { $0[host]?.released(at: now) }
    }

    /// Those that are not closed, for people.
    package var tripped: [(host: String, state: CircuitBreaker.State)] {
        let now = time.monotonic()
        let states = breakers.withLock { $0.map { ($0.key, $0.value.state(at: now)) } }
        return states.filter { $0.1 != .closed }.sorted { $0.0 < $1.0 }.map { (host: $0.0, state: $0.1) }
    }
}

extension HTTPTransport {
    /// Calls pass the breaker of their host. A held-back call fails with `unreachable`, not sent, and says for how long.
    package func guarded(by breakers: CircuitBreakers) -> HTTPTransport {
        HTTPTransport { (request) async throws(TransportFailure) in
            let host = try WebAddress(request.url).authority.asciiLowercased
            if case .wait(let pause) = breakers.admit(host) {
                throw TransportFailure(
                    .unreachable, "\(host) keeps failing; the next call is let through in \(pause.milliseconds / 1000 + 1) s.",
                    heldBack: pause)
            }
            do throws(TransportFailure) {
                let response = try await send(request)
                response.status >= 500 ? breakers.failed(host) : breakers.succeeded(host)
                return response
            } catch {
                // What never left says nothing of the host.
                error.kind.blamesHost ? breakers.failed(host) : breakers.released(host)
                throw error
            }
        }
    }
}

extension TransportFailure.Kind {
    fileprivate var blamesHost: Bool {
        switch self {
        case .refused, .unreachable, .dns, .dnsTemporary, .tls, .timeout, .cut, .badAnswer: true
        case .tooLarge, .egressDenied, .invalidURL, .cancelled: false
        }
    }
}
