package import Base
package import Web

extension Call {
    /// The answer, or 304 where the caller has it already (RFC 9110, 13.1.2: entity tags compared weakly, `*` is any).
    package func answer(_ etag: String, _ body: () throws(PAOError) -> Response) throws(PAOError) -> Response {
        let quoted = "\"\(etag)\""
        if let known = request.headers["If-None-Match"], Self.holds(known, quoted) {
            return Response(status: 304, headers: ["ETag": quoted, "Cache-Control": Self.caching])
        }
        var response = try body()
        response.headers["ETag"] = quoted
        response.headers["Cache-Control"] = Self.caching
        return response
    }

    /// Kept by the caller alone, and asked about each time: a sync may have replaced it.
    private static let caching = "private, no-cache"

    private static func holds(_ list: String, _ etag: String) -> Bool {
        list.split(separator: ",").map { String($0).trimmed }.contains { $0 == "*" || $0 == etag || $0 == "W/" + etag }
    }
}
