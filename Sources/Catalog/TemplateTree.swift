package import Base
package import Documents

/// A structure whose strings are templates, parsed once: a step's `config`, a component's `config`, an instance's `outputs`.
package indirect enum TemplateTree: Sendable {
    case constant(JSON)
    case template(Template)
    case array([TemplateTree])
    case object([(key: String, value: TemplateTree)])

    /// What `render` does with one string; the path leads from the root of the tree to it.
    package typealias Renderer = (Template, [PathComponent]) throws(TemplateFault) -> JSON

    /// The member of an object tree.
    package subscript(key: String) -> TemplateTree? {
        switch self {
        case .object(let members): members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
        case .constant(let value): value[key].map(TemplateTree.constant)
        default: nil
        }
    }

    /// Every template with its path.
    package var templates: [(path: [PathComponent], template: Template)] {
        var found: [(path: [PathComponent], template: Template)] = []
        collect([], into: &found)
        return found
    }

    private func collect(_ path: [PathComponent], into found: inout [(path: [PathComponent], template: Template)]) {
        switch self {
        case .constant: break
        case .template(let template): found.append((path, template))
        case .array(let elements):
            for (index, element) in elements.enumerated() { element.collect(path + [.index(index)], into: &found) }
        case .object(let members):
            for member in members { member.value.collect(path + [.key(member.key)], into: &found) }
        }
    }

    /// The tree with every template replaced by its value.
    package func render(_ renderer: Renderer) throws(TemplateFault) -> JSON { try render([], renderer) }

    private func render(_ path: [PathComponent], _ renderer: Renderer) throws(TemplateFault) -> JSON {
        switch self {
        case .constant(let value): return value
        case .template(let template): return try renderer(template, path)
        case .array(let elements):
            var values: [JSON] = []
            for (index, element) in elements.enumerated() { values.append(try element.render(path + [.index(index)], renderer)) }
            return .array(values)
        case .object(let members):
            var object = JSONObject()
            for member in members { object[member.key] = try member.value.render(path + [.key(member.key)], renderer) }
            return .object(object)
        }
    }
}
