import Base

/// The two spellings of catalog.md section 1.2. They differ in names and block tags, not in meaning.
package enum TemplateDialect: Sendable {
    case canonical
    /// Jinja-like blocks, and bare names are fields.
    case flat
}

/// Turns the names of a path into what they stand for, by the dialect and the loops around them.
struct PathResolver {
    /// What an enclosing loop calls its element; nil for `this`.
    typealias LoopName = String?

    static let scopes = [
        "fields", "metadata", "request", "system", "environment", "secrets", "outputs", "components", "instance", "bundle", "failure",
        "parameters",
    ]
    private static let aliases = ["env": "environment", "output": "outputs"]

    let dialect: TemplateDialect
    var loops: [LoopName] = []

    func resolve(_ components: [PathComponent], at position: Position) throws(TemplateFault) -> PathExpression {
        guard case .key(let first)? = components.first else { throw TemplateFault(.syntax, "a path was expected", at: position) }
        let rest = Array(components.dropFirst())
        if first.hasPrefix("@") { return try loopState(first, rest, at: position) }
        if first == "this" {
            let loop = try innermostLoop(first, at: position)
            return PathExpression(root: .element(loop: loop), components: rest, position: position)
        }
        if let loop = loops.lastIndex(where: { $0 == first }) {
            return PathExpression(root: .element(loop: loop), components: rest, position: position)
        }
        if let path = try dialect == .flat ? flatPath(first, rest, at: position) : canonicalPath(first, rest, at: position) {
            return path
        }
        if let loop = loops.indices.last, loops[loop] == nil {
            return PathExpression(root: .element(loop: loop), components: components, position: position)
        }
        guard dialect == .canonical else { return scopePath([.key("fields")] + components, at: position) }
        let near = NearestName.suggestion(for: first, among: Self.scopes + ["env"])
        var fault = TemplateFault(
            .scope, "there is no scope \(first); a path starts with one of \(Self.scopes.joined(separator: ", "))", at: position,
            suggestion: near.map { PathExpression.text(of: [.key($0)] + rest) })
        fault.scope = first
        throw fault
    }

    private func scopePath(_ components: [PathComponent], at position: Position) -> PathExpression {
        PathExpression(root: .scope, components: components, position: position)
    }

    private func canonicalPath(_ first: String, _ rest: [PathComponent], at position: Position) throws(TemplateFault) -> PathExpression? {
        let scope = Self.aliases[first] ?? first
        return Self.scopes.contains(scope) ? scopePath([.key(scope)] + rest, at: position) : nil
    }

    /// A name alone is a field even where a scope is called so (`environment` is a common field).
    private func flatPath(_ first: String, _ rest: [PathComponent], at position: Position) throws(TemplateFault) -> PathExpression? {
        switch (first, rest.first) {
        case ("fields", _), ("parameters", _): return scopePath([.key(first)] + rest, at: position)
        case ("current_timestamp", nil): return scopePath([.key("system"), .key("timestamp")], at: position)
        case ("catalog_item", _?): return scopePath([.key("metadata")] + rest, at: position)
        case ("requester", .key(let name)?):
            let member = name == "user_id" ? "id" : name
            return scopePath([.key("request"), .key("user"), .key(member)] + rest.dropFirst(), at: position)
        case ("steps", let step?):
            let outputs = rest.dropFirst().first == .key("outputs") ? rest.dropFirst(2) : rest.dropFirst()
            return scopePath([.key("outputs"), step] + outputs, at: position)
        case ("loop", .key(let name)?) where rest.count == 1 && !loops.isEmpty: return try loopState(name, [], at: position)
        case (_, nil): return nil
        default: return try canonicalPath(first, rest, at: position)
        }
    }

    /// `@index` counts from 0; Jinja's `loop.index` from 1, its `loop.index0` from 0.
    private func loopState(_ name: String, _ rest: [PathComponent], at position: Position) throws(TemplateFault) -> PathExpression {
        let loop = try innermostLoop(name, at: position)
        let states: [String: PathExpression.LoopState] = [
            "@key": .key, "@index": .index, "@first": .first, "@last": .last, "index": .ordinal, "index0": .index, "first": .first,
            "last": .last,
        ]
        guard let state = states[name], rest.isEmpty else {
            throw TemplateFault(.syntax, "there is no \(name); a loop has @key, @index, @first and @last", at: position)
        }
        return PathExpression(root: .state(state, loop: loop), components: [], position: position)
    }

    private func innermostLoop(_ name: String, at position: Position) throws(TemplateFault) -> Int {
        guard let loop = loops.indices.last else { throw TemplateFault(.syntax, "\(name) stands outside of a loop", at: position) }
        return loop
    }
}
