import Base
import CCurl
import Synchronization

/// One call on its way. Apart from `finish`, `isCancelled` and what is set before `submit`, it belongs to the loop's thread; libcurl's
/// callbacks run there too.
final class CurlTransfer: @unchecked Sendable {
    /// What libcurl is told, checked.
    struct Call: Sendable {
        let method: String
        let address: WebAddress
        /// Whole lines.
        let headerLines: [String]
        let body: [UInt8]?
        let timeoutMilliseconds: Int
        let connectMilliseconds: Int
        let responseLimit: Int
        let clientCertificate: ClientCertificate?

        /// May be repeated without harm (RFC 9110 section 9.2.2).
        var isIdempotent: Bool { ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"].contains(method) }
    }

    typealias Outcome = Result<HTTPResponse, TransportFailure>

    let call: Call
    private let egress: EgressPolicy
    private let headerLimit: Int
    private let completion = Mutex<(@Sendable (Outcome) -> Void)?>(nil)
    private let cancelled = Atomic<Bool>(false)

    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var response = HTTPResponse(status: 0)
    private var headerBytes = 0
    private(set) var headersEnded = false
    private var starts = 0
    private(set) var wasDenied = false
    private(set) var overflow: String?

    init(_ call: Call, egress: EgressPolicy, limits: CurlClient.Limits) {
        self.call = call
        self.egress = egress
        headerLimit = limits.headerBytes
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_slist_free_all(headerList)
        errorText.deallocate()
    }

    /// Before `submit`.
    func onFinish(_ body: @escaping @Sendable (Outcome) -> Void) { completion.withLock { $0 = body } }

    /// The first outcome counts.
    func finish(_ outcome: Outcome) {
        let body = completion.withLock { completion in
            defer { completion = nil }
            return completion
        }
        body?(outcome)
    }

    var isFinished: Bool { completion.withLock { $0 == nil } }

    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }
    func markCancelled() { cancelled.store(true, ordering: .releasing) }

    /// The answer, once libcurl has called it complete.
    var collected: HTTPResponse { response }

    // MARK: What libcurl calls

    /// Called for every connection attempt, thus for every address of a name. nil is none of the internet's.
    func permitsConnection(to address: IPAddress?) -> Bool {
        let permitted = address.map { egress.permits(host: call.address.host, address: $0, port: call.address.port) } ?? false
        if !permitted { wasDenied = true }
        return permitted
    }

    /// Called each time the request is about to be written. libcurl writes it again when a pooled connection dies before the first byte
    /// of an answer; the other side may have acted on it by then.
    func permitsWriting() -> Bool {
        starts += 1
        return starts == 1 || call.isIdempotent
    }

    var wasRepeated: Bool { starts > 1 }

    func receive(header line: UnsafeRawBufferPointer) -> Bool {
        headerBytes += line.count
        guard headerBytes <= headerLimit else {
            overflow = "The headers of the answer are longer than \(headerLimit) bytes."
            return false
        }
        let text = line.trimmed
        if text.starts(with: "HTTP/".utf8) {
            response.headers.removeAll()
            headersEnded = false
        } else if text.isEmpty {
            headersEnded = true
        } else if !headersEnded, let colon = text.firstIndex(of: UInt8(ascii: ":")) {
            let value = UnsafeRawBufferPointer(rebasing: text[(colon + 1)...]).trimmed
            response.headers.append((String(decoding: text[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self)))
        }
        return true
    }

    private static let manyBytes = 1 << 19

    func receive(body bytes: UnsafeRawBufferPointer) -> Bool {
        let count = response.body.count + bytes.count
        guard count <= call.responseLimit else {
            overflow = tooLong
            // Nobody reads it any more, and others may be as long at the same time.
            response.body = []
            return false
        }
        // What is reserved and not written takes no memory; growing by doubling would hold the old and the new block at once.
        if count > Self.manyBytes, count > response.body.capacity { response.body.reserveCapacity(call.responseLimit) }
        response.body.append(contentsOf: bytes.bindMemory(to: UInt8.self))
        return true
    }

    var tooLong: String { "The answer is longer than \(call.responseLimit) bytes." }

    func record(status: Int) { response.status = status }

    /// libcurl's words, for people only.
    var errorMessage: String { String(cString: errorText) }
}

extension UnsafeRawBufferPointer {
    /// Without spaces, tabs, CR and LF at either end.
    fileprivate var trimmed: UnsafeRawBufferPointer {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(rebasing: self[first...last])
    }
}

// MARK: - Options

extension CurlTransfer {
    /// Sets every option on a fresh or reset handle.
    func configure(_ handle: UnsafeMutableRawPointer, authorities: String) {
        configureProtocol(handle, authorities)
        configureCallbacks(handle)
        pao_easy_set_text(handle, CURLOPT_URL, call.address.text)
        pao_easy_set_size(handle, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(call.responseLimit))
        pao_easy_set_long(handle, CURLOPT_TIMEOUT_MS, call.timeoutMilliseconds)
        pao_easy_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, call.connectMilliseconds)
        configureMethod(handle)
        for line in call.headerLines { headerList = curl_slist_append(headerList, line) ?? headerList }
        pao_easy_set_pointer(handle, CURLOPT_HTTPHEADER, headerList)
        if let certificate = call.clientCertificate { configure(handle, certificate) }
    }

