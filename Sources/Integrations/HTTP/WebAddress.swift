import CCurl

/// The parts of an absolute http(s) URL, as libcurl reads them: the same parser that later connects, so that both agree on the host.
struct WebAddress: Sendable, Equatable {
    /// Normalized: dot segments are gone, an IPv4 address in octal or hexadecimal is dotted decimal, no fragment.
    let text: String
    /// `http` or `https`.
    let scheme: String
    /// Without the brackets of IPv6.
    let host: String
    let port: Int
    /// With its leading slash, still encoded.
    let path: String
    /// Still encoded; nil without `?`.
    let query: String?

    /// Throws `invalidURL`. With `base`, `text` may be relative to it.
    init(_ text: String, relativeTo base: WebAddress? = nil) throws(TransportFailure) {
        guard let url = curl_url() else { throw TransportFailure(.invalidURL, "Out of memory.") }
        defer { curl_url_cleanup(url) }
        guard Self.isPlain(text) else {
            throw TransportFailure(.invalidURL, "The URL holds a space or a control character.")
        }
        if let base { try Self.set(url, base.text) }
        try Self.set(url, text)
        curl_url_set(url, CURLUPART_FRAGMENT, nil, 0)
        guard let scheme = Self.part(url, CURLUPART_SCHEME), scheme == "http" || scheme == "https" else {
            throw TransportFailure(.invalidURL, "The URL does not begin with http:// or https://.")
        }
        guard let host = Self.part(url, CURLUPART_HOST), !host.isEmpty,
            let port = Self.part(url, CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)).flatMap({ Int($0) }), port > 0,
            let whole = Self.part(url, CURLUPART_URL), Self.host(of: whole) == host
        else { throw TransportFailure(.invalidURL, "The URL has no usable host and port.") }
        self.text = whole
        self.scheme = scheme
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        self.port = port
        path = Self.part(url, CURLUPART_PATH) ?? "/"
        query = Self.part(url, CURLUPART_QUERY)
    }

    /// `host` or `host:port`, as the `Host` header has it.
    var authority: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return port == (scheme == "https" ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// Path and query, as the request line has them.
    var target: String { query.map { "\(path)?\($0)" } ?? path }

    /// As whoever is given the address reads it. With percent signs in the host that may be another one: `https://%3330073` is 330073, and
    /// that is 0.5.9.25.
    private static func host(of text: String) -> String? {
        guard isPlain(text), let url = curl_url() else { return nil }
        defer { curl_url_cleanup(url) }
        return curl_url_set(url, CURLUPART_URL, text, UInt32(CURLU_DISALLOW_USER)) == CURLUE_OK ? part(url, CURLUPART_HOST) : nil
    }

    private static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F } }

    /// User and password are refused: they would end in logs.
    private static func set(_ url: OpaquePointer, _ text: String) throws(TransportFailure) {
        let code = curl_url_set(url, CURLUPART_URL, text, UInt32(CURLU_DISALLOW_USER))
        guard code == CURLUE_OK else {
            throw TransportFailure(.invalidURL, "The URL cannot be used: \(String(cString: curl_url_strerror(code))).")
        }
    }

    private static func part(_ url: OpaquePointer, _ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
        var value: UnsafeMutablePointer<CChar>?
        guard curl_url_get(url, part, &value, flags) == CURLUE_OK, let value else { return nil }
        defer { curl_free(value) }
        return String(cString: value)
    }
}
