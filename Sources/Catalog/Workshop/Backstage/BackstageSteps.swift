import Base
import Documents

/// `spec.steps` as actions, in their order.
struct BackstageSteps {
    private var actions: [JSON] = []
    /// What a person would do, one line per step.
    private var summary: [String] = []
    private let translation: BackstageTranslation
    private let report: BackstageReport

    init(_ steps: [JSON], _ translation: BackstageTranslation, _ report: BackstageReport) {
        self.translation = translation
        self.report = report
        for (index, step) in steps.enumerated() { add(step, index) }
    }

    /// An id that expressions can name.
    static func id(_ written: String) -> String {
        if Identifiers.isPartID(written) { return written }
        let id = Identifiers.kebabCase(written)
        return Identifiers.isPartID(id) ? id : "step-\(id)"
    }

    func fulfillment(of name: String) -> JSON {
        let instructions = "What the template did:\n\n" + summary.map { "- \($0)\n" }.joined()
        let task: JSON = [
            "id": "by-hand", "type": "manual-task",
            "config": ["title": .string("Do by hand: \(name)"), "instructions": .string(instructions)],
        ]
        guard !actions.isEmpty else { return ["strategy": ["mode": "manual"], "manual": ["actions": [task]]] }
        return [
            "strategy": ["mode": "automatic"], "manual": ["actions": [task]],
            "automatic": ["mode": "sequential", "fallbackOnFailure": true, "actions": .array(actions.map(withOutputs))],
        ]
    }

    // MARK: One step

    private mutating func add(_ step: JSON, _ index: Int) {
        let kind = step["action"]?.string ?? ""
        let place = "spec.steps[\(index)] \(kind)"
        let name = Self.plain(step["name"]?.string ?? kind)
        summary.append("\(name) (\(kind))")
        if kind == "debug:log" { return report.add(place, "left out: it only writes to a log") }
        for key in step.object?.keys ?? [] where !["id", "name", "action", "input", "if"].contains(key) {
            report.add("\(place).\(key)", "not carried over")
        }
        var action: JSON = ["id": .string(step["id"]?.string.map(Self.id) ?? "step-\(index + 1)"), "name": .string(name)]
        action["if"] = condition(step["if"], at: "\(place).if")
        let input = step["input"] ?? [:]
        let (type, config) = body(kind, input, translation.value(input, at: "\(place).input"), name, place)
        action["type"] = .string(type)
        action["config"] = config
        actions.append(action)
    }

    /// Names of actions are no templates: `Publish ${{ parameters.name }}` becomes `Publish name`.
    private static func plain(_ name: String) -> String {
        var result = ""
        var rest = name[...]
        while let start = rest.firstRange(of: "${{"), let end = rest[start.upperBound...].firstRange(of: "}}") {
            let path = rest[start.upperBound..<end.lowerBound].split(whereSeparator: { " .".contains($0) })
            result += rest[..<start.lowerBound] + (path.last ?? "")
            rest = rest[end.upperBound...]
        }
        return (result + rest).replacing("{{", with: "").replacing("}}", with: "")
    }

    private func condition(_ written: JSON?, at place: String) -> JSON? {
        guard let written else { return nil }
        guard let text = written.string else { return .string(written.description) }
        return .string(translation.template(text, at: place))
    }

    private func body(_ kind: String, _ written: JSON, _ input: JSON, _ name: String, _ place: String) -> (type: String, config: JSON) {
        switch kind {
        case "http:backstage:request": return ("rest-api", request(input, place))
        case "github:actions:dispatch":
            if let config = dispatch(input) { return ("github-workflow", config) }
        case "publish:github":
            if let config = creation(input, place) { return ("rest-api", config) }
        default: break
        }
        report.add(place, "there is no equivalent; a person does it")
        return ("manual-task", task(kind, input, name))
    }

