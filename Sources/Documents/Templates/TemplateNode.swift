import Base

enum TemplateNode: Sendable {
    case text([UInt8])
    case output(ExpressionNode, isRaw: Bool, at: Position)
    indirect case conditional([TemplateBranch], otherwise: [TemplateNode])
    /// A list that is not there has no elements.
    indirect case each(ExpressionNode, body: [TemplateNode], otherwise: [TemplateNode], at: Position)
}

struct TemplateBranch: Sendable {
    var test: ExpressionNode
    var body: [TemplateNode]
}

extension [TemplateNode] {
    func collectReferences(isConditional: Bool, into references: inout [TemplateReference]) {
        for node in self {
            switch node {
            case .text: break
            case .output(let expression, _, _):
                expression.collectReferences(hasDefault: false, isConditional: isConditional, into: &references)
            case .conditional(let branches, let otherwise):
                for branch in branches {
                    branch.test.collectReferences(hasDefault: false, isConditional: true, into: &references)
                    branch.body.collectReferences(isConditional: true, into: &references)
                }
                otherwise.collectReferences(isConditional: true, into: &references)
            case .each(let list, let body, let otherwise, _):
                list.collectReferences(hasDefault: true, isConditional: isConditional, into: &references)
                body.collectReferences(isConditional: isConditional, into: &references)
                otherwise.collectReferences(isConditional: isConditional, into: &references)
            }
        }
    }

    var usesRaw: Bool {
        contains { node in
            switch node {
            case .text: false
            case .output(_, let isRaw, _): isRaw
            case .conditional(let branches, let otherwise): branches.contains { $0.body.usesRaw } || otherwise.usesRaw
            case .each(_, let body, let otherwise, _): body.usesRaw || otherwise.usesRaw
            }
        }
    }
}
