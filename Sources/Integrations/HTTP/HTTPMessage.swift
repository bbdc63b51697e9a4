/// One outgoing call. The body is sent as it is; without a `Content-Type` header none is sent.
package struct HTTPRequest: Sendable {
    package var method: String
    /// Absolute, `http` or `https`, without user and password.
    package var url: String
    package var headers: [(String, String)]
    package var body: [UInt8]?
    /// For the whole call with name look-up, connecting and redirects.
    package var timeout: Duration = .seconds(30)
    package var connectTimeout: Duration = .seconds(10)
    /// Bytes of the decoded body; more is `tooLarge`.
    package var responseLimit: Int = 4 << 20
    /// At most three, to the same host; the answer of anything else is `badAnswer`.
    package var followRedirects = false
    package var clientCertificate: ClientCertificate?
    /// Signs the request as it leaves, each redirect anew.
    package var awsSigV4: AWSCredentials?

    package init(
        method: String = "GET", url: String, headers: [(String, String)] = [], body: [UInt8]? = nil,
        timeout: Duration = .seconds(30)
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }
}

/// For mutual TLS.
package struct ClientCertificate: Sendable, Equatable {
    /// The certificate and its intermediates.
    package var certificatePEM: String
    package var keyPEM: String

    package init(certificatePEM: String, keyPEM: String) {
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
    }
}

package struct HTTPResponse: Sendable {
    package var status: Int
    /// In the order they came; trailers are left out.
    package var headers: [(name: String, value: String)]
    /// Decoded (`gzip`, `deflate`).
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first field of that name, without regard to case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.equalsIgnoringASCIICase(name) }?.value
    }

    package var isSuccess: Bool { (200..<300).contains(status) }
}

/// Why no usable answer came.
package struct TransportFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable, CaseIterable {
        case refused, unreachable
        /// The name does not exist.
        case dns
        /// The name could not be looked up this time (SERVFAIL, no answer).
        case dnsTemporary
        case tls, timeout
        /// The connection ended before the answer did.
        case cut
        case tooLarge, egressDenied
        /// Not HTTP, a broken encoding, or a redirect that is not followed.
        case badAnswer
        /// The URL, the method or a header cannot be sent.
        case invalidURL
        case cancelled
    }

    package var kind: Kind
    package var message: String
    /// The request may have reached the other side: whether it took effect is in doubt.
    package var mayHaveBeenSent: Bool
    /// The same call may succeed later.
    package var isRetryable: Bool
    /// Nothing was sent, since the circuit breaker of the host is open; the next call may pass after this long.
    package var heldBack: Duration?

    package init(
        _ kind: Kind, _ message: String, mayHaveBeenSent: Bool = false, isRetryable: Bool? = nil, heldBack: Duration? = nil
    ) {
        self.heldBack = heldBack
        self.kind = kind
        self.message = message
        self.mayHaveBeenSent = mayHaveBeenSent
        self.isRetryable = isRetryable ?? kind.isUsuallyRetryable
    }

    package var description: String { "\(kind.rawValue): \(message)" }
}

extension TransportFailure.Kind {
    var isUsuallyRetryable: Bool {
        switch self {
        case .refused, .unreachable, .dnsTemporary, .timeout, .cut, .badAnswer: true
        case .dns, .tls, .tooLarge, .egressDenied, .invalidURL, .cancelled: false
        }
    }
}

/// How calls leave the process. A value, so that the simulation and tests put another one in.
package struct HTTPTransport: Sendable {
    package var send: @Sendable (HTTPRequest) async throws(TransportFailure) -> HTTPResponse

    package init(send: @escaping @Sendable (HTTPRequest) async throws(TransportFailure) -> HTTPResponse) { self.send = send }
}

extension String {
    func equalsIgnoringASCIICase(_ other: String) -> Bool {
        utf8.count == other.utf8.count && zip(utf8, other.utf8).allSatisfy { $0.asciiLowercased == $1.asciiLowercased }
    }

    /// Only A to Z change: no other letter may turn into an ASCII one.
    var asciiLowercased: String { String(decoding: utf8.map(\.asciiLowercased), as: UTF8.self) }
}

extension UInt8 {
    var asciiLowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }
}
