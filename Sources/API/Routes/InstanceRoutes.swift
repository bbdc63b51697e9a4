import Base
import Identity
package import Orchestration
import Web

/// `/instances`.
package struct InstanceRoutes: Sendable {
    let instances: Instances

    package init(instances: Instances) { self.instances = instances }

    package var endpoints: [Endpoint] {
        [
            .get(
                "/api/v1/instances", .permission(.instancesRead), "List instances, newest first",
                query: Endpoint.paging + [
                    .init("state", "One or several, separated by commas."), .init("catalogItemId", "Of one item."), .init("team", "Slug."),
                    .init("search", "Part of the name."),
                ], answer: "A page of instances", list),
            .get("/api/v1/instances/{id}", .permission(.instancesRead), "One instance", answer: "The instance", get),
            .get(
                "/api/v1/instances/{id}/graph", .permission(.instancesRead), "What it stands on, and what stands on it",
                answer: "`{nodes: [{id, name, state, catalogItemId, catalogVersion}], edges: [{from, to, type, name, required}], partial}`"
            ) { call throws(PAOError) in .json(try instances.graph(of: call.parameter("id"), by: call.actor).json) },
        ]
    }

    @Sendable private func list(_ call: Call) throws(PAOError) -> Response {
        let page = try instances.list(
            states: try call.values("state", of: InstanceState.self), catalogItemID: call.query("catalogItemId"), team: call.query("team"),
            search: call.query("search"), try call.page(), by: call.actor)
        return call.list(page, \.json)
    }

    @Sendable private func get(_ call: Call) throws(PAOError) -> Response {
        .json(try instances.instance(call.parameter("id"), by: call.actor).json)
    }
}
