import Base
import Documents

/// What is in one file of the catalog.
package struct FileReading: Sendable {
    /// Those without errors.
    package var documents: [CatalogDocument] = []
    package var findings: [CatalogFinding] = []
    /// In the order of `documents`.
    var links: [CatalogLinks] = []
    /// Those with errors that are whole enough for others to be checked against.
    var drafts: [(document: CatalogDocument, links: CatalogLinks)] = []
    /// How many documents are neither.
    package var unread = 0
    /// The ids of documents with errors; nil where one of them cannot be told.
    var brokenIDs: [String]? = []
}

/// Reads a file: YAML, then the flat dialect's mapping, then the published schema, then everything that can be said of one document.
package enum DocumentReader {
    /// `path` is relative to the catalog's root, with `/`. Without `owners` nothing is said about who owns what.
    package static func read(
        _ text: [UInt8], path: String, schemas: CatalogSchemas = .none, owners: CodeOwners? = nil, isAloneInFolder: Bool = true
    ) -> FileReading {
        do {
            let stream = try YAML.read(text)
            let file = FileReader(path: path, source: SourceText(text), schemas: schemas, owners: owners)
            var reading = FileReading()
            let warnings = FindingReport(file: path)
            for warning in stream.warnings { warnings.add(.warning, warning.rule, warning.message, warning.position) }
            let roots = stream.documents.filter { !$0.isNull }
            if roots.isEmpty { warnings.warning(.emptyDocument, "The file holds no document.", at: .start) }
            for root in roots { file.read(root, isAlone: isAloneInFolder && roots.count == 1, into: &reading) }
            reading.findings += warnings.findings
            reading.findings.sort(by: CatalogFinding.isBefore)
            return reading
        } catch {
            let report = FindingReport(file: path)
            report.add(.error, error.rule, error.message, error.position)
            return FileReading(findings: report.findings, unread: 1, brokenIDs: nil)
        }
    }
}

private struct FileReader {
    let path: String
    let source: SourceText
    let schemas: CatalogSchemas
    let owners: CodeOwners?

    func read(_ root: YAMLNode, isAlone: Bool, into reading: inout FileReading) {
        let report = FindingReport(file: path)
        defer { reading.findings += report.findings }
        let isFlat = FlatDialect.isFlat(root)
        let written = isFlat ? root : FlatStepTypes(report: report).respelled(root)
        var canonical = isFlat ? FlatDialect(path: path, isAloneInFolder: isAlone, report: report).canonical(root) : written
        canonical = Completion(path: path, owners: owners, report: report).completed(canonical)
        let decoder = DocumentDecoder(path: path, dialect: isFlat ? .flat : .canonical, report: report, source: source)
        let place = CatalogDocument.Source(path: path, line: root.position.line)
        let document = decoder.decode(canonical, at: place)
        schemas.check(written, into: report)
        guard let document, !report.hasErrors else {
            reading.brokenIDs = canonical["metadata"]?["id"]?.string.flatMap { id in reading.brokenIDs.map { $0 + [id] } }
            if let document { reading.drafts.append((document, links(canonical, decoder))) } else { reading.unread += 1 }
            return
        }
        reading.documents.append(document)
        reading.links.append(links(canonical, decoder))
    }

    private func links(_ canonical: YAMLNode, _ decoder: DocumentDecoder) -> CatalogLinks {
        CatalogLinks(canonical, reads: decoder.templates.scopeReads)
    }
}

extension FileReading {
    /// What the catalog keeps of the documents; those with errors apart.
    func entries(fileHash: String) -> (good: [CatalogEntry], drafts: [CatalogEntry]) {
        func entry(_ document: CatalogDocument, _ links: CatalogLinks) -> CatalogEntry? {
            CatalogEntry(
                definition: document.definition, digest: document.digest, source: document.source, state: .current, fileHash: fileHash,
                links: links)
        }
        return (zip(documents, links).compactMap(entry), drafts.compactMap { entry($0.document, $0.links) })
    }
}

/// Fills in what the path says: the category by the folder below `catalog/`, the owner by CODEOWNERS.
private struct Completion {
    let path: String
    let owners: CodeOwners?
    let report: FindingReport

    func completed(_ root: YAMLNode) -> YAMLNode {
        guard case .mapping(var pairs) = root.content, let index = pairs.firstIndex(where: { $0.key.text == "metadata" }),
            case .mapping(var metadata) = pairs[index].value.content
        else { return root }
        let node = pairs[index].value
        completeCategory(node, &metadata)
        completeOwner(node, &metadata)
        pairs[index].value = YAMLNode(.mapping(metadata), at: node.position)
        return YAMLNode(.mapping(pairs), at: root.position)
    }

    private func completeCategory(_ node: YAMLNode, _ metadata: inout [(key: YAMLNode, value: YAMLNode)]) {
        let folder = CatalogPath.category(of: path)
        guard let written = node["category"], !written.isNull else {
            metadata.removeAll { $0.key.text == "category" }
            metadata.append(
                (key: YAMLNode(text: "category", at: node.position), value: YAMLNode(text: folder ?? "general", at: node.position)))
            return
        }
        if let folder, let text = written.text, text != folder {
            report.warning(
                .categoryMismatch, "The category is \(text), but the file is in the folder \(folder).", at: written.position,
                suggestion: folder)
        }
    }

    private func completeOwner(_ node: YAMLNode, _ metadata: inout [(key: YAMLNode, value: YAMLNode)]) {
        let teams = owners?.teams(of: path) ?? []
        guard let owner = node["owner"], !owner.isNull else {
            let taken = teams.first
            let words = taken.map { "No owner is given; CODEOWNERS says \($0)." } ?? "No owner is given, and CODEOWNERS names none."
            report.warning(.missingOwner, words, at: node.position)
            if let taken {
                let team = (key: YAMLNode(text: "team", at: node.position), value: YAMLNode(text: taken, at: node.position))
                metadata.removeAll { $0.key.text == "owner" }
                metadata.append((key: YAMLNode(text: "owner", at: node.position), value: YAMLNode(.mapping([team]), at: node.position)))
            }
            return
        }
        guard let team = owner["team"], let name = team.text, !teams.isEmpty, !teams.contains(name) else { return }
        report.warning(
            .ownerMismatch, "The owner is \(name), but CODEOWNERS gives this file to \(teams.joined(separator: ", ")).", at: team.position,
            suggestion: teams.first)
    }
}

/// What the path of a file says.
enum CatalogPath {
    /// The folder below `catalog/`, or the first folder where there is no `catalog/`.
    static func category(of path: String) -> String? {
        let folders = path.split(separator: "/").dropLast().map(String.init)
        let start = folders.firstIndex(of: "catalog").map { $0 + 1 } ?? 0
        return folders.indices.contains(start) ? folders[start] : nil
    }
}
