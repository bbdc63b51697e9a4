package import Base
import Store

extension Instances {
    package typealias VersionCount = (version: String, count: Int)

    /// How many live instances and unfinished requests there are of each version of a document, of all teams.
    package func use(of catalogID: String) throws(PAOError) -> (instances: [VersionCount], requests: [VersionCount]) {
        try store.read { connection throws(PAOError) in
            let instances = try connection.rows(
                """
                SELECT catalog_version, count(*) FROM service_instances
                WHERE ? IN (catalog_item_id, catalog_bundle_id) AND instance_state <> 'decommissioned' GROUP BY 1 ORDER BY 1
                """, catalogID)
            let requests = try connection.rows(
                """
                SELECT catalog_version, count(*) FROM service_requests
                WHERE ? IN (catalog_item_id, catalog_bundle_id, update_item_id, upgrade_item_id)
                    AND status NOT IN ('completed', 'rejected', 'cancelled', 'aborted') GROUP BY 1 ORDER BY 1
                """, catalogID)
            return (instances.map { ($0.text(0), $0.int(1)) }, requests.map { ($0.text(0), $0.int(1)) })
        }
    }
}
