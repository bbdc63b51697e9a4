package import Base

/// The documents of a folder as its files say them, without a database and without what was there before: for tools.
package struct CatalogFolder: Sendable {
    package struct File: Sendable {
        /// From the root, with `/`.
        package let path: String
        package let documents: [CatalogDocument]
    }

    /// By path; one document per id, the first.
    package let files: [File]
    /// Of single files; what documents say of each other is not checked.
    package let findings: [CatalogFinding]
    /// Documents of which too little can be read to check others against them.
    package let unread: Int

    package var documents: [CatalogDocument] { files.flatMap(\.documents) }

    /// Throws `notFound`.
    package init(root: String, schemas: CatalogSchemas) throws(PAOError) {
        // Nothing is scanned a second time: no stamp counts.
        guard let scanner = CatalogScanner(root: root, now: Timestamp(milliseconds: 0)) else {
            throw PAOError(.notFound, "The directory \(root) cannot be read.")
        }
        let scan = scanner.scan()
        let owners = scanner.codeOwners().map { CodeOwners(String(decoding: $0.text, as: UTF8.self), file: $0.path) }
        var files: [File] = []
        var findings = scan.findings
        var ids: Set<String> = []
        var unread = 0
        for file in scan.files {
            guard let text = scanner.read(file) else { continue }
            let reading = DocumentReader.read(
                text, path: file.path, schemas: schemas, owners: owners, isAloneInFolder: file.isAlone)
            findings += reading.findings
            unread += reading.unread
            files.append(File(path: file.path, documents: reading.documents.filter { ids.insert($0.id).inserted }))
        }
        self.files = files
        self.unread = unread
        self.findings = findings.sorted(by: CatalogFinding.isBefore)
    }
}
