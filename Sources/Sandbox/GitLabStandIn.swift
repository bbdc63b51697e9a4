import Base
import Web

/// GitLab's API for pipelines. Every project exists, named by its id or its path. A pipeline is counted under the key that a
/// variable carries as `pao-<key>`; it ends by itself.
struct GitLabStandIn: Sendable {
    private struct Pipeline: Sendable {
        let id: Int
        let project: String
        let ref: String
        let source: String
        let variables: [(key: String, value: String)]
        let hints: Hints
        let createdAt: Timestamp
        var course: Course

        func status(at now: Timestamp) -> String {
            switch course.phase(at: now) {
            case .waiting: "pending"
            case .running: "running"
            case .succeeded: "success"
            case .failed: "failed"
            case .cancelled: "canceled"
            }
        }

        func json(_ call: Call) -> JSON {
            let json: JSON = [
                "id": .int(id), "project_id": .string(project), "ref": .string(ref), "source": .string(source),
                "sha": .string(String(Hash.sha256(Array(ref.utf8)).hex.prefix(40))), "status": .string(status(at: call.at)),
                "created_at": .string(createdAt.description), "updated_at": .string((course.ended(at: call.at) ?? call.at).description),
                "finished_at": .optional(course.ended(at: call.at)?.description), "web_url": "\(call.origin)/\(project)/-/pipelines/\(id)",
            ]
            return course.ended(at: call.at) == nil ? json : hints.filled(json, id: "\(id)")
        }
    }

    private let options: SandboxOptions
    /// Oldest first.
    private var pipelines: [Pipeline] = []

    init(options: SandboxOptions) { self.options = options }

    mutating func answer(_ call: Call, _ ledger: inout Ledger, _ minter: inout Minter) -> Response {
        switch call {
        case "POST /api/v4/projects/*/pipeline": create(call, source: "api", &ledger, &minter)
        case "POST /api/v4/projects/*/trigger/pipeline": trigger(call, &ledger, &minter)
        case "GET /api/v4/projects/*":
            .json(["id": .string(call.path[3]), "path_with_namespace": .string(call.path[3]), "default_branch": "main"])
        case "GET /api/v4/projects/*/pipelines": list(call)
        case "GET /api/v4/projects/*/pipelines/*": index(call).map { .json(pipelines[$0].json(call)) } ?? Self.notFound
        case "GET /api/v4/projects/*/pipelines/*/variables": index(call).map { .json(Self.variables(pipelines[$0])) } ?? Self.notFound
        case "POST /api/v4/projects/*/pipelines/*/cancel": cancel(call)
        default: Self.fault(404, "404 Not Found")
        }
    }

    mutating func advance(_ step: Advance) -> [String] {
        var moved: [String] = []
        for index in pipelines.indices {
            let pipeline = pipelines[index]
            guard step.means(names: ["\(pipeline.id)", pipeline.project], texts: pipeline.variables.map(\.value)) else { continue }
            if pipelines[index].course.finish(step.succeeds ? .succeeded : .failed, at: step.at) {
                moved.append("\(pipeline.project) pipeline \(pipeline.id)")
            }
        }
        return moved
    }

    func state(at now: Timestamp) -> JSON {
        .array(
            pipelines.map { pipeline in
                [
                    "id": .int(pipeline.id), "project": .string(pipeline.project), "ref": .string(pipeline.ref),
                    "status": .string(pipeline.status(at: now)), "variables": Self.variables(pipeline),
                ]
            })
    }

    private static func fault(_ status: Int, _ message: String) -> Response { .json(["message": .string(message)], status: status) }
    private static let notFound = fault(404, "404 Not found")

    private func index(_ call: Call) -> Int? {
        let id = Int(call.path[5])
        return pipelines.firstIndex { $0.id == id && $0.project == call.path[3] }
    }

    private static func variables(_ pipeline: Pipeline) -> JSON {
        .array(pipeline.variables.map { ["key": .string($0.key), "value": .string($0.value), "variable_type": "env_var"] })
    }

    private mutating func trigger(_ call: Call, _ ledger: inout Ledger, _ minter: inout Minter) -> Response {
        guard call.text("token") ?? call.form.first(where: { $0.name == "token" })?.value ?? call.parameter("token") != nil else {
            return .json(["error": "token is missing"], status: 400)
        }
        return create(call, source: "trigger", &ledger, &minter)
    }

    private mutating func create(_ call: Call, source: String, _ ledger: inout Ledger, _ minter: inout Minter) -> Response {
        guard let ref = call.text("ref") ?? call.form.first(where: { $0.name == "ref" })?.value ?? call.parameter("ref"), !ref.isEmpty
        else {
            return .json(["error": "ref is missing"], status: 400)
        }
        let pipeline = Pipeline(
            id: minter.number(from: 100_000), project: call.path[3], ref: ref, source: source, variables: Self.sent(call),
            hints: call.hints,
            createdAt: call.at,
            course: Course(start: call.at, length: options.runTime))
        pipelines.append(pipeline)
        ledger.count(Call.carriedKey(in: pipeline.variables.map(\.value)) ?? pipeline.variables.first { $0.key == "PAO_KEY" }?.value)
        return .json(pipeline.json(call), status: 201)
    }

    /// A list of `{key, value}`, a map, or `variables[NAME]=value` in a form.
    private static func sent(_ call: Call) -> [(key: String, value: String)] {
        if let list = call.json?["variables"]?.array {
            return list.compactMap { entry in entry["key"]?.string.map { ($0, entry["value"]?.string ?? "") } }
        }
        if let map = call.json?["variables"]?.object { return map.map { ($0.key, $0.value.string ?? $0.value.description) } }
        return call.form.compactMap { name, value in
            name.hasPrefix("variables[") && name.hasSuffix("]") ? (String(name.dropFirst(10).dropLast()), value) : nil
        }
    }

    private func list(_ call: Call) -> Response {
        let visible = call.at - options.searchLag
        let found = pipelines.reversed().filter { pipeline in
            pipeline.project == call.path[3] && pipeline.createdAt <= visible
                && call.parameter("ref").map { $0 == pipeline.ref } ?? true
                && call.parameter("status").map { $0 == pipeline.status(at: call.at) } ?? true
        }
        let paging = Paging(call, total: found.count, usual: 20)
        var headers: Headers = [
            "X-Total": "\(found.count)", "X-Total-Pages": "\(paging.last)", "X-Page": "\(paging.number)", "X-Per-Page": "\(paging.size)",
            "X-Next-Page": paging.number < paging.last ? "\(paging.number + 1)" : "",
        ]
        headers["Link"] = paging.link(call)
        return .json(.array(paging.cut(found).map { $0.json(call) }), headers: headers)
    }

    private mutating func cancel(_ call: Call) -> Response {
        guard let index = index(call) else { return Self.notFound }
        _ = pipelines[index].course.finish(.cancelled, at: call.at)
        return .json(pipelines[index].json(call))
    }
}
