import Base

/// A recursive-descent parser over one tag's tokens. From loose to tight: `||`, `&&`, comparisons, `!`, filters.
struct ExpressionParser {
    private let tokens: [ExpressionToken]
    private let resolver: PathResolver
    private var index: Int
    private var depth = 0

    /// The last token is `.end`.
    init(_ tokens: [ExpressionToken], from index: Int = 0, resolver: PathResolver) {
        self.tokens = tokens
        self.resolver = resolver
        self.index = index
    }

    mutating func parseAll() throws(TemplateFault) -> ExpressionNode {
        let node = try parseExpression()
        guard current.kind == .end else { throw unexpected() }
        return node
    }

    private var current: ExpressionToken { tokens[index] }

    private func peek(_ offset: Int) -> ExpressionToken.Kind {
        index + offset < tokens.count ? tokens[index + offset].kind : .end
    }

    private mutating func advance() { if index < tokens.count - 1 { index += 1 } }

    private mutating func take(_ symbol: String, word: String? = nil) -> Bool {
        let isWord = resolver.dialect == .flat && word.map { current.kind == .path([.key($0)]) } ?? false
        guard current.kind == .symbol(symbol) || isWord else { return false }
        advance()
        return true
    }

    private mutating func parseExpression() throws(TemplateFault) -> ExpressionNode {
        depth += 1
        defer { depth -= 1 }
        if depth > TemplateLimits.expressionDepth {
            throw TemplateFault(.limit, "the expression is nested too deeply", at: current.position)
        }
        var left = try parseConjunction()
        while take("||", word: "or") { left = .or(left, try parseConjunction()) }
        return left
    }

    private mutating func parseConjunction() throws(TemplateFault) -> ExpressionNode {
        var left = try parseComparison()
        while take("&&", word: "and") { left = .and(left, try parseComparison()) }
        return left
    }

    private mutating func parseComparison() throws(TemplateFault) -> ExpressionNode {
        let left = try parseUnary()
        guard case .symbol(let symbol) = current.kind, let comparison = ExpressionNode.Comparison(rawValue: symbol) else { return left }
        let position = current.position
        advance()
        return .comparison(comparison, left, try parseUnary(), at: position)
    }

    private mutating func parseUnary() throws(TemplateFault) -> ExpressionNode {
        var negations = 0
        while take("!", word: "not") { negations += 1 }
        let operand = try parseFiltered()
        if negations == 0 { return operand }
        return negations % 2 == 1 ? .not(operand) : .not(.not(operand))
    }

    private mutating func parseFiltered() throws(TemplateFault) -> ExpressionNode {
        var value = try parseOperand(allowsSpacedCall: true)
        while take("|") {
            let position = current.position
            guard case .path(let components) = current.kind, components.count == 1, case .key(let name) = components[0] else {
                throw unexpected("the name of a filter was expected")
            }
            advance()
            var arguments = [value]
            if take("(") { arguments += try parseArguments() }
            value = try call(name, arguments, at: position)
        }
        return value
    }

    private mutating func parseOperand(allowsSpacedCall: Bool) throws(TemplateFault) -> ExpressionNode {
        let token = current
        switch token.kind {
        case .string(let text):
            advance()
            return .literal(.string(text))
        case .number(let number):
            advance()
            return .literal(.number(number))
        case .symbol("("):
            advance()
            let inner = try parseExpression()
            guard take(")") else { throw unexpected("a closing parenthesis was expected") }
            return inner
        case .path(let components):
            advance()
            return try parseName(components, at: token.position, allowsSpacedCall: allowsSpacedCall)
        case .symbol, .end: throw unexpected("a value was expected")
        }
    }

    private mutating func parseName(
        _ components: [PathComponent], at position: Position, allowsSpacedCall: Bool
    ) throws(TemplateFault) -> ExpressionNode {
        if components.count == 1, case .key(let name) = components[0] {
            if take("(") { return try call(name, parseArguments(), at: position) }
            if let literal = literal(name) { return .literal(literal) }
            if allowsSpacedCall, TemplateFunction.named(name) != nil, startsOperand {
                return try call(name, parseSpacedArguments(), at: position)
            }
            if isBareCall(name) { return try call(name, [], at: position) }
        }
        return .path(try resolver.resolve(components, at: position))
    }

    private func literal(_ name: String) -> JSON? {
        switch name {
        case "true": true
        case "false": false
        case "null": .null
        case "True" where resolver.dialect == .flat: true
        case "False" where resolver.dialect == .flat: false
        case "None" where resolver.dialect == .flat: .null
        default: nil
        }
    }

    /// `{{uuid}}` outside of a loop, where it cannot be anything else.
    private func isBareCall(_ name: String) -> Bool {
        resolver.dialect == .canonical && resolver.loops.isEmpty && TemplateFunction.named(name)?.arity.lowerBound == 0
    }

    private var startsOperand: Bool {
        switch current.kind {
        case .path(let components): resolver.dialect == .canonical || ![.key("and"), .key("or")].contains(components.first)
        case .string, .number, .symbol("("): true
        default: false
        }
    }

    /// After the opening parenthesis, with the closing one.
    private mutating func parseArguments() throws(TemplateFault) -> [ExpressionNode] {
        if take(")") { return [] }
        var arguments: [ExpressionNode] = []
        repeat { arguments.append(try parseExpression()) } while take(",")
        guard take(")") else { throw unexpected("a comma or a closing parenthesis was expected") }
        return arguments
    }

    /// Handlebars' spelling: `join resources ", "`.
    private mutating func parseSpacedArguments() throws(TemplateFault) -> [ExpressionNode] {
        var arguments: [ExpressionNode] = []
        while startsOperand { arguments.append(try parseOperand(allowsSpacedCall: false)) }
        return arguments
    }

    private func call(_ name: String, _ arguments: [ExpressionNode], at position: Position) throws(TemplateFault) -> ExpressionNode {
        guard let function = TemplateFunction.named(name) else {
            let near = NearestName.suggestion(for: name, among: TemplateFunction.names)
            throw TemplateFault(.syntax, "there is no function \(name)", at: position, suggestion: near)
        }
        guard function.arity.contains(arguments.count) else {
            throw TemplateFault(.syntax, "\(name) takes \(function.arityText), not \(arguments.count)", at: position)
        }
        return .call(function, arguments, at: position)
    }

    private func unexpected(_ expectation: String? = nil) -> TemplateFault {
        let found: String
        switch current.kind {
        case .path(let components): found = PathExpression.text(of: components)
        case .string(let text): found = "\"\(text.prefix(40))\""
        case .number(let number): found = number.text
        case .symbol(let symbol): found = symbol
        case .end: found = "the end"
        }
        return TemplateFault(.syntax, "unexpected \(found)" + (expectation.map { ", " + $0 } ?? ""), at: current.position)
    }
}
