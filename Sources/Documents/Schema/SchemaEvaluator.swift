// DESIGN: evaluation walks nodes and instance together. Each schema answers with what it looked at, or nil where the instance breaks
// it. Nearly every instance is valid, so the first walk only asks whether it is: it keeps no paths, writes no messages, and ends at the
// first fault. Only an instance that fails is walked again to tell all its faults; behind `not`, `if` and `contains` nothing is told in
// that walk either. A schema that comes back to itself at the same place of the instance would never end: it is found on the stack.
// Depth and steps are bounded too, so that no schema can trap or hold a thread; a check that cannot be finished is a finding, never
// "valid".

import Base

struct SchemaEvaluator {
    static let maximumDepth = 600
    static let maximumFindings = 200

    let schema: JSONSchema
    var findings: [SchemaFinding] = []
    /// Whether faults are told; the paths are kept only then.
    private(set) var isCollecting = false
    private var instancePath: [String] = []
    private var schemaPath: [String] = []
    /// Members and items entered on the way.
    private var depth = 0
    /// The resources entered on the way, for dynamic references.
    private(set) var scope: [Int] = []
    /// The nodes entered on the way, each with the depth of the instance it was entered at.
    private var active: [(node: Int, depth: Int)] = []
    /// Subschemas that may still be entered; by the size of the instance, which a schema of sense looks at a few dozen times.
    private var steps = 0
    private var isExhausted = false

    init(_ schema: JSONSchema) { self.schema = schema }

    mutating func validate(_ instance: JSON) -> [SchemaFinding] {
        let allowance = 50_000 + min(instance.valueCount, 50_000) * 100
        steps = allowance
        if evaluate(schema.root, instance) != nil, !isExhausted { return [] }
        if !isExhausted {
            (isCollecting, steps) = (true, allowance)
            _ = evaluate(schema.root, instance)
        }
        guard isExhausted else { return findings }
        let message = "cannot be checked: the schema refers to itself without end, takes too many steps or nests too deeply"
        return [SchemaFinding(instancePath: "", schemaPath: "", keyword: "schema", message: message)]
    }

    /// nil where the instance breaks the schema.
    mutating func evaluate(_ index: Int, _ instance: JSON) -> EvaluatedMembers? {
        let node = schema.nodes[index]
        if node.isFalse {
            report("false", "is not allowed here")
            return nil
        }
        if node.keywords.isEmpty { return EvaluatedMembers() }
        guard enter(index, node) else { return nil }
        defer { leave() }
        var evaluated = EvaluatedMembers()
        var isValid = true
        for keyword in node.keywords {
            if !apply(keyword, instance, &evaluated, isValidSoFar: isValid) {
                isValid = false
                if !isCollecting { return nil }
            }
        }
        return isValid ? evaluated : nil
    }

    private mutating func enter(_ index: Int, _ node: SchemaNode) -> Bool {
        steps -= 1
        if active.count >= Self.maximumDepth || steps < 0 || isExhausted {
            isExhausted = true
            return false
        }
        if isEndless(index) {
            isExhausted = true
            return false
        }
        active.append((index, depth))
        scope.append(node.resource)
        return true
    }

    /// Whether the node is being evaluated already at this place of the instance.
    private func isEndless(_ index: Int) -> Bool {
        var above = active.count - 1
        while above >= 0, active[above].depth == depth {
            if active[above].node == index { return true }
            above -= 1
        }
        return false
    }

    private mutating func leave() {
        active.removeLast()
        scope.removeLast()
    }

    /// A subschema at the same place of the instance: that of a keyword, or of one branch of it.
    mutating func inPlace(
        _ node: Int, _ instance: JSON, _ keyword: String, _ branch: @autoclosure () -> String? = nil
    ) -> EvaluatedMembers? {
        guard isCollecting else { return evaluate(node, instance) }
        let length = schemaPath.count
        schemaPath.append(keyword)
        if let branch = branch() { schemaPath.append(branch) }
        defer { schemaPath.removeLast(schemaPath.count - length) }
        return evaluate(node, instance)
    }

    /// A subschema at a member or item.
    mutating func below(
        _ node: Int, _ instance: JSON, token: @autoclosure () -> String, _ keyword: String, _ branch: @autoclosure () -> String? = nil
    ) -> Bool {
        depth += 1
        defer { depth -= 1 }
        guard isCollecting else { return evaluate(node, instance) != nil }
        instancePath.append(token())
        defer { instancePath.removeLast() }
        return inPlace(node, instance, keyword, branch()) != nil
    }

    /// The same, without telling why it fails.
    mutating func quietly<Result>(_ body: (inout Self) -> Result) -> Result {
        let before = isCollecting
        isCollecting = false
        defer { isCollecting = before }
        return body(&self)
    }

    /// Collects the findings of a branch apart from the others.
    mutating func branch(_ body: (inout Self) -> EvaluatedMembers?) -> (result: EvaluatedMembers?, findings: [SchemaFinding]) {
        let before = findings
        findings = []
        defer { findings = before }
        let result = body(&self)
        return (result, findings)
    }

    mutating func report(
        _ keyword: String, _ message: String, at token: String? = nil, suggestion: String? = nil, misspelledKey: String? = nil
    ) {
        guard isCollecting, findings.count < Self.maximumFindings else { return }
        let instance = token.map { instancePath + [$0] } ?? instancePath
        findings.append(
            SchemaFinding(
                instancePath: Self.pointer(instance), schemaPath: Self.pointer(schemaPath + [keyword]), keyword: keyword, message: message,
                suggestion: suggestion, misspelledKey: misspelledKey))
    }

    private static func pointer(_ tokens: [String]) -> String {
        var pointer = ""
        for token in tokens { pointer += "/" + JSONPointer.escape(token) }
        return pointer
    }
}

extension JSON {
    /// Itself and all values in it.
    fileprivate var valueCount: Int {
        switch self {
        case .array(let elements): elements.reduce(1) { $0 + $1.valueCount }
        case .object(let object): object.reduce(1) { $0 + $1.value.valueCount }
        default: 1
        }
    }
}
