package import Base
package import Catalog
import Identity

/// What a person asks for, as it comes in.
package struct Submission: Sendable {
    package var catalogID: String
    package var kind: CatalogKind
    package var data: JSON
    /// Of a bundle: `{"<component id>": {"enabled": true}}`.
    package var components: JSON = [:]
    /// Of a member of several teams; nil takes the first.
    package var team: String?
    package var startAfter: Timestamp?
    /// From the header `Idempotency-Key`, with a digest of the body.
    package var idempotency: (key: String, digest: [UInt8])?

    package init(
        catalogID: String, kind: CatalogKind, data: JSON, team: String? = nil, startAfter: Timestamp? = nil,
        idempotency: (key: String, digest: [UInt8])? = nil
    ) {
        self.catalogID = catalogID
        self.kind = kind
        self.data = data
        self.team = team
        self.startAfter = startAfter
        self.idempotency = idempotency
    }
}

/// A submission that has passed every check that needs no transaction.
struct CheckedSubmission: Sendable {
    /// What the request will be called when it is stored: the name of its instance may hold it.
    var requestID: String
    var document: CatalogDocument
    /// Defaults applied, hidden fields dropped, secrets sealed.
    var parameters: JSON
    var team: String
    var instanceName: String?
    var concurrencyKey: String?
    var startAfter: Timestamp?
    var gates: [Gate]
    /// Of a bundle: those that are wanted, in dependency order.
    var components: [BundleComponent]
}
