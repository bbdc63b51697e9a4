import Base

/// A path as it is read: from a scope, or from the loop it stands in.
struct PathExpression: Sendable {
    enum Root: Sendable, Equatable {
        /// `components` start with the scope's name.
        case scope
        /// The current element of the n-th enclosing loop, from the outside.
        case element(loop: Int)
        /// Key, index and the like of that loop.
        case state(LoopState, loop: Int)
    }

    enum LoopState: String, Sendable {
        case key, index, first, last
        /// Jinja's `loop.index`, from 1.
        case ordinal
    }

    var root: Root
    var components: [PathComponent]
    var position: Position

    var text: String {
        switch root {
        case .scope: Self.text(of: components)
        case .element: Self.text(of: [.key("this")] + components)
        case .state(let state, _): "@" + state.rawValue
        }
    }

    static func text(of components: some Sequence<PathComponent>) -> String {
        var text = ""
        for component in components {
            switch component {
            case .key(let key): text += text.isEmpty ? key : "." + key
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }
}

indirect enum ExpressionNode: Sendable {
    enum Comparison: String, Sendable {
        case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">="
    }

    case literal(JSON)
    case path(PathExpression)
    case call(TemplateFunction, [ExpressionNode], at: Position)
    case not(ExpressionNode)
    case and(ExpressionNode, ExpressionNode)
    case or(ExpressionNode, ExpressionNode)
    case comparison(Comparison, ExpressionNode, ExpressionNode, at: Position)
}

extension ExpressionNode {
    /// Every path from a scope, in the order of the text.
    func collectReferences(hasDefault: Bool, isConditional: Bool, into references: inout [TemplateReference]) {
        switch self {
        case .literal: break
        case .path(let path):
            guard path.root == .scope else { return }
            references.append(
                TemplateReference(
                    path: path.components, position: path.position, hasDefault: hasDefault, isConditional: isConditional))
        case .call(let function, let arguments, _):
            for (index, argument) in arguments.enumerated() {
                let hasDefault = hasDefault || (function.name == "default" && index == 0)
                argument.collectReferences(hasDefault: hasDefault, isConditional: isConditional, into: &references)
            }
        case .not(let operand):
            operand.collectReferences(hasDefault: hasDefault, isConditional: isConditional, into: &references)
        case .comparison(.equal, .path(let path), .literal(let value), _), .comparison(.equal, .literal(let value), .path(let path), _),
            .comparison(.notEqual, .path(let path), .literal(let value), _),
            .comparison(.notEqual, .literal(let value), .path(let path), _):
            guard path.root == .scope else { return }
            references.append(
                TemplateReference(
                    path: path.components, position: path.position, hasDefault: hasDefault, isConditional: isConditional, comparedTo: value)
            )
        case .and(let left, let right), .or(let left, let right), .comparison(_, let left, let right, _):
            left.collectReferences(hasDefault: hasDefault, isConditional: isConditional, into: &references)
            right.collectReferences(hasDefault: hasDefault, isConditional: isConditional, into: &references)
        }
    }
}
