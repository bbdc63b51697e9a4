import Base
import Web

/// How many calls a service answers in a period; the counts live in the process, as they do at the real ones.
struct RateLimits: Sendable {
    private struct Rule {
        let limit: Int
        let period: Duration
    }

    private struct Window {
        var start: Timestamp
        var used: Int
    }

    private let rules: [Service: Rule]
    private var windows: [Service: Window] = [:]

    init(options: SandboxOptions) {
        rules = [
            .gitHub: Rule(limit: options.gitHubRateLimit, period: .seconds(3600)),
            .gitLab: Rule(limit: 2000, period: .seconds(60)),
            .terraform: Rule(limit: 30, period: .seconds(1)),
        ]
    }

    /// The headers that every answer of the service carries, and the answer itself where the limit is reached.
    mutating func admit(_ call: Call) -> (headers: Headers, refusal: Response?) {
        guard let rule = rules[call.service] else { return ([:], nil) }
        var window = windows[call.service] ?? Window(start: call.at, used: 0)
        if call.at - window.start >= rule.period { window = Window(start: call.at, used: 0) }
        window.used += 1
        windows[call.service] = window
        let remaining = max(0, rule.limit - window.used)
        let reset = window.start + rule.period
        let headers = Self.headers(call.service, limit: rule.limit, remaining: remaining, reset: reset, now: call.at)
        return (headers, window.used > rule.limit ? Self.refusal(call.service, reset: reset, now: call.at) : nil)
    }

    private static func headers(_ service: Service, limit: Int, remaining: Int, reset: Timestamp, now: Timestamp) -> Headers {
        switch service {
        case .gitHub:
            [
                "X-RateLimit-Limit": "\(limit)", "X-RateLimit-Remaining": "\(remaining)", "X-RateLimit-Used": "\(limit - remaining)",
                "X-RateLimit-Reset": "\(reset.unixSeconds)", "X-RateLimit-Resource": "core",
            ]
        case .gitLab:
            [
                "RateLimit-Limit": "\(limit)", "RateLimit-Remaining": "\(remaining)", "RateLimit-Observed": "\(limit - remaining)",
                "RateLimit-Reset": "\(reset.unixSeconds)", "RateLimit-Name": "throttle_authenticated_api",
            ]
        default:
            [
                "X-RateLimit-Limit": "\(limit)", "X-RateLimit-Remaining": "\(remaining)",
                "X-RateLimit-Reset": "\(Double((reset - now).milliseconds) / 1000)",
            ]
        }
    }

    private static func refusal(_ service: Service, reset: Timestamp, now: Timestamp) -> Response {
        let wait = "\(max(1, (reset - now).milliseconds / 1000))"
        switch service {
        case .gitHub: return GitHubStandIn.fault(403, "API rate limit exceeded for user ID 1.")
        case .gitLab: return Response(status: 429, headers: ["Retry-After": wait], body: Array("Retry later\n".utf8))
        default: return TerraformStandIn.fault(429, "too many requests", detail: "You have exceeded the API's rate limit.")
        }
    }
}
