import Base
import Integrations
import Jobs

/// The way to the configured JIRAs for jobs that run beside steps.
struct JiraReach: Sendable {
    private let settings: RunSettings
    private let http: HTTPTransport
    private let tokens: OAuth2TokenCache
    private let time: TimeSource

    init(_ engine: Engine) {
        settings = engine.settings
        http = engine.http
        tokens = engine.tokens
        time = engine.time
    }

    /// nil: the default instance. No client where that one is not configured (any more).
    func client(_ name: String?) -> JiraClient? {
        let environment = settings.environment
        guard let instance = (name ?? environment.defaultJira).flatMap({ environment.jira[$0] }) else { return nil }
        return JiraClient(instance: instance, http: http, tokens: tokens, time: time, timeout: settings.attemptTimeout)
    }
}

/// How long a job beside steps waits for a JIRA that fails: at least half a minute, or as long as JIRA asks for; then as long again as it
/// has failed so far, up to a quarter of an hour. After a day whoever does not merely follow an issue gives up, and says so where a
/// person sees it. What is needed for this is the job's payload.
struct JiraPatience: Sendable {
    static let shortestPause = Duration.seconds(30)
    private static let longestPause = Duration.seconds(900)
    private static let limit = Duration.seconds(86_400)
    private static let key = "failingSince"

    private var since: Timestamp?

    init(_ job: ClaimedJob) { since = job.payload[Self.key]?.string.flatMap { Timestamp($0) } }

    /// When to try again after a failure at that moment.
    mutating func retry(at now: Timestamp, after failure: JiraFailure, least: Duration = shortestPause) -> Timestamp {
        // A clock that was set back makes no failure older than it is.
        let first = min(since ?? now, now)
        since = first
        return now + max(least, failure.retryAfter.map { .seconds($0) } ?? .zero, min(now - first, Self.longestPause))
    }

    /// JIRA has answered.
    mutating func forget() { since = nil }

    func isOver(at now: Timestamp) -> Bool { since.map { now - $0 >= Self.limit } ?? false }

    var payload: JSON { since.map { [Self.key: .string($0.description)] } ?? [:] }
}
