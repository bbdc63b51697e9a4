import Base
import CCurl
import Glibc

/// Sends mail through one server.
package struct SMTPClient: Sendable {
    package enum Security: String, Sendable {
        /// TLS from the first byte (port 465).
        case tls
        /// STARTTLS, which the server must offer (port 587).
        case startTLS
        /// For a server on the same machine.
        case none
    }

    package struct Server: Sendable {
        package var host: String
        package var port: Int
        package var security: Security
        package var credentials: (user: String, password: String)?
        /// A PEM bundle that takes the place of the system's.
        package var authorities: String?

        package init(host: String, port: Int = 587, security: Security = .startTLS, credentials: (user: String, password: String)? = nil) {
            self.host = host
            self.port = port
            self.security = security
            self.credentials = credentials
        }
    }

    private let server: Server
    private let egress: EgressPolicy
    private let timeout: Duration

    package init(server: Server, egress: EgressPolicy, timeout: Duration = .seconds(30)) {
        self.server = server
        self.egress = egress
        self.timeout = timeout
    }

    /// Returns when the server has taken the mail. Each mail has a thread and a connection of its own. A failure is `mayHaveBeenSent` when
    /// the server may hold the mail: it cannot be asked. Throws `invalidURL` for a mail that cannot be sent, `badAnswer` for a refusal.
    package func send(_ message: MailMessage) async throws(TransportFailure) {
        let bytes: [UInt8]
        do throws(PAOError) { bytes = try message.encoded() } catch { throw TransportFailure(.invalidURL, error.message) }
        guard egress.redirectAllTo == nil else { throw TransportFailure(.egressDenied, "In sandbox mode no mail is sent.") }
        let delivery = MailDelivery(server, egress, message, bytes, timeout)
        let result = await withCheckedContinuation { continuation in
            let isStarted = Thread.detached("pao-mail") { continuation.resume(returning: delivery.perform()) }
            if !isStarted { continuation.resume(returning: delivery.perform()) }
        }
        try result.get()
    }
}

/// One mail on its way. `perform` is called once, on a thread that may block.
private final class MailDelivery: @unchecked Sendable {
    private let server: SMTPClient.Server
    private let egress: EgressPolicy
    private let message: MailMessage
    private let timeout: Duration
    private let bytes: [UInt8]
    private var position = 0
    private var wasDenied = false

    init(_ server: SMTPClient.Server, _ egress: EgressPolicy, _ message: MailMessage, _ bytes: [UInt8], _ timeout: Duration) {
        (self.server, self.egress, self.message, self.bytes, self.timeout) = (server, egress, message, bytes, timeout)
    }

    func perform() -> Result<Void, TransportFailure> {
        guard let handle = curl_easy_init() else { return .failure(TransportFailure(.unreachable, "Out of memory.")) }
        defer { curl_easy_cleanup(handle) }
        var recipients: UnsafeMutablePointer<curl_slist>?
        for recipient in message.to { recipients = curl_slist_append(recipients, "<\(recipient)>") ?? recipients }
        defer { curl_slist_free_all(recipients) }
        configure(handle)
        pao_easy_set_pointer(handle, CURLOPT_MAIL_RCPT, recipients)
        let code = curl_easy_perform(handle)
        return code == CURLE_OK ? .success(()) : .failure(failure(handle, code))
    }

    private func configure(_ handle: UnsafeMutableRawPointer) {
        let host = server.host.utf8.contains(UInt8(ascii: ":")) ? "[\(server.host)]" : server.host
        pao_easy_set_text(handle, CURLOPT_URL, "\(server.security == .tls ? "smtps" : "smtp")://\(host):\(server.port)")
        pao_easy_set_text(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        pao_easy_set_text(handle, CURLOPT_PROXY, "")
        pao_easy_set_long(handle, CURLOPT_NOSIGNAL, 1)
        pao_easy_set_long(
            handle, CURLOPT_USE_SSL, server.security == .startTLS ? Int(CURLUSESSL_ALL.rawValue) : Int(CURLUSESSL_NONE.rawValue))
        pao_easy_set_long(handle, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let authorities = server.authorities { pao_easy_set_text(handle, CURLOPT_CAINFO, authorities) }
        pao_easy_set_long(handle, CURLOPT_TIMEOUT_MS, max(1, min(timeout, .seconds(86_400)).milliseconds))
        if let credentials = server.credentials {
            pao_easy_set_text(handle, CURLOPT_USERNAME, credentials.user)
            pao_easy_set_text(handle, CURLOPT_PASSWORD, credentials.password)
        }
        pao_easy_set_text(handle, CURLOPT_MAIL_FROM, "<\(message.from)>")
        pao_easy_set_long(handle, CURLOPT_UPLOAD, 1)
        configureCallbacks(handle)
    }

    private func configureCallbacks(_ handle: UnsafeMutableRawPointer) {
        let this = Unmanaged.passUnretained(self).toOpaque()
        pao_easy_set_pointer(handle, CURLOPT_READDATA, this)
        pao_easy_set_data_callback(handle, CURLOPT_READFUNCTION) { buffer, size, count, context in
            guard let buffer, let context else { return 0 }
            return Unmanaged<MailDelivery>.fromOpaque(context).takeUnretainedValue().read(
                into: UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
        }
        pao_easy_set_data_callback(handle, CURLOPT_WRITEFUNCTION) { _, size, count, _ in size * count }
        pao_easy_set_pointer(handle, CURLOPT_OPENSOCKETDATA, this)
        pao_easy_set_socket_callback(handle) { context, _, address in
            guard let context, let address else { return pao_socket_bad }
            return Unmanaged<MailDelivery>.fromOpaque(context).takeUnretainedValue().open(address)
        }
    }

    private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let piece = bytes[position..<min(position + buffer.count, bytes.count)]
        buffer.copyBytes(from: piece)
        position += piece.count
        return piece.count
    }

    private func open(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        guard let target = IPAddress(address), egress.permits(host: server.host, address: target, port: server.port) else {
            wasDenied = true
            return pao_socket_bad
        }
        return openedSocket(address)
    }

    /// Once the text has begun to flow, the server may take the mail.
    private func failure(_ handle: UnsafeMutableRawPointer, _ code: CURLcode) -> TransportFailure {
        let words = String(cString: curl_easy_strerror(code))
        if wasDenied, code == CURLE_COULDNT_CONNECT { return TransportFailure(.egressDenied, "\(server.host) may not be called.") }
        var reply = 0
        pao_easy_get_long(handle, CURLINFO_RESPONSE_CODE, &reply)
        // 4xx is for now, 5xx for good (RFC 5321 section 4.2.1); both say that the mail was not taken.
        if (400..<600).contains(reply) {
            return TransportFailure(.badAnswer, "The mail server answered \(reply).", isRetryable: reply < 500)
        }
        return TransportFailure(kind(code), words, mayHaveBeenSent: position > 0)
    }

    private func kind(_ code: CURLcode) -> TransportFailure.Kind {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: .dnsTemporary
        case CURLE_COULDNT_CONNECT: .refused
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING: .cut
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_USE_SSL_FAILED, CURLE_SSL_CACERT_BADFILE: .tls
        default: .badAnswer
        }
    }
}
