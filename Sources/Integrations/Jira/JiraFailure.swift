import Base

/// Why JIRA did not do what it was asked for.
package struct JiraFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        case transport(TransportFailure)
        /// An answer other than 2xx.
        case rejected(status: Int)
        /// A 2xx answer that is not what the API promises.
        case unreadable
    }

    package struct FieldError: Sendable, Equatable {
        package var field: String
        package var message: String
    }

    package var kind: Kind
    /// JIRA's `errorMessages`.
    package var messages: [String] = []
    /// JIRA's `errors`, in its order.
    package var fieldErrors: [FieldError] = []
    /// Seconds.
    package var retryAfter: Int?
    /// The call may have taken effect without our knowing: no answer, an answer nobody can read, or a 5xx.
    package var mayHaveTakenEffect: Bool

    package var isRetryable: Bool {
        switch kind {
        case .transport(let failure): failure.isRetryable
        case .rejected(let status): status >= 500 || [408, 425, 429].contains(status)
        case .unreadable: true
        }
    }

    package var description: String {
        let details = messages + fieldErrors.map { "\($0.field): \($0.message)" }
        let heading =
            switch kind {
            case .transport(let failure): "JIRA could not be reached: \(failure.message)"
            case .rejected(let status): "JIRA answered \(status)"
            case .unreadable: "JIRA's answer could not be read"
            }
        return details.isEmpty ? heading : "\(heading): \(details.joined(separator: "; "))"
    }
}

extension JiraFailure {
    init(_ failure: TransportFailure) { self.init(kind: .transport(failure), mayHaveTakenEffect: failure.mayHaveBeenSent) }

    init(_ response: HTTPResponse, retryAfter: Int?) {
        let answer = (try? JSON.parse(response.body)) ?? .null
        self.init(
            kind: .rejected(status: response.status),
            messages: answer["errorMessages"]?.array?.compactMap(\.string) ?? [],
            fieldErrors: answer["errors"]?.object?.map { FieldError(field: $0.key, message: $0.value.string ?? $0.value.description) }
                ?? [],
            retryAfter: retryAfter, mayHaveTakenEffect: response.status >= 500)
    }
}
