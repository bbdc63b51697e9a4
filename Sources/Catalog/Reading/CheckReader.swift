import Base
import Documents

/// What must hold before the first step. A check that names an address (`type: rest-api` and a `url`) is made by machine: it becomes a step
/// of its own that all others wait for. Any other is a question to a person.
struct CheckReader {
    let report: FindingReport

    /// As documents of both dialects name what a machine asks.
    private static let types = ["rest-api", "http-get", "httpget", "http-status", "response-body", "headers-present"]
    private static let config = ["headers", "query", "authentication", "followRedirects"]
    private static let judging = ["path", "equals", "matches", "exists"]

    /// `steps` are the nodes of actions.
    func read(_ nodes: [YAMLNode]) -> (steps: [YAMLNode], questions: [JSON]) {
        var (steps, questions): ([YAMLNode], [JSON]) = ([], [])
        for node in nodes {
            if let text = node.string {
                reportQuestion(text, at: node.position)
                questions.append(["type": node.json])
            } else if isAutomatic(node) {
                if let step = step(node, number: steps.count + 1) { steps.append(step) }
            } else if let question = question(node) {
                questions.append(question)
            }
        }
        return (steps, questions)
    }

    private func isAutomatic(_ node: YAMLNode) -> Bool {
        guard let type = node["type"]?.string, node["url"] != nil else { return false }
        return Self.types.contains(type.lowercased().replacing("_", with: "-"))
    }

    private func question(_ node: YAMLNode) -> JSON? {
        guard var check = MappingReader(node, report) else { return nil }
        check.allow((node.members ?? []).map(\.key))
        let written = check.requiredText("type")
        check.finish()
        guard let type = written else { return nil }
        reportQuestion(type, at: check.node("type")?.position ?? node.position)
        return node.json
    }

    private func reportQuestion(_ check: String, at place: Position) {
        report.warning(.unknownCheck, "No machine can check \(check): a person will be asked to confirm it.", at: place)
    }

    // MARK: Checks by machine

    private func step(_ node: YAMLNode, number: Int) -> YAMLNode? {
        guard var map = MappingReader(node, report) else { return nil }
        var step = FlatMapping(at: node.position)
        let id = map.node("id") ?? YAMLNode(text: "check-\(number)", at: node.position)
        let (name, description) = (map.node("name"), map.node("description"))
        step.put("id", id)
        step.put("name", name ?? description ?? YAMLNode(text: "Check \(number)", at: node.position))
        step.put("type", text: "rest-api")
        step.put("config", config(&map))
        let verification = verification(&map)
        if !verification.isEmpty { step.put("verification", YAMLNode(.sequence(verification), at: node.position)) }
        for key in ["if", "retry", "timeout"] {
            if let value = map.node(key) { step.put(key, value) }
        }
        map.allow(["type"])
        map.finish()
        return step.node
    }

    private func config(_ map: inout MappingReader) -> YAMLNode {
        var endpoint = FlatMapping(at: map.node.position)
        if let url = map.node("url") { endpoint.put("url", url) }
        if let method = map.node("method") {
            endpoint.put("method", method)
            if !["GET", "HEAD"].contains(method.string?.uppercased()) {
                report.error(.badValue, "A check changes nothing: its method is GET or HEAD.", at: method.position)
            }
        }
        var config = FlatMapping(at: map.node.position)
        config.put("endpoint", endpoint.node)
        for key in Self.config {
            if let value = map.node(key) { config.put(key, value) }
        }
        return config.node
    }

    /// Its own list, or in short: `expected` for the status, `path` with a condition for the body.
    private func verification(_ map: inout MappingReader) -> [YAMLNode] {
        var found = map.elements("verification")
        if let expected = map.node("expected") ?? map.node("expectedStatus") {
            var status = FlatMapping(at: expected.position)
            status.put("type", text: "http-status")
            status.put("expected", expected)
            found.append(status.node)
        }
        if let path = map.node["path"] {
            var body = FlatMapping(at: path.position)
            body.put("type", text: "response-body")
            for key in Self.judging {
                if let value = map.node(key) { body.put(key, value) }
            }
            found.append(body.node)
        }
        return found
    }
}
