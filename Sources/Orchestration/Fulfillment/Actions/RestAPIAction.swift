package import Base
import Catalog
import Documents
import Integrations

/// `rest-api`: one HTTP call. Every unsafe call carries the effect's key as `Idempotency-Key`. After doubt GET, PUT and DELETE are
/// repeated; POST and PATCH only where the document says that the other side honors the key (`idempotency: header`) or names a
/// `verify` call that tells whether it happened.
package struct RestAPIAction: ActionType {
    package let name = "rest-api"
    /// A call whose connection is gone may still be on its way, or in work at the other side: this long after doubt began, what a verify
    /// call does not find does not exist.
    static let verifyLag = Duration.seconds(10)

    package init() {}

    package func prepare(_ input: ActionInput) throws(StepFailure) -> PreparedEffect {
        let config = try input.render(input.action.config, context: Self.context)
        let call = try RestCall(config: config, input: input)
        return PreparedEffect(
            kind: name, summary: "\(call.method) \(call.shownURL)", resend: call.resend, payload: call.json, key: input.key)
    }

    /// How a value is escaped by the place it stands in.
    static func context(_ path: [PathComponent]) -> EscapeContext {
        switch path.dotted {
        case "url", "endpoint", "endpoint.url", "verify", "verify.url", "authentication.tokenUrl": .url
        case "body.contentTemplate", "contentTemplate": .json
        default: .text
        }
    }

    package func perform(_ effect: PreparedEffect, _ tools: ActionTools) async -> ActionResult {
        let call = RestCall(json: effect.payload)
        do throws(TransportFailure) {
            let response = try await call.send(key: effect.key, tools)
            tools.log("answered \(response.status), \(response.body.count) bytes")
            return Self.doubting(call.result(of: response, now: tools.time.now()), response.status, effect.resend)
        } catch {
            tools.log("no answer: \(error.message)")
            return Self.result(of: error, resend: effect.resend)
        }
    }

    package func settle(_ effect: PreparedEffect, _ tools: ActionTools) async -> Settlement {
        let call = RestCall(json: effect.payload)
        switch effect.resend {
        case .free, .keyed: return .perform
        case .lookup:
            let found = await lookUp(call, effect, tools)
            if case .perform = found, tools.doubtAge < Self.verifyLag { return .later(Self.verifyLag / 2) }
            return found
        case .never:
            return .unknown(
                "\(effect.summary) was sent, but no answer is known, and the other side is not declared to honor the key "
                    + "\(effect.key). Look there whether it took effect; then complete the step by hand, or retry it.")
        }
    }

    /// A verify call that answers 404 or 410, or whose `when` does not hold, says that nothing happened.
    private func lookUp(_ call: RestCall, _ effect: PreparedEffect, _ tools: ActionTools) async -> Settlement {
        guard let probe = call.verifying else { return .unknown("\(effect.summary) has no verify call.") }
        do throws(TransportFailure) {
            let response = try await tools.http.send(try await probe.request(key: effect.key, tools))
            tools.log("verify call \(probe.method) \(probe.shownURL) answered \(response.status)")
            if response.status == 404 || response.status == 410 { return .perform }
            let expected = call.verify["expected"].map { $0.array ?? [$0] }
            guard expected?.contains(where: { Verifier.matches($0, response.status) }) ?? response.isSuccess else {
                return expected != nil && response.status < 500 && response.status != 429 ? .perform : .later(.seconds(5))
            }
            return try decide(RestCall.evidence(response), Self.conditions(call.verify))
        } catch {
            tools.log("verify call \(probe.shownURL): \(error.message)")
            return error.isRetryable ? .later(.seconds(5)) : .unknown("\(effect.summary): its verify call failed: \(error.message)")
        }
    }

    /// `when`, or one condition written beside the `url`.
    private static func conditions(_ verify: JSON) -> JSON? { verify["when"] ?? (verify["path"] == nil ? nil : verify) }

    private func decide(_ evidence: JSON, _ when: JSON?) throws(TransportFailure) -> Settlement {
        do throws(StepFailure) {
            for condition in Condition.list(when) where try !condition.holds(evidence) { return .perform }
        } catch {
            throw TransportFailure(.badAnswer, error.message, isRetryable: false)
        }
        return .happened(.done(evidence: evidence, reference: nil, url: nil))
    }

    /// A fault of the other side says nothing of what it did before; where it can be asked, it is. Where it cannot, an answer of the
    /// service itself counts: it says that the call failed. A gateway's 502 or 504 only says that the gateway has no answer.
    private static func doubting(_ result: ActionResult, _ status: Int, _ resend: Resend) -> ActionResult {
        guard case .failed(let failure) = result else { return result }
        switch resend {
        case .lookup where status >= 500, .never where status == 502 || status == 504: return .doubt(failure)
        default: return result
        }
    }

    /// No usable answer: whether the call may have had its effect decides between a failure and doubt.
    static func result(of failure: TransportFailure, resend: Resend) -> ActionResult {
        let stepFailure = StepFailure(failure.kind.rawValue, failure.message, isTransient: failure.isRetryable)
        guard failure.mayHaveBeenSent, resend == .never || resend == .lookup else { return .failed(stepFailure) }
        return .doubt(stepFailure)
    }

    package func cleanupHint(outputs: JSON, reference: String?) -> String? {
        guard let id = outputs["id"]?.string else { return nil }
        return "Delete what was made: \(id)."
    }
}
