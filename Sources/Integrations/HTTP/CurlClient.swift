package import Base

/// The HTTP client of the product: libcurl behind the egress policy.
///
/// HTTP/1.1 and, over TLS, HTTP/2; no cookies, no proxy, no `netrc`; TLS always verified. A call is put on the wire once: libcurl's
/// own repetition on a connection that turns out to be dead is refused for methods that are not idempotent.
package final class CurlClient: Sendable {
    package struct Limits: Sendable {
        package var connections = 256
        package var connectionsPerHost = 32
        /// Bytes of all header lines of an answer, with those of interim ones.
        package var headerBytes = 64 << 10

        package init() {}
    }

    private let loop: CurlLoop
    private let egress: EgressPolicy
    private let log: Log
    private let time: TimeSource
    private let limits: Limits

    /// `authorities` is a PEM bundle that takes the place of the system's.
    package init(
        egress: EgressPolicy, log: Log, time: TimeSource = .system, limits: Limits = Limits(), authorities: String? = nil
    ) {
        self.egress = egress
        self.log = log
        self.time = time
        self.limits = limits
        loop = CurlLoop(limits: limits, authorities: authorities ?? "/etc/ssl/certs/ca-certificates.crt")
    }

    deinit { loop.stop() }

    package var transport: HTTPTransport {
        HTTPTransport { (request) async throws(TransportFailure) in try await self.send(request) }
    }

    /// Ends running calls with `cancelled` and waits for the thread. Calls after it fail the same way.
    package func shutdown() { loop.stop() }

    private func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        var hop = Hop(request: request, address: try WebAddress(request.url))
        let deadline = time.monotonic() + min(request.timeout, .seconds(86_400))
        var redirects = 0
        while true {
            let response: HTTPResponse
            do throws(TransportFailure) {
                response = try await perform(hop, within: deadline - time.monotonic())
            } catch {
                var failure = error
                failure.mayHaveBeenSent = failure.mayHaveBeenSent || redirects > 0
                throw failure
            }
            guard request.followRedirects, let next = try hop.redirected(by: response) else { return response }
            guard redirects < 3 else { throw Hop.refusal("More than three redirects.") }
            hop = next
            redirects += 1
        }
    }

    private func perform(_ hop: Hop, within timeout: Duration) async throws(TransportFailure) -> HTTPResponse {
        let transfer = CurlTransfer(try outgoing(hop, timeout), egress: egress, limits: limits)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                transfer.onFinish { continuation.resume(returning: $0) }
                loop.submit(transfer)
            }
        } onCancel: {
            loop.cancel(transfer)
        }
        if case .failure(let failure) = result, failure.kind == .egressDenied {
            log(
                .warning, "An outgoing call was denied by the egress policy.",
                ["host": .string(hop.address.host), "port": .int(hop.address.port)])
        }
        return try result.get()
    }

    /// The call as it goes on the wire: signed, and sent to the sandbox in sandbox mode.
    private func outgoing(_ hop: Hop, _ timeout: Duration) throws(TransportFailure) -> CurlTransfer.Call {
        var request = hop.request
        var address = hop.address
        // The policy has judged the host of the URL, not another one behind the same address.
        guard !request.headers.contains(where: { $0.0.equalsIgnoringASCIICase("Host") }) else {
            throw TransportFailure(.invalidURL, "The Host header is made of the URL.")
        }
        if let credentials = request.awsSigV4 {
            request.headers = AWSSigV4(credentials: credentials).sign(request, to: address, at: time.now())
        }
        if let sandbox = egress.redirectAllTo {
            request.headers.append(("X-Pao-Sandbox-Url", address.text))
            let host = sandbox.host.utf8.contains(UInt8(ascii: ":")) ? "[\(sandbox.host)]" : sandbox.host
            let target = Self.isPlain(address.target) ? address.target : "/"
            address = try WebAddress("http://\(host):\(sandbox.port)\(target)")
        }
        return try CurlTransfer.Call(request, to: address, timeout: timeout)
    }

    /// Whether our own server, which is stricter than others, takes it. The sandbox reads the address from the header.
    private static func isPlain(_ target: String) -> Bool {
        let path = target.asciiLowercased.splitOnce("?").0
        let isRooted =
            !path.contains("//") && !path.contains("/.") && !path.contains("%2f") && !path.contains("%2e") && !path.contains("%0")
        return isRooted && target.utf8.count <= 1000 && target.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}

/// One request of a chain of redirects.
private struct Hop {
    var request: HTTPRequest
    var address: WebAddress

    /// The next hop by RFC 9110 section 15.4; nil where the answer is no redirect. Throws `badAnswer` for a redirect to another host
    /// or from TLS to plain text.
    func redirected(by response: HTTPResponse) throws(TransportFailure) -> Hop? {
        guard [301, 302, 303, 307, 308].contains(response.status), let location = response.header("Location") else { return nil }
        guard let target = try? WebAddress(location, relativeTo: address) else { throw Self.refusal("The redirect has no usable address.") }
        guard target.host.equalsIgnoringASCIICase(address.host) else { throw Self.refusal("A redirect to another host is not followed.") }
        guard target.port == address.port && target.scheme == address.scheme || (address.scheme == "http" && target.scheme == "https")
        else {
            throw Self.refusal("A redirect to another port or to plain text is not followed.")
        }
        var next = Hop(request: request, address: target)
        let becomesGet = response.status == 303 && request.method != "HEAD" || response.status < 303 && request.method == "POST"
        if becomesGet {
            next.request.method = "GET"
            next.request.body = nil
            next.request.headers.removeAll { $0.0.asciiLowercased.hasPrefix("content-") }
        }
        return next
    }

    static func refusal(_ message: String) -> TransportFailure {
        TransportFailure(.badAnswer, message, mayHaveBeenSent: true, isRetryable: false)
    }
}
