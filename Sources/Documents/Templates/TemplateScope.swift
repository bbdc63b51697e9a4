package import Base

/// Where a template's values come from. The owner seals what must not be seen: what it answers is rendered.
package protocol TemplateScope {
    /// The value of a whole path, whose first component is the scope's canonical name (`fields`, `outputs`, ...); nil where it
    /// leads nowhere. A fault's place is set by the caller.
    func value(of path: [PathComponent]) throws(TemplateFault) -> JSON?

    /// `uuid`, `timestamp` or `date`: values that the owner draws once per step; nil where it has none.
    func call(_ function: String) -> JSON?

    /// The path that a missing one most likely stands for.
    func suggestion(for path: [PathComponent]) -> String?
}

extension TemplateScope {
    package func suggestion(for path: [PathComponent]) -> String? { nil }
}

/// A scope over one JSON object: `{"fields": {...}, "metadata": {...}, ...}`.
package struct JSONScope: TemplateScope, Sendable {
    private let root: JSON
    private let drawn: [String: JSON]

    /// `drawn` answers `uuid()`, `timestamp()` and `date()`; without it they come from `system.*`.
    package init(_ root: JSON, drawn: [String: JSON] = [:]) {
        self.root = root
        self.drawn = drawn
    }

    package func value(of path: [PathComponent]) -> JSON? {
        guard case .key(let scope)? = path.first else { return nil }
        var value = member(scope)
        for component in path.dropFirst() { value = value?.templateMember(component) }
        return value
    }

    private func member(_ scope: String) -> JSON? {
        if let value = root[scope] { return value }
        switch scope {
        case "environment": return root["env"]
        case "outputs": return root["output"]
        case "parameters": return root["fields"]?.object.map { .array($0.map { ["name": .string($0.key), "value": $0.value] }) }
        default: return nil
        }
    }

    package func call(_ function: String) -> JSON? {
        if let value = drawn[function] { return value }
        let system = root["system"]?[function]
        guard function == "timestamp", let text = system?.string else { return system }
        return Timestamp(text).map { .int($0.unixSeconds) }
    }

    package func suggestion(for path: [PathComponent]) -> String? {
        for length in path.indices.dropFirst() {
            guard case .key(let key) = path[length], let parent = value(of: Array(path[..<length])) else { return nil }
            if parent.templateMember(path[length]) != nil { continue }
            let near = NearestName.suggestion(for: key, among: parent.object?.keys ?? [])
            return near.map { PathExpression.text(of: path[..<length] + [.key($0)]) }
        }
        return nil
    }
}

extension JSON {
    /// One step of a template's path: a number after a dot names an element of a list or a key of an object.
    func templateMember(_ component: PathComponent) -> JSON? {
        if case .index(let index) = component, object != nil { return self[String(index)] }
        return member(component)
    }
}
