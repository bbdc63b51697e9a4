package import Base

/// Errors as `application/problem+json` (RFC 9457): the one table from error codes to HTTP.
package enum ProblemDetails {
    package static func status(of code: PAOError.Code) -> Int { statuses[code] ?? 500 }

    /// `instance` is the raw path of the request. What a server error says of the inside goes to the log, never here.
    package static func response(for error: PAOError, instance: String, correlationId: String) -> Response {
        let status = status(of: error.code)
        let code = statuses[error.code] == nil ? PAOError.Code.internal : error.code
        var body = JSONObject([
            ("type", .string("/problems/" + code.rawValue.replacing("_", with: "-"))),
            ("title", .string(titles[status] ?? "Error")),
            ("status", .int(status)),
            ("detail", .string(error.message)),
            ("instance", .string(instance)),
            ("correlationId", .string(correlationId)),
        ])
        if !error.findings.isEmpty { body.append("errors", .array(error.findings.map(\.json))) }
        var response = Response.json(.object(body), status: status)
        response.headers["Content-Type"] = "application/problem+json"
        response.headers["Retry-After"] = error.retryAfter.map(String.init)
        if status == 401 { response.headers["WWW-Authenticate"] = "Bearer" }
        return response
    }

    private static let statuses: [PAOError.Code: Int] = [
        .malformed: 400, .invalidParameter: 400, .unauthenticated: 401, .forbidden: 403, .notFound: 404,
        .methodNotAllowed: 405, .notAcceptable: 406, .requestTimeout: 408, .conflict: 409, .gone: 410,
        .preconditionFailed: 412, .bodyTooLarge: 413, .targetTooLong: 414, .unsupportedMediaType: 415, .misdirected: 421,
        .invalid: 422, .preconditionRequired: 428, .rateLimited: 429, .headersTooLarge: 431, .internal: 500,
        .notImplemented: 501, .unavailable: 503, .storageFull: 507,
    ]

    static let titles: [Int: String] = [
        400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        406: "Not Acceptable", 408: "Request Timeout", 409: "Conflict", 410: "Gone", 412: "Precondition Failed",
        413: "Content Too Large", 414: "URI Too Long", 415: "Unsupported Media Type", 421: "Misdirected Request",
        422: "Unprocessable Content", 428: "Precondition Required", 429: "Too Many Requests",
        431: "Request Header Fields Too Large", 500: "Internal Server Error", 501: "Not Implemented",
        503: "Service Unavailable", 507: "Insufficient Storage",
    ]
}
