import Base
import Catalog

/// `pao catalog validate`.
enum CatalogCommand: Command {
    static let name = "catalog"
    static let summary = "Check catalog documents"
    static let usage = """
        Usage: pao catalog validate PATH... [--format text|json|sarif|github]

          PATH is a file or a directory. Exit code 0: no errors, 1: errors, 2: a path cannot be read.
        """

    static func run(_ arguments: Arguments) async throws(PAOError) -> Int32 {
        guard arguments.operands.first == "validate", arguments.operands.count > 1 else { throw PAOError(.usage, usage) }
        let format = arguments["format"] ?? "text"
        guard let writer = FindingsFormat(rawValue: format) else {
            throw PAOError(.usage, "--format is text, json, sarif or github.\n\(usage)")
        }
        var findings: [CatalogFinding] = []
        var documents = 0
        for path in arguments.operands.dropFirst() {
            guard Files.exists(path) else {
                Terminal.error("pao catalog: \(path) cannot be read.")
                return 2
            }
            let result = try await CatalogCheck.check(path, schemas: CatalogLocation.schemas())
            findings += result.findings
            documents += result.documents
        }
        Terminal.write(writer.text(findings, documents: documents))
        return findings.contains(where: \.isError) ? 1 : 0
    }
}
