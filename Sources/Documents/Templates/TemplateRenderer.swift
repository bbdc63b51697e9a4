import Base

/// Evaluates one template once, within the bounds of `TemplateLimits`.
struct TemplateRenderer {
    private struct Frame {
        var element: JSON
        var key: JSON
        var index: Int
        var count: Int
    }

    private let scope: any TemplateScope
    private var frames: [Frame] = []
    private var turns = 0
    private var functionBytes = 0

    init(scope: any TemplateScope) { self.scope = scope }

    mutating func render(_ nodes: [TemplateNode], into output: inout TemplateOutput, as context: EscapeContext) throws(TemplateFault) {
        for node in nodes {
            switch node {
            case .text(let text): try output.append(literal: text)
            case .output(let expression, let isRaw, let position):
                let value = try value(of: expression)
                do {
                    if isRaw {
                        try output.append(raw: value)
                    } else {
                        try output.append(value, isEscaped: expression.isCall(context.ownFunction))
                    }
                } catch {
                    throw error.at(expression.position ?? position)
                }
            case .conditional(let branches, let otherwise):
                try render(chosen(branches) ?? otherwise, into: &output, as: context)
            case .each(let list, let body, let otherwise, let position):
                guard let elements = try elements(of: list, at: position), !elements.isEmpty else {
                    try render(otherwise, into: &output, as: context)
                    continue
                }
                try renderLoop(elements, body, into: &output, as: context, at: position)
            }
        }
    }

    private mutating func chosen(_ branches: [TemplateBranch]) throws(TemplateFault) -> [TemplateNode]? {
        for branch in branches where try condition(branch.test) { return branch.body }
        return nil
    }

    /// nil where there is no list, which is no fault here: what is optional may be left empty.
    private mutating func elements(of list: ExpressionNode, at position: Position) throws(TemplateFault) -> [(key: JSON, value: JSON)]? {
        guard let value = try evaluate(list, toleratesMissing: true) else { return nil }
        switch value {
        case .array(let elements): return elements.enumerated().map { (.int($0.offset), $0.element) }
        case .object(let object): return object.map { (.string($0.key), $0.value) }
        case .null: return nil
        default: throw TemplateFault(.type, "each takes a list or an object, not \(value.templateTypeName)", at: position)
        }
    }

    private mutating func renderLoop(
        _ elements: [(key: JSON, value: JSON)], _ body: [TemplateNode], into output: inout TemplateOutput, as context: EscapeContext,
        at position: Position
    ) throws(TemplateFault) {
        defer { frames.removeLast() }
        frames.append(Frame(element: .null, key: .null, index: 0, count: elements.count))
        for (index, element) in elements.enumerated() {
            turns += 1
            if turns > TemplateLimits.loopTurns {
                throw TemplateFault(.limit, "the loops turn more than \(TemplateLimits.loopTurns) times", at: position)
            }
            frames[frames.count - 1] = Frame(element: element.value, key: element.key, index: index, count: elements.count)
            try render(body, into: &output, as: context)
        }
    }
}

// Values. Inside of conditions and under `default` a missing path is nil and passes through calls and comparisons; elsewhere it is
// a fault.
extension TemplateRenderer {
    mutating func value(of expression: ExpressionNode) throws(TemplateFault) -> JSON {
        try evaluate(expression, toleratesMissing: false) ?? .null
    }

    /// Whether a test holds: null, false, 0, empty text, lists and objects, and what is missing, do not.
    mutating func condition(_ test: ExpressionNode) throws(TemplateFault) -> Bool {
        try evaluate(test, toleratesMissing: true)?.isTruthy ?? false
    }

    private mutating func evaluate(_ node: ExpressionNode, toleratesMissing: Bool) throws(TemplateFault) -> JSON? {
        switch node {
        case .literal(let value): return value
        case .path(let path):
            if let value = try lookUp(path) { return value }
            if toleratesMissing { return nil }
            throw missing(path)
        case .call(let function, let arguments, let position):
            return try call(function, arguments, toleratesMissing: toleratesMissing, at: position)
        case .not(let operand): return .bool(!(try evaluate(operand, toleratesMissing: toleratesMissing)?.isTruthy ?? false))
        case .and(let left, let right):
            guard try evaluate(left, toleratesMissing: toleratesMissing)?.isTruthy ?? false else { return false }
            return .bool(try evaluate(right, toleratesMissing: toleratesMissing)?.isTruthy ?? false)
        case .or(let left, let right):
            if try evaluate(left, toleratesMissing: toleratesMissing)?.isTruthy ?? false { return true }
            return .bool(try evaluate(right, toleratesMissing: toleratesMissing)?.isTruthy ?? false)
        case .comparison(let comparison, let left, let right, let position):
            let left = try evaluate(left, toleratesMissing: toleratesMissing) ?? .null
            let right = try evaluate(right, toleratesMissing: toleratesMissing) ?? .null
            return .bool(try compare(comparison, left, right, nullIsFalse: toleratesMissing, at: position))
        }
    }

