/// Finds the route of a method and a decoded path in a tree of segments. A literal segment beats `{name}`, which beats `{rest...}`.
struct Router: Sendable {
    enum Match {
        case route(Route, parameters: [String: String])
        /// The path exists; these methods do too.
        case otherMethods([String])
        case nothing
    }

    private final class Node: Sendable {
        let literals: [String: Node]
        let parameter: Node?
        let endpoints: [String: Endpoint]
        let rests: [String: Endpoint]

        init(_ builder: Builder) {
            literals = builder.literals.mapValues(Node.init)
            parameter = builder.parameter.map(Node.init)
            endpoints = builder.endpoints
            rests = builder.rests
        }
    }

    private final class Builder {
        var literals: [String: Builder] = [:]
        var parameter: Builder?
        var endpoints: [String: Endpoint] = [:]
        var rests: [String: Endpoint] = [:]
    }

    private struct Endpoint: Sendable {
        let route: Route
        /// Of the pattern's parameters, in their order; the last is that of `{rest...}` where there is one.
        let names: [String]
    }

    private let root: Node

    /// Two routes of one method and one pattern are a mistake in the program and stop it here.
    init(_ routes: [Route]) {
        let builder = Builder()
        for route in routes { Self.add(route, to: builder) }
        root = Node(builder)
    }

    private static func add(_ route: Route, to root: Builder) {
        var node = root
        var names: [String] = []
        for segment in route.pattern.split(separator: "/") {
            if segment.hasPrefix("{"), segment.hasSuffix("...}") {
                names.append(String(segment.dropFirst().dropLast(4)))
                let previous = node.rests.updateValue(Endpoint(route: route, names: names), forKey: route.method)
                precondition(previous == nil, "two routes for \(route.method) \(route.pattern)")
                return
            }
            if segment.hasPrefix("{"), segment.hasSuffix("}") {
                names.append(String(segment.dropFirst().dropLast()))
                node = child(&node.parameter)
            } else {
                node = child(&node.literals[String(segment)])
            }
        }
        let previous = node.endpoints.updateValue(Endpoint(route: route, names: names), forKey: route.method)
        precondition(previous == nil, "two routes for \(route.method) \(route.pattern)")
    }

    private static func child(_ place: inout Builder?) -> Builder {
        let node = place ?? Builder()
        place = node
        return node
    }

    /// HEAD is answered by the route of GET.
    func match(method: String, path: [String]) -> Match {
        var search = Search(method: method == "HEAD" ? "GET" : method, path: path)
        if let endpoint = search.find(root, depth: 0) {
            let parameters = Dictionary(zip(endpoint.names, search.values), uniquingKeysWith: { $1 })
            return .route(endpoint.route, parameters: parameters)
        }
        return search.otherMethods.isEmpty ? .nothing : .otherMethods(search.otherMethods.sorted())
    }

    /// One walk with a step back where a branch ends without the method.
    private struct Search {
        let method: String
        let path: [String]
        var values: [String] = []
        var otherMethods: Set<String> = []

        mutating func find(_ node: Node, depth: Int) -> Endpoint? {
            guard depth < path.count else { return pick(node.endpoints) ?? pickRest(node, depth: depth) }
            if let next = node.literals[path[depth]], let endpoint = find(next, depth: depth + 1) { return endpoint }
            if let next = node.parameter {
                values.append(path[depth])
                if let endpoint = find(next, depth: depth + 1) { return endpoint }
                values.removeLast()
            }
            return pickRest(node, depth: depth)
        }

        private mutating func pickRest(_ node: Node, depth: Int) -> Endpoint? {
            guard let endpoint = pick(node.rests) else { return nil }
            values.append(path[depth...].joined(separator: "/"))
            return endpoint
        }

        private mutating func pick(_ endpoints: [String: Endpoint]) -> Endpoint? {
            if let endpoint = endpoints[method] { return endpoint }
            otherMethods.formUnion(endpoints.keys)
            return nil
        }
    }

    /// What `Allow` says: HEAD goes with GET, OPTIONS with everything (RFC 9110, section 9.3).
    static func allow(_ methods: [String]) -> String {
        let implied = methods.contains("GET") ? ["HEAD", "OPTIONS"] : ["OPTIONS"]
        return Set(methods + implied).sorted().joined(separator: ", ")
    }
}
