import Base
import Integrations
import Synchronization

// Carrying out a launch: secrets, log lines, the breaker of the host.

extension Engine {
    /// Lines of one try beyond this are dropped; the log of a request has its own limit (`Recorder`).
    private static let mostLines = 200

    private struct Notes {
        var lines: [RunChanges.LogLine] = []
        var heldBack: Duration?
    }

    /// Carries out one launch. Never throws: whatever happens is an outcome.
    func fly(_ launch: RequestRun.Launch, _ confidential: Redactor) async -> Landing {
        let notes = Notebook()
        let http = observed(http.guarded(by: breakers), notes)
        let outcome = await outcome(of: launch, tools(for: launch, http, notes), confidential)
        let (lines, heldBack) = notes.state.withLock { ($0.lines, $0.heldBack) }
        return Landing(stepID: launch.stepID, outcome: Self.waiting(outcome, launch, heldBack), lines: lines)
    }

    private final class Notebook: Sendable {
        let state = Mutex(Notes())
    }

    private func tools(for launch: RequestRun.Launch, _ http: HTTPTransport, _ notes: Notebook) -> ActionTools {
        let (time, actionID, attempt) = (time, launch.input.action.id, launch.attempt)
        let (instances, tokens) = (settings.environment.jira, tokens)
        return ActionTools(
            http: http, time: time,
            log: { text in
                let line = RunChanges.LogLine(actionID: actionID, attempt: attempt, level: "info", message: text, at: time.now())
                notes.state.withLock { if $0.lines.count < Self.mostLines { $0.lines.append(line) } }
            }, timeout: launch.timeout, doubtAge: launch.doubtAge,
            jira: { name in
                instances[name].map { JiraClient(instance: $0, http: http, tokens: tokens, time: time, timeout: launch.timeout) }
            }, services: settings.environment.services, tokens: tokens, memory: launch.input.memory, attempt: launch.input.attempt)
    }

    /// Notes when the breaker held a call back.
    private func observed(_ transport: HTTPTransport, _ notes: Notebook) -> HTTPTransport {
        HTTPTransport { (request) async throws(TransportFailure) in
            do throws(TransportFailure) {
                try Self.reach(.calling, wasSent: false)
                let response = try await transport.send(request)
                try Self.reach(.answered, wasSent: true)
                return response
            } catch {
                if let pause = error.heldBack { notes.state.withLock { $0.heldBack = max($0.heldBack ?? .zero, pause) } }
                throw error
            }
        }
    }

    private static func reach(_ point: OrchestrationFailpoint, wasSent: Bool) throws(TransportFailure) {
        do throws(PAOError) { try point.reach() } catch { throw TransportFailure(.cut, error.message, mayHaveBeenSent: wasSent) }
    }

    /// A call that the breaker held back, or that was one too many for the other side, is no failure of the step: it waits.
    private static func waiting(_ outcome: RequestRun.Outcome, _ launch: RequestRun.Launch, _ heldBack: Duration?) -> RequestRun.Outcome {
        if case .result(.failed(let failure)) = outcome, failure.type == RemoteFailure.rateLimited {
            return .held(failure.retryAfter ?? .seconds(1))
        }
        guard let heldBack else { return outcome }
        switch (launch.work, outcome) {
        case (.perform, .result(.failed)): return .held(heldBack)
        case (.settle, .settlement(.later)), (.settle, .settlement(.unknown)): return .settlement(.later(heldBack))
        case (.poll(let reference), .result(.failed)), (.poll(let reference), .result(.doubt)):
            return .result(
                .waiting(reference: reference, url: nil, after: heldBack, reason: "the other side keeps failing: asked again later"))
        default: return outcome
        }
    }

    private func outcome(of launch: RequestRun.Launch, _ tools: ActionTools, _ confidential: Redactor) async -> RequestRun.Outcome {
        let effect: PreparedEffect
        do throws(StepFailure) {
            effect = try await revealed(launch, confidential)
        } catch {
            return Self.outcome(of: error, launch)
        }
        switch launch.work {
        case .perform:
            OrchestrationFailpoint.performing.pass()
            defer { OrchestrationFailpoint.performed.pass() }
            return .result(await launch.type.perform(effect, tools))
        case .poll(let reference):
            OrchestrationFailpoint.polling.pass()
            return .result(await launch.type.poll(effect, reference: reference, tools))
        case .settle:
            OrchestrationFailpoint.lookingUp.pass()
            return .settlement(await launch.type.settle(effect, tools))
        }
    }

    /// A secret that cannot be read now says nothing of what was sent before.
    private static func outcome(of failure: StepFailure, _ launch: RequestRun.Launch) -> RequestRun.Outcome {
        switch launch.work {
        case .perform: .result(.failed(failure))
        case .settle: .settlement(.later(.seconds(30)))
        case .poll(let reference): .result(.waiting(reference: reference, url: nil, after: .seconds(30), reason: failure.message))
        }
    }

    /// The effect with its secrets filled in; never stored. What is opened here is hidden in all that the run writes from now on.
    private func revealed(_ launch: RequestRun.Launch, _ confidential: Redactor) async throws(StepFailure) -> PreparedEffect {
        guard launch.isProtected else { return launch.effect }
        var secrets: [String: String] = [:]
        for name in launch.secretNames {
            do throws(PAOError) {
                secrets[name] = try await secret(name)
            } catch {
                throw StepFailure("secret", "The secret \(name) cannot be read: \(error.message)", isTransient: error.code == .unavailable)
            }
        }
        for value in secrets.values { confidential.add(value) }
        let open = settings.open
        var input = launch.input
        input.scope = input.scope.revealed(
            .init(
                secrets: secrets,
                open: { text in
                    let value = open(text)
                    confidential.add(allOf: value)
                    return value
                }))
        return try launch.type.prepare(input)
    }
}

extension Redactor {
    /// Every text inside.
    func add(allOf value: JSON) {
        switch value {
        case .string(let text): add(text)
        case .array(let elements): for element in elements { add(allOf: element) }
        case .object(let object): for member in object { add(allOf: member.value) }
        default: break
        }
    }
}
