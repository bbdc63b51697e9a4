import Base

/// Where tests make the store die or fail.
package enum StoreFailpoint: String, Failpoint {
    case beforeCommit = "store.before-commit"
    /// Durable, and nobody has been told.
    case afterCommit = "store.after-commit"
    case beforeCheckpoint = "store.before-checkpoint"
    case afterCheckpoint = "store.after-checkpoint"
    case migrating = "migrate.before-commit"
    case migrated = "migrate.after-commit"
    case backupCopied = "backup.copied"
    case backupPublished = "backup.published"
}
