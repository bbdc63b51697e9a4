import Base

/// The core schema of YAML 1.2, chapter 10.3, without the numbers that JSON does not have.
enum YAMLScalar {
    enum Resolved {
        case value(JSON)
        /// A value with a word of warning.
        case doubtful(JSON, String)
        case refused(rule: String, String)
    }

    static let corePrefix = "tag:yaml.org,2002:"

    static func resolve(_ text: String, isPlain: Bool, tag: String?) -> Resolved {
        guard let tag else { return isPlain ? resolvePlain(text) : .value(.string(text)) }
        guard tag != "!", tag != corePrefix + "str" else { return .value(.string(text)) }
        guard tag.hasPrefix(corePrefix) else { return .refused(rule: "yaml-tag", refusal(ofTag: tag)) }
        return apply(String(tag.dropFirst(corePrefix.count)), to: text)
    }

    static func refusal(ofTag tag: String) -> String { "the tag \(tag.prefix(100)) is not known here" }

    private static func apply(_ type: String, to text: String) -> Resolved {
        let resolved = resolvePlain(text)
        guard case .value(let value) = resolved else { return resolved }
        switch (type, value) {
        case ("null", .null), ("bool", .bool), ("float", .number): return resolved
        case ("int", .number(let number)) where number.isInteger: return resolved
        case ("null", _), ("bool", _), ("float", _), ("int", _):
            return .refused(rule: "yaml-tag", "\"\(text.prefix(60))\" is not of the type !!\(type)")
        default: return .refused(rule: "yaml-tag", refusal(ofTag: "!!" + type))
        }
    }

    static func resolvePlain(_ text: String) -> Resolved {
        switch text {
        case "", "~", "null", "Null", "NULL": return .value(.null)
        case "true", "True", "TRUE": return .value(.bool(true))
        case "false", "False", "FALSE": return .value(.bool(false))
        default: break
        }
        guard let first = text.utf8.first, first <= UInt8(ascii: "9") else { return .value(.string(text)) }
        if isNotFinite(text) {
            return .refused(rule: "yaml-number", "\(text) is not a number that JSON has; write it in quotes if text is meant")
        }
        return number(text) ?? .value(.string(text))
    }

    private static func isNotFinite(_ text: String) -> Bool {
        let signed = text.hasPrefix("-") || text.hasPrefix("+")
        if [".nan", ".NaN", ".NAN"].contains(text) { return true }
        return [".inf", ".Inf", ".INF"].contains(signed ? String(text.dropFirst()) : text)
    }

    /// nil where the text is no number.
    private static func number(_ text: String) -> Resolved? {
        if let radix = text.hasPrefix("0o") ? 8 : text.hasPrefix("0x") ? 16 : nil {
            let digits = text.utf8.dropFirst(2)
            guard !digits.isEmpty, digits.allSatisfy({ hexDigit($0).map { $0 < radix } ?? false }) else { return nil }
            return Int(text.dropFirst(2), radix: radix).map { .value(.int($0)) } ?? outOfRange(text)
        }
        guard let parts = YAMLDecimal(text) else { return nil }
        guard let number = JSONNumber(text: parts.jsonText) else { return outOfRange(text) }
        if parts.hasLeadingZero {
            let message = "\(text) is the number \(number.text); write it in quotes if text is meant"
            return .doubtful(.number(number), message)
        }
        return .value(.number(number))
    }

    private static func outOfRange(_ text: String) -> Resolved {
        .refused(rule: "yaml-number", "the number \(text.prefix(60)) is out of range; write it in quotes if text is meant")
    }
}

/// `[-+]? ( "." [0-9]+ | [0-9]+ ( "." [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
private struct YAMLDecimal {
    private var isNegative = false
    private var whole: Substring.UTF8View
    private var fraction: Substring.UTF8View
    private var exponent: Substring

    init?(_ text: String) {
        var rest = Substring(text).utf8
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest = rest.dropFirst()
        }
        whole = Self.takeDigits(&rest)
        fraction = Substring().utf8
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = Self.takeDigits(&rest)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        exponent = Substring(rest)
        guard rest.isEmpty || Self.isExponent(rest) else { return nil }
    }

    private static func takeDigits(_ rest: inout Substring.UTF8View) -> Substring.UTF8View {
        let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
        rest = rest[digits.endIndex...]
        return digits
    }

    private static func isExponent(_ text: Substring.UTF8View) -> Bool {
        guard text.first == UInt8(ascii: "e") || text.first == UInt8(ascii: "E") else { return false }
        var digits = text.dropFirst()
        if digits.first == UInt8(ascii: "-") || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        return !digits.isEmpty && digits.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }

    var hasLeadingZero: Bool { whole.count > 1 && whole.first == 0x30 }

    /// The same number in the grammar of RFC 8259.
    var jsonText: String {
        let significant = whole.drop { $0 == 0x30 }
        var text = isNegative ? "-" : ""
        text += significant.isEmpty ? "0" : String(Substring(significant))
        if !fraction.isEmpty { text += "." + String(Substring(fraction)) }
        return text + exponent
    }
}
