import Base
import Integrations
import Synchronization

/// Answers in the order given and keeps what was asked; a call too many is a cut connection.
final class ScriptedTransport: Sendable {
    private let state: Mutex<(answers: [Result<HTTPResponse, TransportFailure>], requests: [HTTPRequest])>

    init(_ answers: [Result<HTTPResponse, TransportFailure>]) { state = Mutex((answers, [])) }

    convenience init(_ answers: (status: Int, body: String)...) {
        self.init(answers.map { .success(HTTPResponse(status: $0.status, body: Array($0.body.utf8))) })
    }

    var requests: [HTTPRequest] { state.withLock { $0.requests } }

    /// `POST https://... {body}` of each.
    var lines: [String] {
        requests.map { "\($0.method) \($0.url)" + ($0.body.map { " " + String(decoding: $0, as: UTF8.self) } ?? "") }
    }

    func header(_ name: String, of index: Int) -> String? {
        requests.indices.contains(index) ? requests[index].headers.first { $0.0 == name }?.1 : nil
    }

    var http: HTTPTransport {
        HTTPTransport { (request) async throws(TransportFailure) in
            let answer = self.state.withLock { state -> Result<HTTPResponse, TransportFailure>? in
                state.requests.append(request)
                return state.answers.isEmpty ? nil : state.answers.removeFirst()
            }
            guard let answer else { throw TransportFailure(.cut, "The script has ended.", mayHaveBeenSent: true) }
            return try answer.get()
        }
    }
}
