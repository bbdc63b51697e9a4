// DESIGN: one engine for every text of a catalog document. It has no reflection and no user code: paths are looked up in a scope
// that its owner fills, functions are a fixed list, loops and output are bounded. Values are written, never parsed again: `{{` in a
// value stays text. Parsing is done once, when the catalog loads; rendering walks the tree and allocates only what it writes.

package import Base

/// A path from a scope that a template reads.
package struct TemplateReference: Sendable, Equatable {
    /// Starts with the canonical name of the scope, whichever dialect or alias was written.
    package var path: [PathComponent]
    package var position: Position
    /// `default(...)`, or a loop's else branch, stands in for a missing value.
    package var hasDefault: Bool
    /// Stands in a condition, or where a condition decides whether it is read.
    package var isConditional: Bool
    /// The constant that it is held to be equal or unequal to.
    package var comparedTo: JSON?

    package var text: String { PathExpression.text(of: path) }
}

package struct Template: Sendable {
    package let source: String
    private let nodes: [TemplateNode]

    package static func parse(_ text: String, dialect: TemplateDialect = .canonical) throws(TemplateFault) -> Template {
        var parser = TemplateParser(text, dialect: dialect)
        return Template(source: text, nodes: try parser.parse())
    }

    package var isSingleExpression: Bool { singleExpression != nil }

    private var singleExpression: (expression: ExpressionNode, isRaw: Bool)? {
        guard nodes.count == 1, case .output(let expression, let isRaw, _) = nodes[0] else { return nil }
        return (expression, isRaw)
    }

    /// Every path from a scope that is read, in the order of the text.
    package var references: [TemplateReference] {
        var references: [TemplateReference] = []
        nodes.collectReferences(isConditional: false, into: &references)
        return references
    }

    /// Whether any value opts out of escaping by `{{{ }}}`.
    package var usesRaw: Bool { nodes.usesRaw }

    package func render(_ scope: any TemplateScope, as context: EscapeContext = .text) throws(TemplateFault) -> String {
        var renderer = TemplateRenderer(scope: scope)
        var output = TemplateOutput(context)
        try renderer.render(nodes, into: &output, as: context)
        return String(decoding: output.bytes, as: UTF8.self)
    }

    /// A template that is one expression keeps its type; any other gives text. Text of a single expression is escaped for a URL,
    /// HCL or JIRA, not for JSON: there it becomes a value of the document. Leaves of a structured body are rendered as `text`,
    /// since whoever writes the structure escapes them; `json` is for a body that is a text.
    package func value(_ scope: any TemplateScope, as context: EscapeContext = .text) throws(TemplateFault) -> JSON {
        guard let (expression, isRaw) = singleExpression else { return .string(try render(scope, as: context)) }
        var renderer = TemplateRenderer(scope: scope)
        let value = try renderer.value(of: expression)
        if isRaw { return value }
        do {
            return try TemplateOutput.escaped(value, for: context, isEscaped: expression.isCall(context.ownFunction))
        } catch {
            throw error.at(expression.position ?? .start)
        }
    }

    /// For `if` and `when`: a single expression by its truth, where a missing path counts as null; text must be `true`, `false` or
    /// empty.
    package func condition(_ scope: any TemplateScope) throws(TemplateFault) -> Bool {
        if let (expression, _) = singleExpression {
            var renderer = TemplateRenderer(scope: scope)
            return try renderer.condition(expression)
        }
        switch TemplateText.trim(try render(scope)) {
        case "true": return true
        case "false", "": return false
        default: throw TemplateFault(.type, "the condition is neither true nor false")
        }
    }
}

/// An expression without braces, as between `{{` and `}}`.
package struct Expression: Sendable {
    package let source: String
    private let node: ExpressionNode

    package static func parse(_ text: String, dialect: TemplateDialect = .canonical) throws(TemplateFault) -> Expression {
        let bytes = Array(text.utf8)
        guard bytes.count <= TemplateLimits.templateBytes else { throw TemplateFault(.limit, "the expression is longer than 256 KiB") }
        var lexer = ExpressionLexer(bytes[...], places: PlaceFinder(bytes[...]))
        var parser = ExpressionParser(try lexer.tokens(), resolver: PathResolver(dialect: dialect))
        return Expression(source: text, node: try parser.parseAll())
    }

    package func value(_ scope: any TemplateScope) throws(TemplateFault) -> JSON {
        var renderer = TemplateRenderer(scope: scope)
        return try renderer.value(of: node)
    }

    /// Its truth; a missing path counts as null.
    package func condition(_ scope: any TemplateScope) throws(TemplateFault) -> Bool {
        var renderer = TemplateRenderer(scope: scope)
        return try renderer.condition(node)
    }

    package var references: [TemplateReference] {
        var references: [TemplateReference] = []
        node.collectReferences(hasDefault: false, isConditional: false, into: &references)
        return references
    }
}
