import Base
import Catalog

/// `pao catalog validate --fix`.
enum CatalogFixes {
    /// Rewrites the documents of a file or directory; says what it did on standard error.
    static func apply(to path: String) throws(PAOError) {
        let fix = DocumentFix(schemas: CatalogLocation.schemas())
        guard Files.isDirectory(path) else { return try apply(fix, to: path, as: path) }
        for file in try CatalogFolder(root: path, schemas: .none).files { try apply(fix, to: "\(path)/\(file.path)", as: file.path) }
    }

    private static func apply(_ fix: DocumentFix, to location: String, as path: String) throws(PAOError) {
        let result = fix.fixed(try Files.read(location, limit: 2 << 20), path: path)
        if result.fixed.isEmpty { return }
        try Files.write(result.text, to: location)
        for fixed in result.fixed {
            let finding = fixed.finding
            Terminal.error("\(location):\(finding.line):\(finding.column): fixed: \(fixed.was) -> \(fixed.became) [\(finding.rule)]")
        }
    }
}
