import Base
import Store

/// All SQL of `service_instances`.
struct InstanceStore {
    let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    static let columns = """
        i.id, i.instance_id, i.catalog_item_id, i.catalog_bundle_id, i.catalog_version, i.catalog_digest, i.category, i.instance_name,
        i.instance_state, i.owner_user_id, i.owner_login, i.owner_team, i.owner_email, i.deployment_parameters, i.deployed_resources,
        i.service_outputs, i.service_metadata, i.created_at, i.updated_at, i.provisioned_at, i.decommissioned_at, i.expires_at,
        i.creation_request_id, r.request_id
        """
    static let source = "service_instances i LEFT JOIN service_requests r ON r.id = i.creation_request_id"

    static func instance(_ row: Row) -> ServiceInstance {
        ServiceInstance(
            rowID: row.text(0), id: row.text(1), isBundle: row.optionalText(3) != nil,
            catalogID: row.optionalText(2) ?? row.text(3), catalogVersion: row.text(4), catalogDigest: row.text(5),
            category: row.text(6), name: row.text(7), state: .init(rawValue: row.text(8)) ?? .failed,
            owner: .init(userID: row.text(9), login: row.text(10), team: row.text(11), email: row.optionalText(12), teams: []),
            parameters: row.json(13), resources: row.optionalJSON(14) ?? [], outputs: row.optionalJSON(15) ?? [:],
            metadata: row.optionalJSON(16) ?? [:], createdAt: row.timestamp(17), updatedAt: row.timestamp(18),
            provisionedAt: row.optionalTimestamp(19), decommissionedAt: row.optionalTimestamp(20),
            expiresAt: row.optionalTimestamp(21), creationRequestRowID: row.optionalText(22), creationRequestID: row.optionalText(23))
    }

    func instance(id: String) throws(PAOError) -> ServiceInstance? {
        try connection.first("SELECT \(Self.columns) FROM \(Self.source) WHERE i.instance_id = ?", id).map(Self.instance)
    }

    func instance(rowID: String) throws(PAOError) -> ServiceInstance? {
        try connection.first("SELECT \(Self.columns) FROM \(Self.source) WHERE i.id = ?", rowID).map(Self.instance)
    }

    func instance(createdBy requestRowID: String) throws(PAOError) -> ServiceInstance? {
        try connection.first(
            "SELECT \(Self.columns) FROM \(Self.source) WHERE i.creation_request_id = ?", requestRowID
        ).map(Self.instance)
    }

    func list(sql: String, values: [SQLValue]) throws(PAOError) -> [ServiceInstance] {
        try connection.rows(sql, values: values).map(Self.instance)
    }

    func insert(_ instance: ServiceInstance) throws(PAOError) {
        try connection.run(
            """
            INSERT INTO service_instances(id, instance_id, catalog_item_id, catalog_bundle_id, catalog_version, catalog_digest, category,
              instance_name, instance_state, owner_user_id, owner_login, owner_team, owner_email, deployment_parameters,
              deployed_resources, service_outputs, service_metadata, created_at, updated_at, creation_request_id)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            instance.rowID, instance.id, instance.isBundle ? nil : instance.catalogID, instance.isBundle ? instance.catalogID : nil,
            instance.catalogVersion, instance.catalogDigest, instance.category, instance.name, instance.state.rawValue,
            instance.owner.userID, instance.owner.login, instance.owner.team, instance.owner.email, instance.parameters,
            instance.resources, instance.outputs, instance.metadata, instance.createdAt, instance.updatedAt,
            instance.creationRequestRowID)
    }

    func update(_ instance: ServiceInstance) throws(PAOError) {
        try connection.run(
            """
            UPDATE service_instances SET instance_name = ?, instance_state = ?, catalog_version = ?, deployment_parameters = ?,
              deployed_resources = ?, service_outputs = ?, service_metadata = ?, updated_at = ?, provisioned_at = ?,
              decommissioned_at = ?, expires_at = ? WHERE id = ?
            """,
            instance.name, instance.state.rawValue, instance.catalogVersion, instance.parameters, instance.resources,
            instance.outputs, instance.metadata, instance.updatedAt, instance.provisionedAt, instance.decommissionedAt,
            instance.expiresAt, instance.rowID)
    }

    /// A live instance of that name, by which a second one is refused.
    func holdsName(_ name: String, team: String, category: String) throws(PAOError) -> Bool {
        try connection.first(
            """
            SELECT 1 FROM service_instances WHERE owner_team = ? AND category = ? AND instance_name = ?
              AND instance_state NOT IN ('decommissioned','failed')
            """, team, category, name) != nil
    }

    /// Live instances of an item that a team has, for its quota.
    func count(item: String, team: String) throws(PAOError) -> Int {
        try connection.first(
            """
            SELECT COUNT(*) FROM service_instances WHERE catalog_item_id = ? AND owner_team = ?
              AND instance_state NOT IN ('decommissioned','failed')
            """, item, team)?.int(0) ?? 0
    }

    func addMember(_ member: RunChanges.Member, of bundle: String, id: String, at: Timestamp) throws(PAOError) {
        try connection.run(
            """
            INSERT INTO bundle_instance_members(id, bundle_instance_id, member_instance_id, catalog_item_name, is_required, member_role,
              created_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """, id, bundle, member.instanceRowID, member.catalogItemName, member.isRequired, member.role, at)
    }

    func addDependency(
        id: String, dependent: String, provider: String, type: String, name: String?, isRequired: Bool, at: Timestamp
    ) throws(PAOError) {
        try connection.run(
            """
            INSERT INTO service_instance_dependencies(id, dependent_instance_id, provider_instance_id, dependency_type, dependency_name,
              is_required, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """, id, dependent, provider, type, name, isRequired, at, at)
    }
}
