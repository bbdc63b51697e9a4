package import Base

/// Sends requests through an application without a socket, for tests: the same routing, gate, errors and header fields.
package struct InMemoryTransport: Sendable {
    private let application: Application

    package init(_ application: Application) { self.application = application }

    /// Only the method, the raw target, the header fields, the body and the address of the request count.
    package func send(_ request: Request) async -> Response {
        var head = Application.Head(
            method: request.method, rawTarget: request.rawTarget, headers: request.headers, remoteAddress: request.remoteAddress)
        if head.headers["Host"] == nil { head.headers["Host"] = "localhost" }
        var call = application.admit(head)
        if let limit = call.route?.bodyLimit, request.body.count > limit {
            return application.finish(application.bodyTooLarge(limit), for: call)
        }
        call.request.body = request.body
        var response = await application.answer(call)
        if request.method == "HEAD" { response.body = .bytes([]) }
        return response
    }

    package func send(
        _ method: String, _ target: String, headers: Headers = Headers(), body: [UInt8] = []
    ) async -> Response {
        await send(Request(method: method, rawTarget: target, path: [], headers: headers, body: body))
    }

    /// With a body of JSON.
    package func send(_ method: String, _ target: String, headers: Headers = Headers(), json: JSON) async -> Response {
        var headers = headers
        headers["Content-Type"] = "application/json"
        return await send(method, target, headers: headers, body: json.bytes)
    }
}
