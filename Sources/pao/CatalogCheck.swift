import Base
import Catalog
import Glibc
import Integrations
import Orchestration
import Store

/// Checks documents as a sync would, without a server: a directory with all that its documents say of each other, files with what they
/// say of each other.
struct CatalogCheck {
    private(set) var findings: [CatalogFinding] = []
    private(set) var documents = 0
    /// What was not checked, in sentences.
    private(set) var leftOut: [String] = []

    init(_ paths: [String], schemas: CatalogSchemas) async throws(PAOError) {
        var files: [FileReading] = []
        for path in paths {
            if Files.isDirectory(path) {
                try await addDirectory(path, schemas)
            } else {
                files.append(DocumentReader.read(try Files.read(path, limit: 2 << 20), path: path, schemas: schemas))
            }
        }
        add(LooseDocuments(files))
    }

    private mutating func add(_ loose: LooseDocuments) {
        findings += loose.findings
        documents += loose.count
        tell(unread: loose.unread)
        guard !loose.unknownNames.isEmpty else { return }
        let names = loose.unknownNames.prefix(5).joined(separator: ", ") + (loose.unknownNames.count > 5 ? ", ..." : "")
        leftOut.append("Not looked for, since only files were given, not the catalog's directory: \(names).")
    }

    private mutating func tell(unread: Int) {
        if unread == 0 { return }
        let subject = unread == 1 ? "1 document was" : "\(unread) documents were"
        leftOut.append("\(subject) not checked against others, since too little of it can be read.")
    }

    private mutating func addDirectory(_ path: String, _ schemas: CatalogSchemas) async throws(PAOError) {
        let directory = try Files.makeTemporaryDirectory()
        defer { FileTree.remove(directory) }
        let store = try Store(directory: directory, migrations: DatabaseSchema.migrations, time: .system, log: .silent)
        defer { store.close() }
        let catalog = try Catalog(
            store: store, settings: CatalogSettings(source: DirectorySource(path)), schemas: schemas, time: .system, random: .system,
            log: .silent)
        let result = await catalog.sync()
        if result.status == .failed { throw PAOError(.unavailable, result.message ?? "\(path) cannot be read.") }
        findings += catalog.snapshot.findings.map { finding in
            var named = finding
            named.file = path + "/" + finding.file
            return named
        }
        documents += catalog.snapshot.entries.count
        if result.errors > 0 { tell(unread: try CatalogFolder(root: path, schemas: .none).unread) }
    }
}

/// How findings are written out.
enum FindingsFormat: String {
    case text, json, sarif, github

    func text(_ check: CatalogCheck) -> String {
        switch self {
        case .text: plain(check)
        case .json: JSON.array(check.findings.map(\.json)).pretty
        case .github: check.findings.map(Self.annotation).joined()
        case .sarif: Self.sarif(check.findings).pretty
        }
    }

    private func plain(_ check: CatalogCheck) -> String {
        let errors = check.findings.count(where: \.isError)
        let summary = "\(check.documents) documents, \(errors) errors, \(check.findings.count - errors) warnings"
        return check.findings.map { "\($0)\n" }.joined() + check.leftOut.map { "\($0)\n" }.joined() + summary + "\n"
    }

    /// A workflow command of GitHub Actions.
    private static func annotation(_ finding: CatalogFinding) -> String {
        func escaped(_ text: String) -> String {
            text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
        }
        let message = finding.message + (finding.suggestion.map { " Did you mean \($0)?" } ?? "")
        return
            "::\(finding.severity.rawValue) file=\(finding.file),line=\(finding.line),col=\(finding.column),title=\(finding.rule)::\(escaped(message))\n"
    }

    /// SARIF 2.1.0.
    private static func sarif(_ findings: [CatalogFinding]) -> JSON {
        let rules = Set(findings.map(\.rule)).sorted()
        let results: [JSON] = findings.map { finding in
            let region: JSON = ["startLine": .int(finding.line), "startColumn": .int(finding.column)]
            let location: JSON = ["physicalLocation": ["artifactLocation": ["uri": .string(finding.file)], "region": region]]
            return [
                "ruleId": .string(finding.rule), "level": .string(finding.severity.rawValue), "message": ["text": .string(finding.message)],
                "locations": [location],
            ]
        }
        let driver: JSON = [
            "name": "pao", "version": .string(Program.version), "rules": .array(rules.map { ["id": .string($0)] }),
        ]
        return [
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
            "runs": [["tool": ["driver": driver], "results": .array(results)]],
        ]
    }
}
