import Base

/// Keys of AWS or of something that checks the same signatures.
package struct AWSCredentials: Sendable, Equatable {
    package var accessKey: String
    package var secretKey: String
    package var sessionToken: String?
    package var region: String
    /// `execute-api`, `s3`, ...
    package var service: String

    package init(accessKey: String, secretKey: String, sessionToken: String? = nil, region: String, service: String) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.region = region
        self.service = service
    }
}

/// AWS Signature Version 4, header form.
struct AWSSigV4: Sendable {
    let credentials: AWSCredentials

    /// The request's headers with `Host`, `X-Amz-Date` and `Authorization`, and for S3 `X-Amz-Content-Sha256`. What was there of these
    /// goes; every other header but a few that proxies change is signed.
    func sign(_ request: HTTPRequest, to address: WebAddress, at instant: Timestamp) -> [(String, String)] {
        let stamp = Self.stamp(instant)
        let bodyHash = Hash.sha256(request.body ?? []).hex
        let replaced: Set = ["host", "authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"]
        var headers = request.headers.filter { !replaced.contains($0.0.asciiLowercased) }
        headers.append(("Host", address.authority))
        headers.append(("X-Amz-Date", stamp))
        if let token = credentials.sessionToken { headers.append(("X-Amz-Security-Token", token)) }
        if credentials.service == "s3" { headers.append(("X-Amz-Content-Sha256", bodyHash)) }
        let fields = Self.signedFields(headers)
        let names = fields.map(\.name).joined(separator: ";")
        let canonical = [
            request.method, canonicalPath(address.path), Self.canonicalQuery(address.query ?? ""),
            fields.map { "\($0.name):\($0.value)\n" }.joined(), names, bodyHash,
        ].joined(separator: "\n")
        let scope = "\(stamp.prefix(8))/\(credentials.region)/\(credentials.service)/aws4_request"
        let text = ["AWS4-HMAC-SHA256", stamp, scope, Hash.sha256(Array(canonical.utf8)).hex].joined(separator: "\n")
        let signature = Hash.hmacSHA256(key: signingKey(date: String(stamp.prefix(8))), Array(text.utf8)).hex
        let value = "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
        headers.append(("Authorization", value))
        return headers
    }

    private func signingKey(date: String) -> [UInt8] {
        var key = Array("AWS4\(credentials.secretKey)".utf8)
        for part in [date, credentials.region, credentials.service, "aws4_request"] {
            key = Hash.hmacSHA256(key: key, Array(part.utf8))
        }
        return key
    }

    /// Of the path as it goes over the wire: S3 signs it as it is; the others without dot segments and empty ones, encoded once more.
    private func canonicalPath(_ path: String) -> String {
        if credentials.service == "s3" { return path }
        var segments: [Substring] = []
        for segment in path.split(separator: "/") where segment != "." {
            if segment == ".." { _ = segments.popLast() } else { segments.append(segment) }
        }
        let ending = path.utf8.last == UInt8(ascii: "/") && !segments.isEmpty ? "/" : ""
        return "/" + segments.map { PercentEncoding.encode(String($0)) }.joined(separator: "/") + ending
    }

    /// Raw pairs, sorted by name, then value; a name alone gets its `=`.
    private static func canonicalQuery(_ query: String) -> String {
        let pairs = query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: parts[0], value: parts.count > 1 ? parts[1] : "")
        }
        let sorted = pairs.sorted { left, right in
            if left.name.utf8.elementsEqual(right.name.utf8) { return left.value.utf8.lexicographicallyPrecedes(right.value.utf8) }
            return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
        }
        return sorted.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    private static func signedFields(_ headers: [(String, String)]) -> [(name: String, value: String)] {
        let changeable: Set = ["expect", "user-agent", "x-amzn-trace-id", "traceparent", "connection", "transfer-encoding"]
        var values: [String: [String]] = [:]
        for (name, value) in headers where !changeable.contains(name.asciiLowercased) {
            values[name.asciiLowercased, default: []].append(value.split(separator: " ").joined(separator: " "))
        }
        return values.map { ($0.key, $0.value.joined(separator: ",")) }.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// `20261121T100000Z`.
    private static func stamp(_ instant: Timestamp) -> String {
        let digits = instant.description.utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ":") }
        return String(decoding: digits.prefix(15), as: UTF8.self) + "Z"
    }
}
