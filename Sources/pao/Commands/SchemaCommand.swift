import Base
import Documents
import Integrations

/// `pao schema validate`.
enum SchemaCommand: Command {
    static let name = "schema"
    static let summary = "Check data against a JSON Schema"
    static let usage = """
        Usage: pao schema validate SCHEMA.json DATA.(json|yaml)... [--resource URI=PATH]...

          --resource URI=PATH   a schema that references may name by URI; of a directory, each .json file below it by URI and its path.
                                Nothing is ever fetched.

          Exit code 0: valid, 1: not valid, 2: the schema cannot be used. Findings on standard output.
        """

    static func run(_ arguments: Arguments) async throws(PAOError) -> Int32 {
        guard arguments.operands.first == "validate", arguments.operands.count >= 3 else { throw PAOError(.usage, usage) }
        let path = arguments.operands[1]
        let schema: JSONSchema
        do throws(PAOError) {
            schema = try JSONSchema.compile(try json(path), resources: try resources(arguments.all("resource")))
        } catch {
            Terminal.write("\(path): \(error.message)\n")
            return 2
        }
        var code: Int32 = 0
        for data in arguments.operands.dropFirst(2) { code = max(code, check(data, schema)) }
        return code
    }

    private static func check(_ path: String, _ schema: JSONSchema) -> Int32 {
        let data: JSON
        do throws(PAOError) {
            data = try json(path)
        } catch {
            Terminal.write("\(path): \(error.message)\n")
            return error.code == .notFound ? 2 : 1
        }
        let findings = schema.validate(data)
        for finding in findings {
            let place = finding.instancePath.isEmpty ? "/" : finding.instancePath
            Terminal.write("\(path): \(place): \(finding.message) [\(finding.keyword)] at \(finding.schemaPath)\n")
        }
        return findings.isEmpty ? 0 : 1
    }

    private static func json(_ path: String) throws(PAOError) -> JSON {
        let bytes = try Files.read(path)
        guard path.hasSuffix(".yaml") || path.hasSuffix(".yml") else { return try JSON.parse(bytes) }
        return try YAML.parse(bytes).documents.first?.json ?? .null
    }

    private static func resources(_ options: [String]) throws(PAOError) -> [String: JSON] {
        var resources: [String: JSON] = [:]
        for option in options {
            guard let divider = option.lastIndex(of: "="), divider > option.startIndex else {
                throw PAOError(.usage, "--resource takes URI=PATH.\n\(usage)")
            }
            let (uri, path) = (String(option[..<divider]), String(option[option.index(after: divider)...]))
            try add(path, as: uri, to: &resources)
        }
        return resources
    }

    private static func add(_ path: String, as uri: String, to resources: inout [String: JSON]) throws(PAOError) {
        guard Files.isDirectory(path) else {
            resources[uri] = try json(path)
            return
        }
        for name in FileTree.names(in: path).sorted() {
            let (below, next) = (path + "/" + name, uri.hasSuffix("/") ? uri + name : uri + "/" + name)
            if Files.isDirectory(below) || name.hasSuffix(".json") { try add(below, as: next, to: &resources) }
        }
    }
}
