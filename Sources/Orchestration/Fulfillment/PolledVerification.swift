import Base
import Catalog
import Documents
import Integrations

/// A verification that asks the other side again and again: `poll` (`url`, `every`, `until`, `failWhen`, `timeout`) and
/// `resource-health` with a `url`. It begins when the step's own call has been answered, and may read the outputs of that answer:
/// `url: "https://api.example.com/databases/{{outputs.provision.id}}"`. Without a `url` the answer's `Location` is asked.
struct PolledVerification: Sendable {
    static let types = ["poll", "resource-health"]

    var call: RestCall
    var every: Duration
    var until: [Condition]
    var failWhen: [Condition]
    private let json: JSON

    static func isPolled(_ verification: Verification) -> Bool {
        verification.type == "poll" || (verification.type == "resource-health" && verification.parameters["url"] != nil)
    }

    /// All of the step, rendered. `evidence` is the answer of the step's own call.
    static func payload(_ input: ActionInput, evidence: JSON) throws(StepFailure) -> [JSON] {
        var rendered: [JSON] = []
        for verification in input.action.verification where isPolled(verification) {
            rendered.append(try Self.payload(verification, input, evidence))
        }
        return rendered
    }

    private static func payload(_ verification: Verification, _ input: ActionInput, _ evidence: JSON) throws(StepFailure) -> JSON {
        var parameters = try input.render(verification.parameters) { $0.dotted == "url" ? .url : .text }
        if verification.type == "resource-health", parameters["until"] == nil {
            parameters["until"] = ["status": parameters["expected"] ?? parameters["expectedStatus"] ?? "2xx"]
        }
        let own = evidence["headers"]?["location"]?.string ?? evidence["headers"]?["operation-location"]?.string
        guard let url = parameters["url"]?.string ?? own else {
            throw StepFailure("validation", "The verification poll has no url, and the answer has no Location.")
        }
        parameters["url"] = .string(url)
        try inherit(&parameters, input)
        let until = Condition.list(parameters["until"])
        guard !until.isEmpty else { throw StepFailure("validation", "The verification poll does not say until what (until).") }
        var call = try RestCall(config: parameters, input: input, expected: [])
        if input.environment.isSandbox {
            call.sandboxHints = ["outputs": [:], "expect": .array(known(input, evidence) + until.compactMap(\.hint))]
        }
        let every = parameters["every"]?.string.flatMap { Duration(text: $0) } ?? .seconds(5)
        return [
            "call": call.json, "every": .string(pace(every, input.environment).text), "until": parameters["until"] ?? .null,
            "failWhen": parameters["failWhen"] ?? .null,
        ]
    }

    /// The sandbox makes up each answer by itself: here it is told what it has said before.
    private static func known(_ input: ActionInput, _ evidence: JSON) -> [JSON] {
        let paths =
            input.action.outputs.map(\.path)
            + input.action.verification.compactMap { verification in
                if case .constant(let path)? = verification.parameters["path"] { path.string } else { nil }
            }
        return (paths + ["$.id"]).uniqued.compactMap { path in
            let value = try? Verifier.select(path, in: evidence["body"] ?? .null)
            return value.map { ["type": "response-body", "path": .string(path), "equals": $0] }
        }
    }

    /// Asked with the step's own headers and credentials, where it is the same server that is asked.
    private static func inherit(_ parameters: inout JSON, _ input: ActionInput) throws(StepFailure) {
        parameters["method"] = parameters["method"] ?? "GET"
        guard input.action.type == "rest-api" else { return }
        let config = try input.render(input.action.config, context: RestAPIAction.context)
        let own = config["endpoint"]?.string ?? config["endpoint"]?["url"]?.string ?? config["url"]?.string ?? ""
        guard let asked = parameters["url"]?.string, origin(own) == origin(asked) else { return }
        for key in ["authentication", "headers"] where parameters[key] == nil { parameters[key] = config[key] }
    }

    private static func origin(_ url: String) -> String {
        url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).prefix(3).joined(separator: "/").lowercased()
    }

    /// The sandbox's world is quick.
    private static func pace(_ every: Duration, _ environment: ActionEnvironment) -> Duration {
        max(.seconds(1), environment.isSandbox ? min(every, environment.pollInterval) : every)
    }

    init(json: JSON) {
        self.json = json
        call = RestCall(json: json["call"] ?? .null)
        every = json["every"]?.string.flatMap { Duration(text: $0) } ?? .seconds(5)
        until = Condition.list(json["until"])
        failWhen = Condition.list(json["failWhen"])
    }

    var goal: String { "\(call.shownURL): \(until.map(\.text).joined(separator: ", "))" }

    enum Finding {
        case holds(evidence: JSON)
        case notYet(String)
        case failed(StepFailure)
    }

    /// One look. What cannot be reached now is looked at again; only `failWhen` and a refused call end it.
    func look(key: String, _ tools: ActionTools) async -> Finding {
        do throws(TransportFailure) {
            let response = try await tools.http.send(try await call.request(key: key, tools))
            tools.log("\(call.method) \(call.shownURL) answered \(response.status)")
            return judge(RestCall.evidence(response))
        } catch {
            tools.log("\(call.method) \(call.shownURL): \(error.message)")
            if error.isRetryable { return .notYet(error.message) }
            return .failed(StepFailure(error.kind.rawValue, error.message))
        }
    }

    private func judge(_ evidence: JSON) -> Finding {
        do throws(StepFailure) {
            for condition in failWhen where try condition.holds(evidence) {
                let body = String((evidence["body"] ?? .null).description.prefix(300))
                throw StepFailure(
                    "verification", "\(call.shownURL) says that it failed (\(condition.text)): \(body)", details: evidence["body"])
            }
            for condition in until where try !condition.holds(evidence) { return .notYet("waits until \(condition.text)") }
        } catch {
            return .failed(error)
        }
        return .holds(evidence: evidence)
    }
}
