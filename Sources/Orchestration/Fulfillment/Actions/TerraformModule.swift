import Base
import Catalog
import Documents

/// The root module that calls the module a document names: what is written into `main.tf`. Pure: the same step gives the same bytes.
struct TerraformModule: Sendable {
    struct Variable: Sendable {
        var name: String
        var value: JSON
        /// Comes from a secret, or from a field whose value is sealed.
        var isSensitive: Bool
    }

    var source: String
    var version: String?
    var variables: [Variable]
    var backend: JSONObject
    /// The module's outputs that are handed on; sensitive ones by their names.
    var outputs: [String]
    var sensitiveOutputs: Set<String>

    init(_ config: JSON, _ input: ActionInput) throws(StepFailure) {
        guard let source = config["moduleSource"]?.string ?? config["source"]?.string ?? config["module"]?.string, !source.isEmpty else {
            throw StepFailure("validation", "The step names no moduleSource.")
        }
        self.source = source
        version = config["moduleVersion"]?.string ?? config["version"]?.string
        variables = try Self.variables(input)
        backend = config["backendConfig"]?.object ?? JSONObject()
        var declared: [(name: String, isSensitive: Bool)] = input.action.outputs.map { (Self.key(of: $0), $0.isSensitive) }
        for verification in input.action.verification where verification.type == "terraform-state" {
            let parameters = try input.render(verification.parameters)
            declared += (parameters["requiredOutputs"]?.array?.compactMap(\.string) ?? []).map { ($0, false) }
        }
        outputs = declared.map(\.name).filter { Self.isIdentifier($0) && !TerraformAction.ownOutputs.contains($0) }.uniqued
        sensitiveOutputs = Set(declared.filter(\.isSensitive).map(\.name))
    }

    /// `$.endpoint` and `endpoint` are the module's output `endpoint`.
    private static func key(of output: Action.Output) -> String {
        let path = output.path.hasPrefix("$.") ? String(output.path.dropFirst(2)) : output.path
        return isIdentifier(path) ? path : output.name
    }

    private static func variables(_ input: ActionInput) throws(StepFailure) -> [Variable] {
        let members: [(key: String, value: TemplateTree)]
        switch input.action.config["variables"] {
        case nil, .constant(.null)?: members = []
        case .object(let found)?: members = found
        case .constant(.object(let object))?: members = object.map { ($0.key, .constant($0.value)) }
        default: throw StepFailure("validation", "variables is a map of names to values.")
        }
        var variables: [Variable] = []
        for member in members {
            guard isIdentifier(member.key), !reserved.contains(member.key) else {
                throw StepFailure("validation", "\"\(member.key)\" is no name of a Terraform variable.")
            }
            let value = try input.render(member.value)
            variables.append(Variable(name: member.key, value: value, isSensitive: readsSecret(member.value, input)))
        }
        return variables
    }

    /// Rendered once more by itself, in a scope that notes whether anything protected is read.
    private static func readsSecret(_ tree: TemplateTree, _ input: ActionInput) -> Bool {
        var own = input
        own.scope = RequestScope(roots: input.scope.roots, frozen: input.scope.frozen, keys: input.scope.keys)
        own.scope.standsInForOutputs = input.scope.standsInForOutputs
        _ = try? own.render(tree)
        return own.scope.hasUsedProtected
    }

    /// Terraform's own arguments of a module block, which no variable may be named after.
    static let reserved: Set = ["source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"]

    static func isIdentifier(_ text: String) -> Bool {
        guard let first = text.utf8.first, first == UInt8(ascii: "_") || isLetter(first), text.utf8.count <= 100 else { return false }
        return text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }

    /// Of the module block: the last part of the source that can be one.
    var name: String {
        let path = source.splitOnce("?").0
        let word = path.split(separator: "/").last.map { String($0).splitOnce(".").0 } ?? ""
        let name = String(word.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "_" })
        return Self.isIdentifier(name) ? name : "service"
    }

    // MARK: Writing

    enum Values {
        /// In the module block itself: whoever reviews the file sees them.
        case inPlace
        /// Declared as variables, whose values go another way.
        case asVariables
    }

    /// `source` may differ from the document's where the place knows better.
    func mainFile(_ values: Values, source place: String? = nil, withBackend: Bool) throws(StepFailure) -> String {
        var blocks: [String] = []
        if withBackend, let backend = try backendBlock() { blocks.append(backend) }
        if case .asVariables = values {
            blocks += variables.map { "variable \"\($0.name)\" {\($0.isSensitive ? "\n  sensitive = true\n" : "")}\n" }
        }
        var lines = ["  source = \(try HCL.string(place ?? source))"]
        if let version { lines.append("  version = \(try HCL.string(version))") }
        for variable in variables {
            switch values {
            case .inPlace: lines.append("  \(variable.name) = \(try HCL.expression(variable.value, indent: "  "))")
            case .asVariables: lines.append("  \(variable.name) = var.\(variable.name)")
            }
        }
        blocks.append("module \"\(name)\" {\n\(lines.joined(separator: "\n"))\n}\n")
        blocks += outputs.map { output in
            let mark = sensitiveOutputs.contains(output) ? "\n  sensitive = true" : ""
            return "output \"\(output)\" {\n  value = module.\(name).\(output)\(mark)\n}\n"
        }
        return blocks.joined(separator: "\n")
    }

    private func backendBlock() throws(StepFailure) -> String? {
        let settings = backend.filter { !["type", "workspace", "organization"].contains($0.key) }
        guard
            let type = backend["type"]?.string
                ?? (backend.contains("bucket") ? "s3" : backend.contains("storage_account_name") ? "azurerm" : nil)
        else {
            guard settings.isEmpty else { throw StepFailure("validation", "backendConfig does not say its type.") }
            return nil
        }
        guard Self.isIdentifier(type), settings.allSatisfy({ Self.isIdentifier($0.key) }) else {
            throw StepFailure("validation", "backendConfig has a name that is none in Terraform.")
        }
        var lines: [String] = []
        for (key, value) in settings { lines.append("    \(key) = \(try HCL.expression(value, indent: "    "))") }
        return "terraform {\n  backend \"\(type)\" {\n\(lines.map { $0 + "\n" }.joined())  }\n}\n"
    }
}

/// Values as HCL expressions; every text appears literally, whatever it holds.
enum HCL {
    static func string(_ text: String) throws(StepFailure) -> String {
        do throws(TemplateFault) {
            return try Template.parse("\"{{fields.value}}\"").render(JSONScope(["fields": ["value": .string(text)]]), as: .hcl)
        } catch {
            throw StepFailure("validation", "A value cannot be written for Terraform: \(error.message)")
        }
    }

    static func expression(_ value: JSON, indent: String) throws(StepFailure) -> String {
        switch value {
        case .null, .bool, .number: return value.description
        case .string(let text): return try string(text)
        case .array(let elements):
            var items: [String] = []
            for element in elements { items.append(try expression(element, indent: indent)) }
            return "[\(items.joined(separator: ", "))]"
        case .object(let object):
            guard !object.isEmpty else { return "{}" }
            var lines: [String] = []
            for (key, value) in object { lines.append("\(indent)  \(try string(key)) = \(try expression(value, indent: indent + "  "))\n") }
            return "{\n\(lines.joined())\(indent)}"
        }
    }
}
