package import Base
import Glibc

/// Where catalog documents come from. A sync asks for the tree, reads it, and is done with it before it asks again.
package protocol CatalogSource: Sendable {
    /// What operators know it by: a path or a URL without credentials.
    var name: String { get }
    /// Empty where there is none.
    var branch: String { get }

    /// The files as they are now. Throws `unavailable` or `data`; then the catalog stays as it is.
    func tree() async throws(PAOError) -> CatalogTree

    /// Where the files of the last `tree()` are; nil before it.
    var root: String? { get }
}

extension CatalogSource {
    package var root: String? { nil }
}

package struct CatalogTree: Sendable {
    /// An existing folder.
    package var root: String
    /// nil where the source knows no commits.
    package var commit: String?
    /// Where `root` is inside of what CODEOWNERS speaks of; empty at its top.
    package var folder: String
    /// What the source itself could not give, by paths from `root`.
    package var findings: [CatalogFinding]

    package init(root: String, commit: String?, folder: String = "", findings: [CatalogFinding] = []) {
        self.root = root
        self.commit = commit
        self.folder = folder
        self.findings = findings
    }
}

/// A plain directory.
package struct DirectorySource: CatalogSource {
    package let name: String
    package let branch = ""
    package var root: String? { name }

    package init(_ path: String) { name = path }

    package func tree() throws(PAOError) -> CatalogTree {
        guard FileKind.of(name) == .folder else {
            throw PAOError(
                .unavailable, "The catalog directory \(name) cannot be read.", detail: String(cString: strerror(errno)),
                hint: "Make the directory, or start with another --catalog.")
        }
        return CatalogTree(root: name, commit: nil)
    }
}
