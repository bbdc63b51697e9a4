package import Base
package import Identity
import Store

/// What an instance stands on and what stands on it, each side as far as it goes: its providers and theirs, its dependents and theirs.
/// A bundle depends on its members.
package struct InstanceGraph: Sendable {
    package struct Node: Sendable {
        package var id: String
        package var name: String
        package var state: String
        package var catalogID: String
        package var version: String
    }

    /// `from` depends on `to`; both are ids of nodes.
    package struct Edge: Sendable {
        package var from: String
        package var to: String
        /// `data`, `network`, `authentication`, `configuration` or `member`.
        package var type: String
        package var name: String?
        package var isRequired: Bool
    }

    /// The instance itself is the first.
    package var nodes: [Node]
    package var edges: [Edge]
    /// Some are left out: there are more than 100, or they are not for the eyes of who asks.
    package var isPartial: Bool

    package var json: JSON {
        [
            "nodes": .array(
                nodes.map {
                    [
                        "id": .string($0.id), "name": .string($0.name), "state": .string($0.state),
                        "catalogItemId": .string($0.catalogID), "catalogVersion": .string($0.version),
                    ]
                }),
            "edges": .array(
                edges.map {
                    [
                        "from": .string($0.from), "to": .string($0.to), "type": .string($0.type), "name": .optional($0.name),
                        "required": .bool($0.isRequired),
                    ]
                }), "partial": .bool(isPartial),
        ]
    }
}

extension Instances {
    /// Throws `notFound`.
    package func graph(of id: String, by actor: Actor) throws(PAOError) -> InstanceGraph {
        let start = try instance(id, by: actor)
        return try store.read { connection throws(PAOError) in
            var walk = GraphWalk(connection: connection, actor: actor, start: start)
            try walk.follow(from: start.rowID, to: .providers)
            try walk.follow(from: start.rowID, to: .dependents)
            return walk.graph
        }
    }
}

/// Collects what can be reached in one direction, then in the other.
private struct GraphWalk {
    enum Direction { case providers, dependents }

    private static let mostNodes = 100

    let connection: Connection
    let actor: Actor
    private(set) var graph: InstanceGraph
    /// Row ids to public ids.
    private var known: [String: String]

    init(connection: Connection, actor: Actor, start: ServiceInstance) {
        self.connection = connection
        self.actor = actor
        known = [start.rowID: start.id]
        graph = InstanceGraph(nodes: [.init(start)], edges: [], isPartial: false)
    }

    mutating func follow(from row: String, to direction: Direction) throws(PAOError) {
        var waiting = [row]
        var reached: Set<String> = [row]
        while let row = waiting.popLast(), let id = known[row] {
            for edge in try Self.neighbors(of: row, direction, connection) {
                guard let other = try publicID(of: edge.row) else { continue }
                let (from, to) = direction == .providers ? (id, other) : (other, id)
                graph.edges.append(.init(from: from, to: to, type: edge.type, name: edge.name, isRequired: edge.isRequired))
                if reached.insert(edge.row).inserted { waiting.append(edge.row) }
            }
        }
    }

    /// nil for one that is left out.
    private mutating func publicID(of row: String) throws(PAOError) -> String? {
        if let id = known[row] { return id }
        guard graph.nodes.count < Self.mostNodes, let instance = try InstanceStore(connection).instance(rowID: row),
            actor.sees(team: instance.owner.team) || instance.owner.userID == actor.userID
        else {
            graph.isPartial = true
            return nil
        }
        known[row] = instance.id
        graph.nodes.append(.init(instance))
        return instance.id
    }

    private static func neighbors(
        of row: String, _ direction: Direction, _ connection: Connection
    ) throws(PAOError) -> [(row: String, type: String, name: String?, isRequired: Bool)] {
        let rows =
            switch direction {
            case .providers:
                try connection.rows(
                    """
                    SELECT provider_instance_id, dependency_type, dependency_name, is_required FROM service_instance_dependencies
                    WHERE dependent_instance_id = ?1
                    UNION ALL SELECT member_instance_id, 'member', member_role, is_required FROM bundle_instance_members
                    WHERE bundle_instance_id = ?1 ORDER BY 1, 2
                    """, row)
            case .dependents:
                try connection.rows(
                    """
                    SELECT dependent_instance_id, dependency_type, dependency_name, is_required FROM service_instance_dependencies
                    WHERE provider_instance_id = ?1
                    UNION ALL SELECT bundle_instance_id, 'member', member_role, is_required FROM bundle_instance_members
                    WHERE member_instance_id = ?1 ORDER BY 1, 2
                    """, row)
            }
        return rows.map { ($0.text(0), $0.text(1), $0.optionalText(2), $0.bool(3)) }
    }
}

extension InstanceGraph.Node {
    fileprivate init(_ instance: ServiceInstance) {
        self.init(
            id: instance.id, name: instance.name, state: instance.state.rawValue, catalogID: instance.catalogID,
            version: instance.catalogVersion)
    }
}
