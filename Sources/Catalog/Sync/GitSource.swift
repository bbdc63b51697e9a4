// DESIGN: a catalog out of a Git repository.
//
// - DATA/catalog-git is a bare cache of the branch's tip, DATA/catalog-tree/<commit> the documents of one commit. A sync reads the tree
//   of one commit and nothing else; a tree is written whole before a sync sees it and removed when the one after it has been asked for.
// - The head is asked for first: a branch that has not moved costs one question and no files.
// - Both folders can be made again from the remote. A process trusts no tree that another one wrote, so that a power cut leaves nothing
//   half; a cache that git cannot read (damaged, or crowded by many fetches) is thrown away and fetched anew, once per sync.
// - A commit without any document is taken for a mistake (wrong branch, wrong folder), not for an empty catalog.
// - Only documents and the CODEOWNERS of the repository's root are written; links are not followed and not made.

package import Base
import Glibc
package import Integrations
import Synchronization

package final class GitSource: CatalogSource {
    /// nil where the repository needs none.
    package typealias Credentials = @Sendable () async throws(PAOError) -> (user: String, password: String)?

    package let name: String
    package let branch: String
    package let remote: GitRemote
    let fetchedBranch: GitBranch?
    let folder: String
    let git: GitClient
    private let cache: String
    private let trees: String
    let credentials: Credentials
    /// What was given last.
    private let last = Mutex<CatalogTree?>(nil)

    /// `branch` nil is the remote's default one; `folder` is below the root of the repository; `directory` is the data directory.
    package init(
        remote: GitRemote, branch: GitBranch?, folder: String = "", directory: String, git: GitClient,
        credentials: @escaping Credentials = { () throws(PAOError) in nil }
    ) {
        name = remote.url
        self.branch = branch?.name ?? ""
        self.remote = remote
        fetchedBranch = branch
        self.folder = folder.split(separator: "/").joined(separator: "/")
        self.git = git
        cache = directory + "/catalog-git"
        trees = directory + "/catalog-tree"
        self.credentials = credentials
    }

    package var root: String? { last.withLock { $0?.root } }

    /// Throws `unavailable` with git's own words, and what the credentials throw.
    package func tree() async throws(PAOError) -> CatalogTree {
        let known = last.withLock { $0 }
        removeTrees(except: known?.commit)
        var remote = remote
        remote.credentials = try await credentials()
        do throws(PAOError) {
            guard let head = try await git.head(of: remote, branch: fetchedBranch) else {
                throw GitClient.noBranch(fetchedBranch)
            }
            if let known, known.commit == head { return known }
            let tree = try await fetched(remote)
            last.withLock { $0 = tree }
            return tree
        } catch {
            throw Self.explained(error)
        }
    }

    private func fetched(_ remote: GitRemote) async throws(PAOError) -> CatalogTree {
        if isCrowded { FileTree.remove(cache) }
        let isNew = access(cache + "/HEAD", F_OK) != 0
        do throws(PAOError) {
            return try await written(remote)
        } catch {
            guard error.code == .gitFailed, !isNew else { throw error }
            FileTree.remove(cache)
            return try await written(remote)
        }
    }

    /// git's own measure of what is worth packing (gc.autoPackLimit, gc.auto); a shallow cache is cheaper to fetch again.
    private var isCrowded: Bool {
        FileTree.names(in: cache + "/objects/pack").count > 100 || FileTree.names(in: cache + "/objects/17").count > 27
    }

    private func written(_ remote: GitRemote) async throws(PAOError) -> CatalogTree {
        let commit = try await git.fetch(remote, branch: fetchedBranch, into: cache)
        let (prefix, places) = (folder.isEmpty ? "" : folder + "/", CodeOwners.places)
        let isPart = { @Sendable (path: String) in path.hasPrefix(prefix) && CatalogScanner.isDocument(path) }
        var tree = try await git.files(of: commit, in: cache, only: folder.isEmpty ? [] : places + [prefix]) { path in
            isPart(path) || places.contains(path)
        }
        let parts = (tree.files.map(\.path) + tree.skipped.map(\.path)).filter(isPart)
        guard !parts.isEmpty else {
            let place = folder.isEmpty ? "" : " in the folder \(folder)"
            throw PAOError(.notFound, "The commit \(commit.prefix(12)) has no documents\(place).")
        }
        for index in tree.files.indices where isPart(tree.files[index].path) { tree.files[index].path.removeFirst(prefix.count) }
        let root = "\(trees)/\(commit)"
        try write(tree, to: root)
        return CatalogTree(root: root, commit: commit, folder: folder, findings: Self.findings(tree, below: prefix, isPart))
    }

    private func write(_ tree: GitTree, to root: String) throws(PAOError) {
        mkdir(trees, 0o700)
        FileTree.remove(root)
        do throws(PAOError) {
            try tree.write(to: root)
        } catch {
            FileTree.remove(root)
            throw error
        }
    }

    private func removeTrees(except commit: String?) {
        for name in FileTree.names(in: trees) where name != commit { FileTree.remove("\(trees)/\(name)") }
    }
}

extension GitSource {
    /// Documents that were left in the repository. Where there is a `catalog/`, only what is in it is a document.
    private static func findings(_ tree: GitTree, below prefix: String, _ isPart: (String) -> Bool) -> [CatalogFinding] {
        let start = tree.files.contains { $0.path.hasPrefix("catalog/") } ? "catalog/" : ""
        return tree.skipped.filter { isPart($0.path) }.compactMap { skipped in
            let path = String(skipped.path.dropFirst(prefix.count))
            let isHidden = path.split(separator: "/").contains { $0.hasPrefix(".") }
            return path.hasPrefix(start) && !isHidden ? finding(path, skipped.reason) : nil
        }
    }

    private static func finding(_ path: String, _ reason: GitTree.Skipped.Reason) -> CatalogFinding {
        let (rule, message): (CatalogRule, String) =
            switch reason {
            case .tooLarge: (.fileTooLarge, "The file is larger than 1 MiB.")
            case .symbolicLink: (.fileOutside, "The file is a symbolic link; links of a Git repository are not followed.")
            case .submodule, .unsafePath: (.fileUnreadable, "The file cannot be read: its path is not one that a catalog can have.")
            }
        return CatalogFinding(file: path, line: 1, column: 1, severity: .error, rule: rule.rawValue, message: message)
    }

    /// The history of syncs shows the message alone, so git's last word goes into it.
    private static func explained(_ error: PAOError) -> PAOError {
        let lines = (error.detail ?? "").split(separator: "\n").map { String($0).trimmed }
        let word = lines.first { $0.hasPrefix("fatal: ") || $0.hasPrefix("error: ") || $0.hasPrefix("remote: ") }
        var explained = error
        explained.code = .unavailable
        if let word { explained.message += " git says: \(word.prefix(300))" }
        return explained
    }
}
