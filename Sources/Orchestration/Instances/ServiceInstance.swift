package import Base

/// The state of a service instance (instances.md).
package enum InstanceState: String, Sendable, CaseIterable {
    case provisioning, active, updating, degraded, failed, decommissioning, decommissioned
}

/// A row of `service_instances`: what a completed request leaves behind.
package struct ServiceInstance: Sendable {
    package var rowID: String
    /// `si-` and 12 characters.
    package var id: String
    package var isBundle: Bool
    package var catalogID: String
    package var catalogVersion: String
    package var catalogDigest: String
    package var category: String
    package var name: String
    package var state: InstanceState
    package var owner: ServiceRequest.Requester
    /// Sealed inside.
    package var parameters: JSON
    package var resources: JSON
    package var outputs: JSON
    package var metadata: JSON
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var provisionedAt: Timestamp?
    package var decommissionedAt: Timestamp?
    package var expiresAt: Timestamp?
    package var creationRequestRowID: String?
    /// `req-...` of the create request.
    package var creationRequestID: String?

    package var json: JSON {
        [
            "id": .string(id), "name": .string(name), "state": .string(state.rawValue),
            "catalogItemId": isBundle ? nil : .string(catalogID), "catalogBundleId": isBundle ? .string(catalogID) : nil,
            "catalogVersion": .string(catalogVersion), "category": .string(category),
            "owner": ["user": .string(owner.login), "team": .string(owner.team), "email": .optional(owner.email)],
            "team": .string(owner.team), "parameters": Sealed.masked(parameters), "resources": Sealed.masked(resources),
            "outputs": Sealed.masked(outputs), "metadata": metadata, "requestId": .optional(creationRequestID),
            "createdAt": .string(createdAt.description), "updatedAt": .string(updatedAt.description),
            "provisionedAt": .optional(provisionedAt?.description), "decommissionedAt": .optional(decommissionedAt?.description),
            "expiresAt": .optional(expiresAt?.description),
        ]
    }
}
