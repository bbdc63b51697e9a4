import Base
import Documents

/// Reads the templates of one document, reports what is wrong with each at its place, and remembers which paths each one reads and
/// where it stands, so that they can be checked once the whole document is known.
final class TemplateReader {
    struct Usage {
        var references: [TemplateReference]
        var place: TemplatePlace
        /// Whether a value that is missing ends the rendering, and with it what needs it; a condition takes it for false.
        var isNeeded: Bool
        /// The file's place of a place inside the template.
        var locate: (Position) -> Position
    }

    let dialect: TemplateDialect
    let report: FindingReport
    private let source: SourceText
    private(set) var usages: [Usage] = []
    /// Whether every field of the form, and every action, could be read: only then is a name that they have not a mistake of its own.
    var hasWholeForm = true
    var hasWholeActions = true
    /// Of the form, once it is read: what a path without its scope most likely means.
    var fieldIDs: [String] = []

    init(dialect: TemplateDialect, report: FindingReport, source: SourceText) {
        self.dialect = dialect
        self.report = report
        self.source = source
    }

    static func holdsTags(_ text: String, _ dialect: TemplateDialect) -> Bool {
        text.contains("{{") || (dialect == .flat && (text.contains("{%") || text.contains("{#")))
    }

    /// What is read without a default and outside of conditions from the scopes of other documents.
    var scopeReads: [ScopeRead] {
        usages.flatMap { usage in
            usage.references.compactMap { reference in
                guard case .key(let scope)? = reference.path.first, scope == "components" || scope == "instance", !reference.hasDefault,
                    !reference.isConditional
                else { return nil }
                return ScopeRead(path: reference.path.map(\.text), place: usage.locate(reference.position))
            }
        }
    }

    /// A string that is a template, also where it has no tags.
    func template(_ node: YAMLNode, _ place: TemplatePlace, isNeeded: Bool = true) -> Template? {
        guard let text = node.string ?? node.text else {
            report.error(.wrongType, "This must be text, not \(node.typeName).", at: node.position)
            return nil
        }
        do {
            let template = try Template.parse(text, dialect: dialect)
            let locate = { [source] (inner: Position) in source.place(of: inner, in: node) }
            usages.append(Usage(references: template.references, place: place, isNeeded: isNeeded, locate: locate))
            if template.usesRaw {
                report.warning(.unescapedValue, "{{{...}}} writes the value without escaping it.", at: locate(Self.rawPlace(in: text)))
            }
            return template
        } catch {
            explain(error, at: source.place(of: error.position, in: node))
            return nil
        }
    }

    /// Constants stay whole; strings with tags become templates.
    func tree(_ node: YAMLNode, _ place: TemplatePlace) -> TemplateTree {
        switch node.content {
        case .scalar(.string(let text), _, _) where Self.holdsTags(text, dialect):
            return template(node, place).map(TemplateTree.template) ?? .constant(.null)
        case .scalar(let value, _, _): return .constant(value)
        case .sequence(let nodes):
            let elements = nodes.map { tree($0, place) }
            return TemplateTree.folded(elements) ?? .array(elements)
        case .mapping(let pairs):
            let members = pairs.map { (key: $0.key.text ?? "", value: tree($0.value, place)) }
            return TemplateTree.folded(members) ?? .object(members)
        }
    }

    /// `{{expression}}`, or the expression alone.
    func expression(_ node: YAMLNode, _ place: TemplatePlace) -> Expression? {
        guard let text = node.text else {
            report.error(.wrongType, "This must be an expression, not \(node.typeName).", at: node.position)
            return nil
        }
        let (inside, shift) = Self.inside(text)
        guard !inside.contains("{{"), !inside.contains("}}") else {
            report.error(.badTemplate, "A condition is one expression, such as \"{{fields.size == 'large'}}\".", at: node.position)
            return nil
        }
        let locate = { [source] (inner: Position) in source.place(of: inner.shifted(by: shift), in: node) }
        do {
            let expression = try Expression.parse(inside, dialect: dialect)
            usages.append(Usage(references: expression.references, place: place, isNeeded: false, locate: locate))
            return expression
        } catch {
            explain(error, at: locate(error.position))
            return nil
        }
    }

    /// The text between the braces, and how many columns were left out before it.
    private static func inside(_ text: String) -> (String, Int) {
        let lead = text.unicodeScalars.prefix { $0 == " " || $0 == "\n" }
        let trimmed = text.unicodeScalars.dropFirst(lead.count).reversed().drop { $0 == " " || $0 == "\n" }.reversed()
        let core = String(String.UnicodeScalarView(trimmed))
        guard core.hasPrefix("{{"), core.hasSuffix("}}"), core.utf8.count >= 4 else { return (core, lead.count) }
        return (String(core.dropFirst(2).dropLast(2)), lead.count + 2)
    }

    private func explain(_ fault: TemplateFault, at place: Position) {
        let isField = fault.kind == .scope && fieldIDs.contains(where: { $0 == fault.scope })
        report.error(
            fault.kind == .scope ? .unknownScope : .badTemplate, "In a template: \(fault.message).", at: place,
            suggestion: fault.suggestion ?? (isField ? fault.scope.map { "fields." + $0 } : nil))
    }

    private static func rawPlace(in text: String) -> Position {
        var place = Position.start
        var seen = 0
        for scalar in text.unicodeScalars {
            seen = scalar == "{" ? seen + 1 : 0
            if seen == 3 { return Position(line: place.line, column: place.column - 2) }
            place = scalar == "\n" ? Position(line: place.line + 1, column: 1) : Position(line: place.line, column: place.column + 1)
        }
        return .start
    }
}

extension Position {
    /// Further right, on the first line only.
    func shifted(by columns: Int) -> Position { line == 1 ? Position(line: 1, column: column + columns) : self }
}

extension TemplateTree {
    /// One constant, where every element is one.
    fileprivate static func folded(_ elements: [TemplateTree]) -> TemplateTree? {
        var values: [JSON] = []
        for element in elements {
            guard case .constant(let value) = element else { return nil }
            values.append(value)
        }
        return .constant(.array(values))
    }

    fileprivate static func folded(_ members: [(key: String, value: TemplateTree)]) -> TemplateTree? {
        var object = JSONObject()
        for member in members {
            guard case .constant(let value) = member.value else { return nil }
            object[member.key] = value
        }
        return .constant(.object(object))
    }
}
