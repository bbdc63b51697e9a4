import Base
package import Catalog

extension RetryPolicy {
    /// Whether a failure is tried again after `tries` tries in all, and after which wait; nil means it is not.
    /// Full jitter: between zero and the back-off, so that many failed steps do not come back at once. What the other side asks
    /// for (`Retry-After`) is a lower bound.
    package func delay(after failure: StepFailure, tries: Int, jitter: Double) -> Duration? {
        guard tries < attempts, failure.isTransient, !excludes(failure.type) else { return nil }
        let wait = min(backOff(afterTry: tries) * jitter, maxDelay)
        return max(wait, failure.retryAfter ?? .zero)
    }

    /// The upper bound of the wait after the given try (from 1).
    func backOff(afterTry tries: Int) -> Duration {
        switch backoff {
        case .none: return initialDelay
        case .linear: return min(initialDelay * tries, maxDelay)
        case .exponential:
            let doublings = min(tries - 1, 40)
            let factor = 1 << max(0, doublings)
            return maxDelay.milliseconds / factor < initialDelay.milliseconds ? maxDelay : min(initialDelay * factor, maxDelay)
        }
    }

    /// `http_4xx` stands for all answers of 400 to 499 but 408, 425 and 429.
    private func excludes(_ type: String) -> Bool {
        nonRetryable.contains { rule in
            if rule == type { return true }
            if rule == "http_4xx" { return type.hasPrefix("http_4") && !["http_408", "http_425", "http_429"].contains(type) }
            if rule == "http_5xx" { return type.hasPrefix("http_5") }
            if rule == "auth" { return type == "http_401" || type == "http_403" }
            return false
        }
    }
}
