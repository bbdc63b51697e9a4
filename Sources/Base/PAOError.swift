/// The one error type of the product.
///
/// - `code` decides what happens next (HTTP status, retry, exit code). Errors are told apart by it, never by text.
/// - `message` is for the person who made the call: what is wrong, where, what to do.
/// - `detail` is for the log only; `hint` is for the operator.
/// - `findings` are the single faults of an input with several of them.
package struct PAOError: Error, Sendable, Equatable, CustomStringConvertible {
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }
    }

    /// One fault of an input: the form field (or JSON pointer, or parameter), the rule it breaks, and words for a person.
    package struct Finding: Sendable, Equatable {
        package var field: String
        package var rule: String
        package var message: String

        package init(field: String, rule: String, message: String) {
            self.field = field
            self.rule = rule
            self.message = message
        }

        package var json: JSON { ["field": .string(field), "rule": .string(rule), "message": .string(message)] }
    }

    package var code: Code
    package var message: String
    package var detail: String?
    package var hint: String?
    package var findings: [Finding]
    /// Seconds after which the same call may succeed; becomes `Retry-After`.
    package var retryAfter: Int?

    package init(
        _ code: Code, _ message: String, detail: String? = nil, hint: String? = nil, findings: [Finding] = [],
        retryAfter: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.detail = detail
        self.hint = hint
        self.findings = findings
        self.retryAfter = retryAfter
    }

    package var description: String {
        var text = "\(code.rawValue): \(message)"
        if let detail { text += " (\(detail))" }
        for finding in findings { text += "\n  \(finding.field): \(finding.message) [\(finding.rule)]" }
        return text
    }

    /// The only place where an unknown error becomes `internal`.
    package static func wrapping(_ error: any Error) -> PAOError {
        (error as? PAOError)
            ?? PAOError(.internal, "Something went wrong inside the server.", detail: String(describing: error))
    }
}

extension PAOError.Code {
    /// Not well-formed: broken JSON or YAML, a bad query parameter, a damaged cursor. Has a place in the text.
    package static let malformed = Self(rawValue: "malformed")
    package static let invalidParameter = Self(rawValue: "invalid_parameter")
    package static let unauthenticated = Self(rawValue: "unauthenticated")
    package static let forbidden = Self(rawValue: "forbidden")
    /// Absent, or outside of what the caller may see.
    package static let notFound = Self(rawValue: "not_found")
    package static let methodNotAllowed = Self(rawValue: "method_not_allowed")
    package static let notAcceptable = Self(rawValue: "not_acceptable")
    package static let requestTimeout = Self(rawValue: "request_timeout")
    /// The state of things does not allow it (illegal transition, taken name, running operation).
    package static let conflict = Self(rawValue: "conflict")
    package static let gone = Self(rawValue: "gone")
    package static let preconditionFailed = Self(rawValue: "precondition_failed")
    package static let bodyTooLarge = Self(rawValue: "body_too_large")
    package static let targetTooLong = Self(rawValue: "target_too_long")
    package static let unsupportedMediaType = Self(rawValue: "unsupported_media_type")
    package static let misdirected = Self(rawValue: "misdirected_request")
    /// Well-formed but not valid here; `findings` say why.
    package static let invalid = Self(rawValue: "invalid")
    package static let preconditionRequired = Self(rawValue: "precondition_required")
    package static let rateLimited = Self(rawValue: "rate_limited")
    package static let headersTooLarge = Self(rawValue: "headers_too_large")
    /// A fault of ours.
    package static let `internal` = Self(rawValue: "internal")
    package static let notImplemented = Self(rawValue: "not_implemented")
    package static let unavailable = Self(rawValue: "unavailable")
    package static let storageFull = Self(rawValue: "storage_full")
    /// The data directory or database cannot be used (exit 65).
    package static let data = Self(rawValue: "data")
    /// The configuration cannot be used (exit 78).
    package static let configuration = Self(rawValue: "configuration")
    package static let cancelled = Self(rawValue: "cancelled")
}
