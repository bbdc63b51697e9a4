package import Base
import CPCRE2

/// A regular expression of ECMA-262 with its `u` flag, as JSON Schema and the catalog use them. Matching is bounded: a pattern that
/// would take too long on a text does not match it.
package struct Pattern: Sendable {
    package enum Outcome: Sendable, Equatable {
        case match
        case noMatch
        /// Given up at the limit.
        case tooCostly
    }

    package let source: String
    private let code: PatternCode

    /// Throws `invalid` where the text is not a pattern.
    package init(_ ecmaPattern: String) throws(PAOError) {
        guard ecmaPattern.utf8.count <= 1 << 14 else { throw PAOError(.invalid, "The pattern is longer than 16 KiB.") }
        source = ecmaPattern
        var translation = PatternTranslation(ecmaPattern)
        code = try PatternCode(translation.translate(), source: ecmaPattern)
    }

    /// In PCRE2's own words, for what ECMA-262 has none.
    init(engine source: String) throws(PAOError) {
        self.source = source
        code = try PatternCode(source, source: source)
    }

    /// Whether it matches anywhere in the text.
    package func matches(_ text: String) -> Bool { search(text) == .match }

    /// Whether it matches the text from its start to its end.
    package func matchesWhole(_ text: String) -> Bool {
        code.match(text, options: PCRE2_ANCHORED | PCRE2_ENDANCHORED) == .match
    }

    package func search(_ text: String) -> Outcome { code.match(text, options: 0) }
}

/// A compiled pattern; PCRE2 lets several threads match with one.
private final class PatternCode: @unchecked Sendable {
    private let code: OpaquePointer
    private let limits: OpaquePointer

    init(_ pattern: String, source: String) throws(PAOError) {
        let options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALLOW_EMPTY_CLASS | PCRE2_NEVER_BACKSLASH_C | PCRE2_MATCH_UNSET_BACKREF
        var (error, offset): (Int32, Int) = (0, 0)
        let bytes = Array(pattern.utf8)
        guard let code = pcre2_compile_8(bytes, bytes.count, options, &error, &offset, nil) else {
            throw PAOError(.invalid, "Not a regular expression: \(Self.message(error)).", detail: source)
        }
        guard let limits = pcre2_match_context_create_8(nil) else {
            pcre2_code_free_8(code)
            throw PAOError(.internal, "Out of memory for a regular expression.")
        }
        pcre2_set_match_limit_8(limits, 500_000)
        pcre2_set_heap_limit_8(limits, 16 << 10)
        self.code = code
        self.limits = limits
    }

    deinit {
        pcre2_match_context_free_8(limits)
        pcre2_code_free_8(code)
    }

    func match(_ text: String, options: UInt32) -> Pattern.Outcome {
        guard let data = pcre2_match_data_create_8(1, nil) else { return .tooCostly }
        defer { pcre2_match_data_free_8(data) }
        var text = text
        let result = text.withUTF8 { pcre2_match_8(code, $0.baseAddress, $0.count, 0, options | PCRE2_NO_UTF_CHECK, data, limits) }
        if result >= 0 { return .match }
        return result == PCRE2_ERROR_NOMATCH ? .noMatch : .tooCostly
    }

    private static func message(_ error: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 200)
        let length = pcre2_get_error_message_8(error, &buffer, buffer.count)
        return length > 0 ? String(decoding: buffer[..<Int(length)], as: UTF8.self) : "it cannot be compiled"
    }
}