    /// Without QUICK_EXIT, taking a handle away while its name is looked up stops the thread until the resolver gives up. Without CAPATH
    /// libcurl keeps the parsed bundle instead of reading it for every connection.
    private func configureProtocol(_ handle: UnsafeMutableRawPointer, _ authorities: String) {
        pao_easy_set_long(handle, CURLOPT_NOSIGNAL, 1)
        pao_easy_set_long(handle, CURLOPT_QUICK_EXIT, 1)
        pao_easy_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        pao_easy_set_text(handle, CURLOPT_PROXY, "")
        pao_easy_set_text(handle, CURLOPT_ACCEPT_ENCODING, "gzip, deflate")
        pao_easy_set_text(handle, CURLOPT_CAPATH, nil)
        pao_easy_set_text(handle, CURLOPT_CAINFO, authorities)
        pao_easy_set_long(handle, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    }

    private func configureCallbacks(_ handle: UnsafeMutableRawPointer) {
        let this = Unmanaged.passUnretained(self).toOpaque()
        pao_easy_set_pointer(handle, CURLOPT_PRIVATE, this)
        pao_easy_set_pointer(handle, CURLOPT_OPENSOCKETDATA, this)
        pao_easy_set_socket_callback(handle, openSocket)
        pao_easy_set_pointer(handle, CURLOPT_PREREQDATA, this)
        pao_easy_set_prerequest_callback(handle, beforeWriting)
        pao_easy_set_pointer(handle, CURLOPT_HEADERDATA, this)
        pao_easy_set_data_callback(handle, CURLOPT_HEADERFUNCTION, receiveHeader)
        pao_easy_set_pointer(handle, CURLOPT_WRITEDATA, this)
        pao_easy_set_data_callback(handle, CURLOPT_WRITEFUNCTION, receiveBody)
        pao_easy_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
    }

    private func configureMethod(_ handle: UnsafeMutableRawPointer) {
        let carriesBody = call.body != nil || ["POST", "PUT", "PATCH"].contains(call.method)
        if carriesBody {
            let body = call.body ?? []
            pao_easy_set_body(handle, body, body.count)
        } else if call.method == "HEAD" {
            pao_easy_set_long(handle, CURLOPT_NOBODY, 1)
            return
        }
        pao_easy_set_text(handle, CURLOPT_CUSTOMREQUEST, call.method)
    }

    private func configure(_ handle: UnsafeMutableRawPointer, _ certificate: ClientCertificate) {
        let certificatePEM = Array(certificate.certificatePEM.utf8)
        let keyPEM = Array(certificate.keyPEM.utf8)
        pao_easy_set_text(handle, CURLOPT_SSLCERTTYPE, "PEM")
        pao_easy_set_blob(handle, CURLOPT_SSLCERT_BLOB, certificatePEM, certificatePEM.count)
        pao_easy_set_text(handle, CURLOPT_SSLKEYTYPE, "PEM")
        pao_easy_set_blob(handle, CURLOPT_SSLKEY_BLOB, keyPEM, keyPEM.count)
    }
}
