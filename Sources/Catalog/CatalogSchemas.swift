package import Base
import Documents
import Synchronization

/// The published JSON Schemas (`schemas/*.json`): what editors check against is what the service checks against. Compiled once, when
/// the first document is checked.
package final class CatalogSchemas: Sendable {
    private struct Compiled {
        var byKind: [CatalogKind: JSONSchema] = [:]
        var flat: JSONSchema?
    }

    private enum State {
        case files(@Sendable () throws(PAOError) -> [String: JSON])
        case compiled(Compiled)
    }

    private let state: Mutex<State>

    /// Only what the reader itself knows is checked; for tests and tools without the files.
    package static let none = CatalogSchemas(.compiled(Compiled()))

    private init(_ state: sending State) { self.state = Mutex(state) }

    private static let base = "https://pao.example/schemas/"
    private static let fileNames: [CatalogKind: String] = [
        .item: "catalog-item.json", .bundle: "catalog-bundle.json", .update: "update-item.json", .upgrade: "upgrade-item.json",
    ]

    /// `files` by their names (`catalog-item.json`, ...), at once. Throws `invalid` for a schema that cannot be used.
    package convenience init(files: [String: JSON]) throws(PAOError) { self.init(.compiled(try Self.compile(files))) }

    /// The files are read and compiled when the first document is checked. They are part of the program: schemas that cannot be used
    /// check nothing, and a test holds that they can.
    package convenience init(embedded files: @escaping @Sendable () throws(PAOError) -> [String: JSON]) { self.init(.files(files)) }

    private var compiled: Compiled {
        state.withLock { state in
            switch state {
            case .compiled(let compiled): return compiled
            case .files(let files):
                let compiled = (try? Self.compile(files())) ?? Compiled()
                state = .compiled(compiled)
                return compiled
            }
        }
    }

    private static func compile(_ files: [String: JSON]) throws(PAOError) -> Compiled {
        var resources: [String: JSON] = [:]
        for (name, schema) in files { resources[base + name] = schema }
        var compiled = Compiled()
        for (kind, name) in fileNames { compiled.byKind[kind] = try compile(name, files, resources) }
        compiled.flat = try compile("flat-item.json", files, resources)
        return compiled
    }

    private static func compile(_ name: String, _ files: [String: JSON], _ resources: [String: JSON]) throws(PAOError) -> JSONSchema? {
        guard let schema = files[name] else { return nil }
        return try JSONSchema.compile(schema, baseURI: base + name, resources: resources)
    }

    /// Adds what the schema says and the reader has not said about the same place.
    func check(_ root: YAMLNode, into report: FindingReport) {
        let (flat, byKind) = (compiled.flat, compiled.byKind)
        let schema = FlatDialect.isFlat(root) ? flat : root["kind"]?.text.flatMap(CatalogKind.init(rawValue:)).flatMap { byKind[$0] }
        guard let schema, !report.isFull else { return }
        // A key that is missing may be one that was misspelled: that is told first.
        let findings = schema.validate(root.json).map { (finding: $0, rule: Self.rule(of: $0.keyword)) }
        for (finding, rule) in findings.filter({ $0.rule == .unknownKey }) + findings.filter({ $0.rule != .unknownKey }) {
            if let written = finding.misspelledKey {
                let place = root.position(at: "\(finding.instancePath)/\(JSONPointer.escape(written))", key: true)
                if !report.hasError(at: place) {
                    report.unknownKey(
                        written, at: place, suggestion: finding.suggestion, home: nil, correction: Self.correction(of: written, finding))
                }
                continue
            }
            let place = root.position(at: finding.instancePath, key: rule == .unknownKey)
            if report.hasError(at: place) || Self.isSaid(finding, rule, root, report) { continue }
            let path = JSONPointer.tokens(finding.instancePath) ?? []
            if rule == .unknownKey, let key = path.last {
                let near = finding.suggestion ?? KeySuggestion.key(for: key, among: Self.neighbors(path))
                let home = near == nil ? KeySuggestion.home(of: key, among: Self.neighbors(path)) : nil
                report.unknownKey(key, at: place, suggestion: near, home: home, correction: Self.correction(of: key, finding))
            } else {
                report.error(rule, Self.message(of: finding), at: place, suggestion: finding.suggestion)
            }
        }
    }

    private static func correction(of key: String, _ finding: SchemaFinding) -> String? {
        finding.suggestion.flatMap { NearestName.correction(of: key, among: [$0]) }
    }

    /// Keys that may stand beside the one at the path, where people look for it in vain.
    private static func neighbors(_ path: [String]) -> [String] {
        let parent = path.dropLast()
        if parent.last == "config" { return ["ticket", "moduleSource", "inputs", "workflow"] }
        let isField = parent.last == "items" || ["fields", "properties"].contains(parent.dropLast().last)
        return isField ? ["validation", "enum", "pattern", "min", "max", "description"] : []
    }

    private static func message(of finding: SchemaFinding) -> String {
        let shape = finding.keyword == "pattern" ? shapes.first { finding.message.hasSuffix($0.key) }?.value : nil
        let words = shape.map { "must be " + $0 } ?? finding.message.replacing("must be a string", with: "must be text")
        return "\(JSONPointer.tokens(finding.instancePath)?.last ?? "The document") \(words)."
    }

    /// What the patterns of the schemas stand for.
    private static let shapes: KeyValuePairs = [
        "^[1-5]([0-9]{2}|xx)$": "a status such as 200, or a class of them such as 2xx",
        "^([0-9]+(ms|s|min|m|h|d|w))+$": "a duration such as 250ms, 30s, 5m, 2h or 90d",
        "^([01][0-9]|2[0-3]):[0-5][0-9]$": "a time of day such as 22:00",
        "^(Z|[+-][0-1][0-9]:[0-5][0-9])$": "Z, or an offset such as +01:00",
    ]

    /// A key without a value is a warning of the reader's; a key that is missing may be one that was misspelled.
    private static func isSaid(_ finding: SchemaFinding, _ rule: CatalogRule, _ root: YAMLNode, _ report: FindingReport) -> Bool {
        let path = JSONPointer.tokens(finding.instancePath) ?? []
        let node = root.node(atTokens: path)
        switch rule {
        case .unknownKey: return node?.isNull ?? false
        case .missingKey: return node?.members?.contains { report.hasError(at: $0.keyPosition) } ?? false
        default: return false
        }
    }

    private static func rule(of keyword: String) -> CatalogRule {
        switch keyword {
        case "additionalProperties", "unevaluatedProperties", "propertyNames": .unknownKey
        case "required", "dependentRequired": .missingKey
        case "type": .wrongType
        case "enum", "const", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength",
            "minItems", "maxItems", "uniqueItems", "multipleOf":
            .badValue
        default: .schema
        }
    }
}

extension FindingReport {
    func hasError(at place: Position) -> Bool {
        findings.contains { $0.isError && $0.line == place.line && $0.column == place.column }
    }
}

extension YAMLNode {
    fileprivate func node(atTokens tokens: [String]) -> YAMLNode? {
        tokens.reduce(Optional(self)) { node, token in
            node.flatMap { node in node.elements == nil ? node[token] : JSONPointer.index(token).flatMap { node[$0] } }
        }
    }
}
