import Base
import CCurl
import Glibc

extension CurlTransfer {
    /// What libcurl's result means to the caller.
    func outcome(_ handle: UnsafeMutableRawPointer, _ code: CURLcode) -> Outcome {
        var status = 0
        pao_easy_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        record(status: status)
        if code == CURLE_OK { return .success(collected) }
        return .failure(failure(handle, code))
    }

    /// Whether any byte of the request may have left: libcurl passed the point where it is handed to the connection.
    func wasWritten(_ handle: UnsafeMutableRawPointer) -> Bool {
        var bytes = 0
        var start: curl_off_t = 0
        pao_easy_get_long(handle, CURLINFO_REQUEST_SIZE, &bytes)
        pao_easy_get_size(handle, CURLINFO_PRETRANSFER_TIME_T, &start)
        return bytes > 0 || start > 0
    }

    private func failure(_ handle: UnsafeMutableRawPointer, _ code: CURLcode) -> TransportFailure {
        let sent = wasWritten(handle)
        var words = errorMessage.isEmpty ? String(cString: curl_easy_strerror(code)) : errorMessage
        if code == CURLE_OPERATION_TIMEDOUT { words = timeoutWords(sent: sent) }
        if let overflow { return TransportFailure(.tooLarge, overflow, mayHaveBeenSent: sent) }
        // The length that the answer announces is too large: nothing of it is read.
        if code == CURLE_FILESIZE_EXCEEDED { return TransportFailure(.tooLarge, tooLong, mayHaveBeenSent: sent) }
        if code == CURLE_COULDNT_CONNECT, wasDenied {
            return TransportFailure(.egressDenied, "The address that \(call.address.host) stands for may not be called.")
        }
        if code == CURLE_ABORTED_BY_CALLBACK, wasRepeated {
            return TransportFailure(.cut, "The connection ended before an answer came.", mayHaveBeenSent: true)
        }
        // A handshake may fail because the connection was cut; a certificate that is not good stays so.
        let isRetryable = code == CURLE_SSL_CONNECT_ERROR ? true : nil
        return TransportFailure(kind(handle, code), words, mayHaveBeenSent: sent, isRetryable: isRetryable)
    }

    private func kind(_ handle: UnsafeMutableRawPointer, _ code: CURLcode) -> TransportFailure.Kind {
        switch code {
        case CURLE_COULDNT_CONNECT: connectKind(handle)
        case CURLE_OPERATION_TIMEDOUT: timeoutKind(handle)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .dns
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT,
            CURLE_USE_SSL_FAILED, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_CRL_BADFILE:
            .tls
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_HTTP2, CURLE_HTTP2_STREAM: .cut
        case CURLE_URL_MALFORMAT: .invalidURL
        default: .badAnswer
        }
    }

    private func connectKind(_ handle: UnsafeMutableRawPointer) -> TransportFailure.Kind {
        var number = 0
        pao_easy_get_long(handle, CURLINFO_OS_ERRNO, &number)
        return number == Int(ECONNREFUSED) ? .refused : .unreachable
    }

    private func timeoutWords(sent: Bool) -> String {
        let milliseconds = sent ? call.timeoutMilliseconds : min(call.connectMilliseconds, call.timeoutMilliseconds)
        // Of the whole call's time a little was gone before libcurl began.
        let limit = Duration.milliseconds(max(1, (milliseconds + 50) / 100) * 100).text
        if !sent { return "\(call.address.host) could not be reached within \(limit)." }
        return "\(call.address.host) \(headersEnded ? "had sent only a part of its answer after" : "did not answer within") \(limit)."
    }

    /// Out of time while the name was looked up is the resolver's fault, not the other side's.
    private func timeoutKind(_ handle: UnsafeMutableRawPointer) -> TransportFailure.Kind {
        var lookup: curl_off_t = 0
        pao_easy_get_size(handle, CURLINFO_NAMELOOKUP_TIME_T, &lookup)
        return lookup == 0 && !wasWritten(handle) && IPAddress(call.address.host) == nil ? .dnsTemporary : .timeout
    }
}
