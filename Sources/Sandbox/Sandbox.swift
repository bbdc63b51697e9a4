package import Base
import Synchronization
package import Web

/// How true to life the stand-ins are.
package struct SandboxOptions: Sendable {
    /// What was made is found by a search, or shows in a list, only so long after it.
    package var searchLag: Duration
    /// Workflows, runs and pipelines end by themselves so long after their start.
    package var runTime: Duration
    /// Calls per hour that the GitHub stand-in answers.
    package var gitHubRateLimit: Int

    package init(searchLag: Duration = .seconds(1), runTime: Duration = .seconds(1), gitHubRateLimit: Int = 5000) {
        self.searchLag = searchLag
        self.runTime = runTime
        self.gitHubRateLimit = gitHubRateLimit
    }
}

/// Stand-ins of the outside world: a provisioning API, JIRA, GitHub, Terraform Cloud, GitLab, ServiceNow, and an answer for any
/// other host. They keep what they were asked, count each side effect by its key, and fail on demand.
package final class Sandbox: Sendable {
    private struct State: ~Copyable {
        var world: World
        var faults = Faults()
        var limits: RateLimits
        var journal: Journal?
    }

    private let state: Mutex<State>
    private let options: SandboxOptions
    private let time: TimeSource
    private let random: RandomSource
    private let log: Log

    /// Reads the state file where there is one; without one, everything is forgotten at the end. Throws `data`.
    package init(
        stateFile: String?, options: SandboxOptions = SandboxOptions(), time: TimeSource, random: RandomSource, log: Log
    ) throws(PAOError) {
        let salt = random.bytes(8)
        var world = World(options: options, salt: salt)
        var journal: Journal?
        if let stateFile {
            var replayed = 0
            journal = try Journal(path: stateFile, salt: salt) { entry in
                switch entry {
                case .salt(let salt): world = World(options: options, salt: salt)
                case .call(let call):
                    _ = world.answer(call)
                    replayed += 1
                }
            }
            log(.info, "sandbox state read", ["file": .string(stateFile), "calls": .int(replayed)])
        }
        self.options = options
        self.time = time
        self.random = random
        self.log = log
        state = Mutex(State(world: world, limits: RateLimits(options: options), journal: journal))
    }

    /// One route per method that takes every path.
    package var routes: [Route] {
        ["GET", "POST", "PUT", "PATCH", "DELETE"].flatMap { method in
            ["/", "/{rest...}"].map { pattern in
                Route(method, pattern, bodyLimit: 16 << 20, .suspended { request in await self.answer(request) })
            }
        }
    }

    package func answer(_ request: Request) async -> Response {
        let call = Call(request, at: time.now())
        if request.headers[Call.addressHeader] == nil, call.path.first == "_sandbox" { return control(call) }
        let (response, fault) = state.withLock { state in
            let fault = state.faults.take(for: call)
            return (perform(call, fault, &state), fault)
        }
        return await suffer(fault, response)
    }

    private func perform(_ call: Call, _ fault: Fault?, _ state: inout State) -> Response {
        if let fault, !fault.hasEffect {
            let status = fault.kind == .status ? fault.value ?? 503 : 0
            state.world.refuse(call, status: status, fault: fault.kind)
            return .json(["error": "fault on demand"], status: fault.kind == .status ? status : 503)
        }
        let (headers, refusal) = state.limits.admit(call)
        var response = refusal ?? apply(call, &state)
        for (name, value) in headers.fields { response.headers[name] = value }
        if fault?.kind == .duplicate, refusal == nil, !call.isSafe {
            var again = call
            again.isDuplicate = true
            _ = apply(again, &state)
        }
        return response
    }

    private func apply(_ call: Call, _ state: inout State) -> Response {
        let response = state.world.answer(call)
        if !call.isSafe, state.journal?.append(.call(call)) == false {
            log(.error, "sandbox state not written", ["url": .string(call.url)])
        }
        return response
    }

    /// Answers late, wrongly or not at all.
    private func suffer(_ fault: Fault?, _ response: Response) async -> Response {
        switch fault?.kind {
        case .delay:
            await pause(fault?.value ?? 1000)
            return response
        case .hang:
            await pause(fault?.value ?? Self.hangMilliseconds)
            return .cut
        case .cut: return .cut
        case .garbage: return .garbage
        case .status, .duplicate, nil: return response
        }
    }

    /// Longer than any caller waits.
    private static let hangMilliseconds = 3_600_000

    private func pause(_ milliseconds: Int) async { try? await time.sleep(.milliseconds(milliseconds)) }
}

// The endpoints of the sandbox itself.
extension Sandbox {
    private func control(_ call: Call) -> Response {
        switch call {
        case "GET /_sandbox/state": .json(state.withLock { $0.world.state(at: call.at).with("faults", $0.faults.json) })
        case "POST /_sandbox/reset": reset()
        case "POST /_sandbox/faults": addFault(call)
        case "POST /_sandbox/advance": state.withLock { apply(call, &$0) }
        default: .json(["error": "no such endpoint of the sandbox"], status: 404)
        }
    }

    private func reset() -> Response {
        let salt = random.bytes(8)
        return state.withLock { state in
            state.world = World(options: options, salt: salt)
            state.faults = Faults()
            state.limits = RateLimits(options: options)
            state.journal?.restart(salt: salt)
            return .json(["reset": true])
        }
    }

    private func addFault(_ call: Call) -> Response {
        do throws(PAOError) {
            let fault = try Fault(call.json ?? .null)
            return state.withLock { state in
                state.faults.add(fault)
                return .json(["faults": state.faults.json], status: 201)
            }
        } catch {
            return .json(["error": .string(error.message)], status: 400)
        }
    }
}

extension JSON {
    /// A copy with that member.
    func with(_ key: String, _ value: JSON?) -> JSON {
        var copy = self
        copy[key] = value
        return copy
    }
}
