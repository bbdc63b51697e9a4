package import Base

/// The work tree that a person works in, for commands that compare it with what was committed.
package struct GitCheckout: Sendable {
    package let gitDirectory: String
    /// Where the directory that was asked for is below the root of the work tree; empty at the root.
    package let folder: String
}

extension GitClient {
    /// Throws `not_found` where the directory is in no work tree.
    package func checkout(around directory: String) async throws(PAOError) -> GitCheckout {
        do throws(PAOError) {
            let result = try await run(["-C", directory, "rev-parse", "--absolute-git-dir", "--show-prefix"])
            let lines = result.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            guard lines.count >= 2, !lines[0].isEmpty else { throw Self.failed("git rev-parse answered no directory.", result) }
            return GitCheckout(gitDirectory: lines[0], folder: lines[1].split(separator: "/").joined(separator: "/"))
        } catch {
            throw PAOError(.notFound, "\(directory) is in no git repository.", detail: error.detail)
        }
    }

    /// The commit that a branch, tag or abbreviation names. Throws `not_found`.
    package func commit(named reference: String, in checkout: GitCheckout) async throws(PAOError) -> String {
        let result = try await run(
            ["rev-parse", "--verify", "--quiet", "--end-of-options", "\(reference)^{commit}"], in: checkout.gitDirectory,
            allowing: [0, 1, 128])
        guard let commit = Self.commit(Substring(result.text)) else {
            throw PAOError(.notFound, "There is neither a directory nor a commit \(reference).")
        }
        return commit
    }
}
