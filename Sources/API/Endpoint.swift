package import Base
package import Identity
package import Web

/// One line of the route table: what the router, the permission check, the body check and the OpenAPI document are made from.
package struct Endpoint: Sendable {
    package enum Access: Sendable, Equatable {
        /// No credential needed; a given one is used.
        case anonymous
        /// Any valid credential.
        case authenticated
        case permission(Permission)
    }

    package enum Body: Sendable {
        case none
        /// Checked for unknown, missing and mistyped members before the handler runs.
        case object([Member])
        /// Any text; the handler reads it.
        case text
    }

    /// A member of a JSON body.
    package struct Member: Sendable {
        package enum Kind: String, Sendable { case string, boolean, integer, object, array, any }
        package var name: String
        package var kind: Kind
        package var isRequired: Bool
        package var description: String

        package init(_ name: String, _ kind: Kind, required: Bool = false, _ description: String) {
            self.name = name
            self.kind = kind
            isRequired = required
            self.description = description
        }
    }

    package struct Parameter: Sendable {
        package var name: String
        package var description: String

        package init(_ name: String, _ description: String) {
            self.name = name
            self.description = description
        }
    }

    /// What a handler throws; the one error type.
    package typealias Fault = PAOError

    package enum Work: Sendable {
        case immediate(@Sendable (Call) throws(Fault) -> Response)
        case suspended(@Sendable (Call) async throws(Fault) -> Response)
    }

    package var method: String
    package var path: String
    package var access: Access
    package var summary: String
    /// Query parameters; any other is refused by name.
    package var query: [Parameter]
    package var body: Body
    /// What a success answers, in words of the OpenAPI document.
    package var answer: String
    package var successStatus: Int
    package var bodyLimit: Int
    /// The body may be YAML as well.
    package var takesYAML = false
    package var work: Work

    package static func get(
        _ path: String, _ access: Access, _ summary: String, query: [Parameter] = [], answer: String,
        _ work: @escaping @Sendable (Call) throws(Fault) -> Response
    ) -> Endpoint {
        Endpoint(
            method: "GET", path: path, access: access, summary: summary, query: query, body: .none, answer: answer, successStatus: 200,
            bodyLimit: 0, work: .immediate(work))
    }

    package static func change(
        _ method: String, _ path: String, _ access: Access, _ summary: String, query: [Parameter] = [], body: Body = .none, answer: String,
        status: Int = 200, bodyLimit: Int = 1 << 20, _ work: @escaping @Sendable (Call) async throws(Fault) -> Response
    ) -> Endpoint {
        Endpoint(
            method: method, path: path, access: access, summary: summary, query: query, body: body, answer: answer, successStatus: status,
            bodyLimit: bodyLimit, work: .suspended(work))
    }

    /// The same endpoint, which takes its body as YAML too.
    var alsoYAML: Endpoint {
        var endpoint = self
        endpoint.takesYAML = true
        return endpoint
    }

    static let paging: [Parameter] = [
        Parameter("limit", "Items of a page, 1 to 200; 50 without it."),
        Parameter("cursor", "`next_cursor` of the page before."),
        Parameter("count", "`true` adds `total_count`."),
    ]
}