    private func lookUp(_ path: PathExpression) throws(TemplateFault) -> JSON? {
        switch path.root {
        case .scope:
            do { return try scope.value(of: path.components) } catch { throw error.at(path.position) }
        case .element(let loop):
            var value: JSON? = frames[loop].element
            for component in path.components { value = value?.templateMember(component) }
            return value
        case .state(let state, let loop):
            let frame = frames[loop]
            switch state {
            case .key: return frame.key
            case .index: return .int(frame.index)
            case .ordinal: return .int(frame.index + 1)
            case .first: return .bool(frame.index == 0)
            case .last: return .bool(frame.index == frame.count - 1)
            }
        }
    }

    private func missing(_ path: PathExpression) -> TemplateFault {
        let suggestion = path.root == .scope ? scope.suggestion(for: path.components) : nil
        return TemplateFault(.missing, "\(path.text) has no value", at: path.position, suggestion: suggestion)
    }

    private func compare(
        _ comparison: ExpressionNode.Comparison, _ left: JSON, _ right: JSON, nullIsFalse: Bool, at position: Position
    ) throws(TemplateFault) -> Bool {
        switch comparison {
        case .equal: return left == right
        case .notEqual: return left != right
        case .less: return try isLess(left, right, nullIsFalse, position) ?? false
        case .greater: return try isLess(right, left, nullIsFalse, position) ?? false
        case .lessOrEqual: return try isLess(right, left, nullIsFalse, position).map { !$0 } ?? false
        case .greaterOrEqual: return try isLess(left, right, nullIsFalse, position).map { !$0 } ?? false
        }
    }

    /// nil where one side is null in a condition: neither order holds.
    private func isLess(_ left: JSON, _ right: JSON, _ nullIsFalse: Bool, _ position: Position) throws(TemplateFault) -> Bool? {
        switch (left, right) {
        case (.number(let left), .number(let right)): return left < right
        case (.string(let left), .string(let right)): return left.unicodeScalars.lexicographicallyPrecedes(right.unicodeScalars)
        case (.null, _) where nullIsFalse, (_, .null) where nullIsFalse: return nil
        default:
            let types = "\(left.templateTypeName) and \(right.templateTypeName)"
            throw TemplateFault(.type, "\(types) have no order; toNumber makes a number of text", at: position)
        }
    }

    private mutating func call(
        _ function: TemplateFunction, _ arguments: [ExpressionNode], toleratesMissing: Bool, at position: Position
    ) throws(TemplateFault) -> JSON? {
        if function.name == "default" {
            if let value = try evaluate(arguments[0], toleratesMissing: true), !value.isNull { return value }
            return try evaluate(arguments[1], toleratesMissing: toleratesMissing)
        }
        if arguments.isEmpty, let drawn = scope.call(function.name) { return drawn }
        var values: [JSON] = []
        for argument in arguments {
            guard let value = try evaluate(argument, toleratesMissing: toleratesMissing) else { return nil }
            values.append(value)
            try charge(value, at: position)
        }
        do {
            let result = try function.body(values)
            try charge(result, at: position)
            return result
        } catch {
            throw error.at(position)
        }
    }

    private mutating func charge(_ value: JSON, at position: Position) throws(TemplateFault) {
        switch value {
        case .string(let text): functionBytes += text.utf8.count
        case .array(let elements): functionBytes += elements.count * 8
        case .object(let object): functionBytes += object.count * 16
        default: functionBytes += 1
        }
        if functionBytes > TemplateLimits.functionBytes {
            throw TemplateFault(.limit, "the functions have more than \(TemplateLimits.functionBytes >> 20) MiB to do", at: position)
        }
    }
}

extension ExpressionNode {
    func isCall(_ name: String?) -> Bool {
        guard let name, case .call(let function, _, _) = self else { return false }
        return function.name == name
    }

    var position: Position? {
        switch self {
        case .path(let path): path.position
        case .call(_, _, let position): position
        default: nil
        }
    }
}

extension JSON {
    var isTruthy: Bool {
        switch self {
        case .null: false
        case .bool(let flag): flag
        case .number(let number): number != JSONNumber(0)
        case .string(let text): !text.isEmpty
        case .array(let elements): !elements.isEmpty
        case .object(let object): !object.isEmpty
        }
    }
}
