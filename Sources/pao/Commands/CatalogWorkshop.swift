import Base
import Catalog
import Documents
import Integrations
import Orchestration

/// `pao catalog init`.
enum CatalogInit {
    static func run(_ operands: [String]) throws(PAOError) -> Int32 {
        guard let starter = Starter(rawValue: operands[0]) else {
            throw PAOError(
                .usage, "There is no starter \(operands[0]); it is one of \(Starter.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        let directory = operands.count > 1 ? operands[1] : "."
        let path = "\(directory)/\(starter.fileName)"
        guard !Files.exists(path) else { throw PAOError(.conflict, "\(path) is there already.") }
        try Files.makeDirectory(directory, mode: 0o755)
        try Files.write(Array(starter.text.utf8), to: path)
        Terminal.write("wrote \(path); check it: pao catalog validate \(path)\n")
        return 0
    }
}

/// `pao catalog diff`.
enum CatalogDifferences {
    static func run(_ operands: [String], format: String) async throws(PAOError) -> Int32 {
        guard format == "text" || format == "json" else { throw PAOError(.usage, "--format is text or json.") }
        let directory = operands.count > 1 ? operands[1] : "."
        let schemas = CatalogLocation.schemas()
        let new = try CatalogFolder(root: directory, schemas: schemas)
        let errors = new.findings.filter(\.isError)
        guard errors.isEmpty else {
            for error in errors { Terminal.error("\(directory)/\(error)") }
            Terminal.error("pao catalog diff: documents with errors cannot be compared.")
            return 1
        }
        let isDirectory = Files.isDirectory(operands[0])
        let old = try isDirectory ? CatalogFolder(root: operands[0], schemas: schemas) : await committed(operands[0], directory, schemas)
        let diff = CatalogDiff(from: old.documents, to: new.documents)
        Terminal.write(format == "json" ? diff.json.pretty : diff.text)
        return diff.count(.error) > 0 ? 1 : 0
    }

    /// The documents of a commit of the repository that the directory is in, from the same folder.
    private static func committed(_ reference: String, _ directory: String, _ schemas: CatalogSchemas) async throws(PAOError)
        -> CatalogFolder
    {
        let git = GitClient(runner: .system(), egress: try EgressPolicy())
        let checkout = try await git.checkout(around: Files.absolute(directory))
        let commit = try await git.commit(named: reference, in: checkout)
        let tree = try await git.files(of: commit, in: checkout.gitDirectory, under: checkout.folder) { path in
            path.hasSuffix(".yaml") || path.hasSuffix(".yml") || CodeOwners.places.contains(path)
        }
        let place = try Files.makeTemporaryDirectory()
        defer { FileTree.remove(place) }
        try tree.write(to: place + "/tree")
        return try CatalogFolder(root: place + "/tree", schemas: schemas)
    }
}

/// `pao catalog test`.
enum CatalogTest {
    static func run(_ paths: [String], updates: Bool) throws(PAOError) -> Int32 {
        let schemas = CatalogLocation.schemas()
        var tally = Tally()
        for path in paths {
            if Files.isDirectory(path) {
                let folder = try CatalogFolder(root: path, schemas: schemas)
                tally.report(folder.findings.filter(\.isError).map { "\(path)/\($0)" })
                for file in folder.files { try test("\(path)/\(file.path)", file.documents, updates: updates, begins: false, &tally) }
            } else {
                let reading = DocumentReader.read(try Files.read(path, limit: 2 << 20), path: path, schemas: schemas)
                tally.report(reading.findings.filter(\.isError).map(\.description))
                try test(path, reading.documents, updates: updates, begins: true, &tally)
            }
        }
        guard tally.cases + tally.written + tally.failed > 0 else {
            throw PAOError(
                .notFound, "No document has a file NAME\(RenderingTest.suffix) beside it.",
                hint: "Begin one: pao catalog test DOCUMENT.yaml --update")
        }
        Terminal.write(updates ? "\(tally.written) files written\n" : "\(tally.cases) cases, \(tally.failed) failed\n")
        return tally.failed == 0 ? 0 : 1
    }

    private struct Tally {
        var cases = 0
        var failed = 0
        var written = 0

        mutating func report(_ errors: [String]) {
            for error in errors { Terminal.error(error) }
            failed += errors.count
        }
    }

    private static func test(
        _ path: String, _ documents: [CatalogDocument], updates: Bool, begins: Bool, _ tally: inout Tally
    ) throws(PAOError) {
        let file = RenderingTest.path(for: path)
        let isThere = Files.exists(file)
        guard !documents.isEmpty, isThere || (updates && begins) else { return }
        let written = isThere ? try Files.read(file, limit: 1 << 20) : Array(beginning(documents).utf8)
        let test: RenderingTest
        do throws(PAOError) {
            test = try RenderingTest(written, of: documents)
        } catch {
            throw PAOError(error.code, "\(file): \(error.message)")
        }
        if updates {
            try Files.write(Array(test.updated(context: RenderingContext.of).utf8), to: file)
            tally.written += 1
            return
        }
        for outcome in test.run(context: RenderingContext.of) {
            tally.cases += 1
            if !outcome.differences.isEmpty { tally.failed += 1 }
            Terminal.write(text(of: outcome, file))
        }
    }

    /// One case per document, with what its form asks for in any case made up.
    private static func beginning(_ documents: [CatalogDocument]) -> String {
        YAML.write([
            "cases": .array(
                documents.map { document in
                    let data = FormSample(document.form) { PatternSample.text(matching: $0) }.data
                    return ["name": .string("\(document.id) by defaults"), "document": .string(document.id), "requestData": data]
                })
        ])
    }

    private static func text(of outcome: RenderingTest.Outcome, _ file: String) -> String {
        let lines = outcome.differences.flatMap { difference in
            ["  \(difference.path)"]
                + [("-", difference.expected), ("+", difference.rendered)].compactMap { sign, value in
                    value.map { "    \(sign) \($0)" }
                }
        }
        let head = "\(outcome.differences.isEmpty ? "ok    " : "not ok") \(file): \(outcome.name)"
        return ([head] + lines).joined(separator: "\n") + "\n"
    }
}

/// `pao catalog import backstage`.
enum CatalogImport {
    static func run(_ file: String, output: String?) throws(PAOError) -> Int32 {
        let imported = try BackstageImport(try Files.read(file, limit: 1 << 20))
        if let output {
            guard !Files.exists(output) else { throw PAOError(.conflict, "\(output) is there already.") }
            try Files.write(Array(imported.yaml.utf8), to: output)
        } else {
            Terminal.write(imported.yaml)
        }
        for line in imported.report { Terminal.error(line) }
        let reading = DocumentReader.read(Array(imported.yaml.utf8), path: output ?? "the document", schemas: CatalogLocation.schemas())
        for finding in reading.findings { Terminal.error(finding.description) }
        return reading.findings.contains(where: \.isError) ? 1 : 0
    }
}
