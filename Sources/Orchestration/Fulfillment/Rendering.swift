import Base
import Catalog
import Documents

extension ActionInput {
    /// The configuration with every template rendered; `context` says how a value is escaped by where it stands.
    func render(_ tree: TemplateTree, context: ([PathComponent]) -> EscapeContext = { _ in .text }) throws(StepFailure) -> JSON {
        do throws(TemplateFault) {
            return try tree.render { (template, path) throws(TemplateFault) -> JSON in
                try template.value(scope, as: context(path))
            }
        } catch {
            throw StepFailure("validation", "The step's configuration cannot be rendered: \(error.message)")
        }
    }
}

extension [PathComponent] {
    /// The names of the path, joined by points: `endpoint.url`.
    var dotted: String {
        map { component in
            switch component {
            case .key(let key): key
            case .index(let index): "\(index)"
            }
        }.joined(separator: ".")
    }
}
