package import Base
import Synchronization

/// Tells GitHub after a sync how the commit was read. A status that cannot be set is a line in the log: the catalog does not depend on it.
package final class CommitStatus: Sendable {
    private let github: GitHubRepository
    private let log: Log
    /// The commit and words told last.
    private let told = Mutex("")

    package init(_ github: GitHubRepository, log: Log) {
        self.github = github
        self.log = log
    }

    package func report(_ result: SyncResult) async {
        guard result.status == .completed, let commit = result.commit else { return }
        let words = Self.words(result)
        let isNew = told.withLock { told in
            defer { told = commit + words }
            return told != commit + words
        }
        guard isNew else { return }
        do throws(PAOError) {
            try await github.report(commit, isGood: result.errors == 0, words)
        } catch {
            told.withLock { $0 = "" }
            log(.warning, "the commit status could not be set", ["commit": .string(commit), "reason": .string(error.message)])
        }
    }

    private static func words(_ result: SyncResult) -> String {
        func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
        if result.errors == 0, result.warnings == 0 { return "The catalog was read without a finding." }
        let kept = result.errors == 0 ? "" : "; documents with errors stay at their last good version"
        return "\(counted(result.errors, "error")), \(counted(result.warnings, "warning"))\(kept)."
    }
}
