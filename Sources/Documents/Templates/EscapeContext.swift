import Base

/// What kind of text a template's values are written into.
package enum EscapeContext: String, Sendable, CaseIterable {
    case text
    /// JSON text: escaped inside of its strings, typed JSON outside of them.
    case json
    /// A URL: percent-encoded. A value that starts the URL and is an http(s) URL itself keeps its structure.
    case url
    /// Terraform text: the escapes of HCL's quoted strings, interpolation and directives disarmed.
    case hcl
    /// JIRA wiki markup, which shows the value literally.
    case jira
    /// Markdown that will be turned into what a ticket system shows: the value appears literally, also inside of a code fence.
    case markdown

    /// The function whose result is right in this context as it is.
    var ownFunction: String? {
        switch self {
        case .text, .markdown: nil
        case .json, .hcl: "json"
        case .url: "urlencode"
        case .jira: "jiraEscape"
        }
    }
}

enum MarkdownText {
    /// A backslash before every punctuation character that could be markup; before the colon of what could be taken for an address.
    static func escape(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        for byte in text.utf8 {
            if "\\`*_{}[]()#+-.!|<>~&:".utf8.contains(byte) { result.append(UInt8(ascii: "\\")) }
            result.append(byte)
        }
        return result
    }

    /// Inside of a code fence nothing is markup but the fence's own end, which a zero-width space breaks.
    static func fenced(_ text: String) -> [UInt8] { Array(text.replacing("```", with: "`\u{200B}`\u{200B}`").utf8) }
}

enum HCLText {
    /// Inside of a quoted string.
    static func escape(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): result += "\\\"".utf8
            case UInt8(ascii: "\\"): result += "\\\\".utf8
            case 0x0A: result += "\\n".utf8
            case 0x0D: result += "\\r".utf8
            case 0x09: result += "\\t".utf8
            case 0..<0x20, 0x7F: result += "\\u00\([byte].hex)".utf8
            default: append(byte, to: &result)
            }
        }
        return result
    }

    /// A JSON text as an HCL expression: only interpolation and directives are disarmed.
    static func disarm(_ json: String) -> [UInt8] {
        var result: [UInt8] = []
        for byte in json.utf8 { append(byte, to: &result) }
        return result
    }

    /// `${` becomes `$${`, `%{` becomes `%%{`.
    private static func append(_ byte: UInt8, to result: inout [UInt8]) {
        if byte == UInt8(ascii: "{"), let last = result.last, isMarker(last) { result.append(last) }
        result.append(byte)
    }

    static func isMarker(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "$") || byte == UInt8(ascii: "%") }
}

enum JiraMarkup {
    /// Backslashes before what JIRA reads as markup; entities where it knows no backslash. Dashes, underscores and plus signs
    /// inside of words stay, since JIRA reads them as text there.
    static func escape(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            let previous = index > 0 ? bytes[index - 1] : nil
            let next = index + 1 < bytes.count ? bytes[index + 1] : nil
            switch byte {
            case UInt8(ascii: "\\"): result += "&#92;".utf8
            case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "*"), UInt8(ascii: "|"),
                UInt8(ascii: "^"), UInt8(ascii: "~"), UInt8(ascii: "!"), UInt8(ascii: "?"):
                result += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "+"):
                result += isWord(previous) && isWord(next) ? [byte] : [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "#") where isLineStart(bytes, index): result += "\\#".utf8
            case UInt8(ascii: "&") where isEntity(bytes[index...]): result += "&amp;".utf8
            case UInt8(ascii: ".") where isBlockPrefix(bytes, index): result += "&#46;".utf8
            case UInt8(ascii: "("): result += next.map(isIcon) ?? false ? "\\(".utf8 : "(".utf8
            case UInt8(ascii: ":"), UInt8(ascii: ";"):
                result += next.map(isMouth) ?? false ? "&#\(byte);".utf8 : String(UnicodeScalar(byte)).utf8
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isWord(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte >= 0x80
    }

    /// Only white space before it on its line.
    private static func isLineStart(_ bytes: [UInt8], _ index: Int) -> Bool {
        let before = bytes[..<index].last { $0 != 0x20 && $0 != 0x09 && $0 != UInt8(ascii: "#") }
        return before == nil || before == 0x0A || before == 0x0D
    }

    /// `h1.` to `h6.` and `bq.` at the start of a line.
    private static func isBlockPrefix(_ bytes: [UInt8], _ index: Int) -> Bool {
        guard index >= 2, isLineStart(bytes, index - 2) else { return false }
        let name = (bytes[index - 2], bytes[index - 1])
        return name == (UInt8(ascii: "b"), UInt8(ascii: "q")) || (name.0 == UInt8(ascii: "h") && (0x31...0x36).contains(name.1))
    }

    private static func isEntity(_ bytes: ArraySlice<UInt8>) -> Bool {
        let name = bytes.dropFirst().prefix(32).prefix { isWord($0) || $0 == UInt8(ascii: "#") }
        return !name.isEmpty && bytes.dropFirst(name.count + 1).first == UInt8(ascii: ";")
    }

    /// What may follow `(` in an icon: `(/)`, `(x)`, `(!)`, `(on)`.
    private static func isIcon(_ byte: UInt8) -> Bool { "/xiy!?+-*no%f".utf8.contains(byte) }

    private static func isMouth(_ byte: UInt8) -> Bool { ")(PD|".utf8.contains(byte) }

    /// The issue type that a priority, or the name of a type in any case, stands for; Task for all others.
    static func issueType(_ text: String) -> String {
        let name = TemplateText.trim(text).lowercased()
        switch name {
        case "critical", "blocker", "highest", "urgent", "emergency", "p0", "p1": return "Incident"
        case "task", "bug", "story", "epic", "incident", "change", "problem": return name.prefix(1).uppercased() + name.dropFirst()
        case "service request", "service-request": return "Service Request"
        default: return "Task"
        }
    }
}
