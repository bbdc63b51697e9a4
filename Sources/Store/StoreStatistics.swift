import Synchronization

package struct StoreStatistics: Sendable, Equatable {
    /// Commits with their fsync.
    package var commits: Int
    /// Closures that those commits covered, failed ones included.
    package var transactions: Int
    package var largestBatch: Int
    /// Closures accepted and not yet settled.
    package var queueLength: Int

    package init(commits: Int, transactions: Int, largestBatch: Int, queueLength: Int) {
        self.commits = commits
        self.transactions = transactions
        self.largestBatch = largestBatch
        self.queueLength = queueLength
    }
}

/// Counted by the writer's thread, read by anyone.
struct Counters: ~Copyable, Sendable {
    let commits = Atomic(0)
    let transactions = Atomic(0)
    let largestBatch = Atomic(0)
    let queued = Atomic(0)

    func countCommit(of size: Int) {
        commits.add(1, ordering: .relaxed)
        transactions.add(size, ordering: .relaxed)
        largestBatch.max(size, ordering: .relaxed)
    }

    var statistics: StoreStatistics {
        StoreStatistics(
            commits: commits.load(ordering: .relaxed), transactions: transactions.load(ordering: .relaxed),
            largestBatch: largestBatch.load(ordering: .relaxed), queueLength: queued.load(ordering: .relaxed))
    }
}
