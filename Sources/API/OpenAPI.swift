package import Base

/// The OpenAPI 3.1 document of the route table: what is not in the table is not in the document, and the other way round.
package enum OpenAPI {
    package static func document(of endpoints: [Endpoint], version: String) -> JSON {
        var paths = JSONObject()
        for endpoint in endpoints.sorted(by: { ($0.path, $0.method) < ($1.path, $1.method) }) {
            var path = paths[endpoint.path] ?? .object(JSONObject())
            path[endpoint.method.lowercased()] = operation(endpoint)
            paths[endpoint.path] = path
        }
        return [
            "openapi": "3.1.0",
            "info": ["title": "PAO", "version": .string(version), "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"]],
            "paths": .object(paths),
            "components": [
                "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
                "schemas": ["Problem": problem],
            ],
        ]
    }

    private static func operation(_ endpoint: Endpoint) -> JSON {
        var operation: JSON = [
            "operationId": .string(operationID(endpoint)), "summary": .string(endpoint.summary), "tags": [.string(tag(endpoint))],
            "parameters": .array(pathParameters(endpoint) + endpoint.query.map { parameter($0.name, "query", $0.description) }),
            "responses": responses(endpoint),
        ]
        if case .object(let members) = endpoint.body, !members.isEmpty { operation["requestBody"] = body(members) }
        if endpoint.access != .anonymous { operation["security"] = [["token": []]] }
        if case .permission(let permission) = endpoint.access { operation["x-permission"] = .string(permission.rawValue) }
        return operation
    }

    private static func responses(_ endpoint: Endpoint) -> JSON {
        let isStream = endpoint.answer == "An event stream"
        let content: JSON =
            isStream ? ["text/event-stream": ["schema": ["type": "string"]]] : ["application/json": ["schema": ["type": "object"]]]
        let success: JSON = ["description": .string(endpoint.answer), "content": content]
        let failure: JSON = [
            "description": "A problem", "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
        ]
        return .object(JSONObject([("\(endpoint.successStatus)", success), ("default", failure)]))
    }

    private static func operationID(_ endpoint: Endpoint) -> String {
        let words = endpoint.path.split(separator: "/").dropFirst(2).map { $0.filter { $0.isLetter } }
        return endpoint.method.lowercased() + words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private static func tag(_ endpoint: Endpoint) -> String {
        endpoint.path.split(separator: "/").dropFirst(2).first.map(String.init) ?? "system"
    }

    private static func pathParameters(_ endpoint: Endpoint) -> [JSON] {
        endpoint.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { part in
            var json = parameter(part.filter { $0.isLetter }, "path", "")
            json["required"] = true
            return json
        }
    }

    private static func parameter(_ name: String, _ place: String, _ description: String) -> JSON {
        var json: JSON = ["name": .string(name), "in": .string(place), "schema": ["type": "string"]]
        if !description.isEmpty { json["description"] = .string(description) }
        return json
    }

    private static func body(_ members: [Endpoint.Member]) -> JSON {
        let properties = JSONObject(
            members.map { member -> (String, JSON) in
                var schema: JSON = ["description": .string(member.description)]
                if member.kind != .any { schema["type"] = .string(member.kind.rawValue) }
                return (member.name, schema)
            })
        let schema: JSON = [
            "type": "object", "properties": .object(properties), "additionalProperties": false,
            "required": .array(members.filter(\.isRequired).map { .string($0.name) }),
        ]
        return ["required": .bool(members.contains(where: \.isRequired)), "content": ["application/json": ["schema": schema]]]
    }

    /// RFC 9457, with what this server adds.
    private static var problem: JSON {
        [
            "type": "object", "required": ["type", "title", "status"],
            "properties": [
                "type": ["type": "string"], "title": ["type": "string"], "status": ["type": "integer"], "detail": ["type": "string"],
                "instance": ["type": "string"], "correlationId": ["type": "string"],
                "errors": [
                    "type": "array",
                    "items": [
                        "type": "object",
                        "properties": ["field": ["type": "string"], "rule": ["type": "string"], "message": ["type": "string"]],
                    ],
                ],
            ],
        ]
    }
}