    private func task(_ kind: String, _ input: JSON, _ name: String) -> JSON {
        let details = input == [:] ? "" : ", with\n\n```yaml\n\(YAML.write(input))```\n"
        return ["title": .string(name), "instructions": .string("Do what Backstage's action \(kind) did\(details)")]
    }

    /// Backstage calls through its own proxy; whom it reached stands in Backstage's configuration.
    private func request(_ input: JSON, _ place: String) -> JSON {
        let path = input["path"]?.string ?? "/"
        report.add(place, "the call went through Backstage's proxy; put the real address in place of https://backstage.example.com")
        var config: JSON = [
            "endpoint": [
                "url": .string("https://backstage.example.com" + (path.hasPrefix("/") ? path : "/\(path)")),
                "method": .string(input["method"]?.string ?? "GET"),
            ]
        ]
        config["headers"] = input["headers"]
        config["query"] = input["params"]
        if let body = input["body"] {
            config["body"] = body.string == nil ? ["type": "json", "content": body] : ["type": "raw", "content": body]
        }
        return config
    }

    private func dispatch(_ input: JSON) -> JSON? {
        guard let repository = repository(input["repoUrl"]), let workflow = input["workflowId"] else { return nil }
        var config: JSON = [
            "repository": .string("\(repository.owner)/\(repository.name)"), "workflow": .string(workflow.string ?? workflow.description),
        ]
        config["ref"] = input["branchOrTagName"]
        config["inputs"] = input["workflowInputs"]
        return config
    }

    private func creation(_ input: JSON, _ place: String) -> JSON? {
        guard let repository = repository(input["repoUrl"]) else { return nil }
        report.add(place, "the repository is made, but what earlier steps fetched is not pushed to it; it needs the secret github_token")
        let known = ["repoUrl", "description", "repoVisibility"]
        for key in input.object?.keys ?? [] where !known.contains(key) { report.add("\(place).input.\(key)", "not carried over") }
        var content: JSON = ["name": .string(repository.name)]
        content["description"] = input["description"]
        content["private"] = .bool(input["repoVisibility"]?.string != "public")
        return [
            "endpoint": ["url": .string("https://api.github.com/orgs/\(repository.owner)/repos"), "method": "POST"],
            "authentication": ["type": "bearer", "token": "{{secrets.github_token}}"],
            "body": ["type": "json", "content": content],
            "verify": ["url": .string("https://api.github.com/repos/\(repository.owner)/\(repository.name)")],
        ]
    }

    /// `github.com?owner=o&repo=r`, in any order.
    private func repository(_ address: JSON?) -> (owner: String, name: String)? {
        guard let (host, query) = address?.string?.splitOnce("?"), host == "github.com", let query else { return nil }
        var parts: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let (key, value) = String(pair).splitOnce("=")
            parts[key] = value
        }
        guard let owner = parts["owner"], let name = parts["repo"], !owner.isEmpty, !name.isEmpty else { return nil }
        return (owner, name)
    }

    // MARK: Outputs

    private static let repositoryOutputs = ["remoteUrl": "$.clone_url", "repoContentsUrl": "$.html_url"]

    /// What other steps read of this one: asked of the person, or found in the answer.
    private func withOutputs(_ action: JSON) -> JSON {
        let id = action["id"]?.string ?? ""
        let read = translation.outputs.filter { Self.id($0.key) == id }.flatMap(\.value).sorted()
        let type = action["type"]?.string ?? ""
        let own = ActionTypes.ownOutputs(of: type)
        let missing = read.filter { type == "manual-task" || !own.contains($0) }
        guard !missing.isEmpty else { return action }
        var action = action
        if type == "manual-task" {
            action["outputs"] = .array(missing.map(JSON.string))
        } else {
            for name in missing where Self.repositoryOutputs[name] == nil {
                report.add("output \(name) of \(id)", "its place in the answer is a guess")
            }
            action["outputs"] = .object(JSONObject(missing.map { ($0, .string(Self.repositoryOutputs[$0] ?? "$.\($0)")) }))
        }
        return action
    }
}
