import Base

/// Where tests make accounts, approvals and the audit trail die or fail.
package enum IdentityFailpoint: String, Failpoint {
    case audited = "audit.appended"
    case approvalDecided = "approval.decided"
    case answerKept = "idempotency.kept"
    case secretStored = "secret.stored"
    case tokenMinted = "token.minted"
    /// Between the transactions of `pao init`.
    case teamMade = "setup.team-made"
    case administratorMade = "setup.administrator-made"
}
