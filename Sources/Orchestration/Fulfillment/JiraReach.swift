import Base
import Integrations

/// The way to the configured JIRAs for jobs that run beside steps.
struct JiraReach: Sendable {
    private static let pause = Duration.seconds(30)

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

    /// Half a minute, or as long as JIRA asks for.
    static func wait(after failure: JiraFailure) -> Duration { max(pause, failure.retryAfter.map { .seconds($0) } ?? .zero) }

    func retry(_ failure: JiraFailure) -> Timestamp { time.now() + Self.wait(after: failure) }
}
