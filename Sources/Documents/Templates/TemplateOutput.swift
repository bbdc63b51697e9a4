// DESIGN: literal text and values go into one buffer, and the buffer knows where it stands: in JSON and HCL whether inside of a
// quoted string (by reading every byte that is written, also of blocks and raw values), in a URL whether anything stands before.
// So a value is escaped for the very place it lands in, whichever branch led there, and cannot leave that place.

import Base

struct TemplateOutput {
    private(set) var bytes: [UInt8] = []
    private let context: EscapeContext
    private var isQuoted = false
    /// A backslash stands before the next byte, inside of a string.
    private var isAfterBackslash = false
    private var endsInValue = false

    init(_ context: EscapeContext) { self.context = context }

    /// Text of the template itself.
    mutating func append(literal: [UInt8]) throws(TemplateFault) { try write(literal, isValue: false) }

    /// `{{{raw}}}`.
    mutating func append(raw value: JSON) throws(TemplateFault) { try write(Array(Self.text(of: value).utf8), isValue: false) }

    /// `isEscaped`: the value is the result of the context's own function.
    mutating func append(_ value: JSON, isEscaped: Bool) throws(TemplateFault) {
        switch context {
        case .text: try write(Array(Self.text(of: value).utf8), isValue: true)
        case .json: try appendJSON(value, isEscaped: isEscaped)
        case .url: try appendURL(value, isEscaped: isEscaped)
        case .hcl: try appendHCL(value, isEscaped: isEscaped)
        case .markdown:
            let text = try Self.text(of: value)
            try write(isInFence ? MarkdownText.fenced(text) : MarkdownText.escape(text), isValue: true)
        case .jira:
            let text = try Self.text(of: value)
            try write(Array((isEscaped ? text : JiraMarkup.escape(text)).utf8), isValue: true)
        }
    }

    /// A value by itself, escaped as if it stood alone.
    static func escaped(_ value: JSON, for context: EscapeContext, isEscaped: Bool) throws(TemplateFault) -> JSON {
        guard case .string = value, context != .json, context != .text else { return value }
        var output = TemplateOutput(context)
        try output.append(value, isEscaped: isEscaped)
        return .string(String(decoding: output.bytes, as: UTF8.self))
    }

    static func text(of value: JSON) throws(TemplateFault) -> String {
        switch value {
        case .null: throw TemplateFault(.missing, "the value is null, and text needs one; default(...) can give it")
        case .string(let text): text
        default: value.description
        }
    }

    private mutating func appendJSON(_ value: JSON, isEscaped: Bool) throws(TemplateFault) {
        if isAfterBackslash { throw TemplateFault(.type, "a value cannot stand right after a backslash") }
        if isQuoted {
            let quoted = JSON.string(try Self.text(of: value)).bytes
            try write(quoted.dropFirst().dropLast(), isValue: true)
        } else if isEscaped, case .string(let json) = value {
            try write(Array(json.utf8), isValue: true)
        } else {
            try write(value.bytes, isValue: true)
        }
    }

    private mutating func appendURL(_ value: JSON, isEscaped: Bool) throws(TemplateFault) {
        if value.array != nil || value.object != nil {
            throw TemplateFault(.type, "\(value.templateTypeName) cannot stand in a URL; join or json and urlencode make text of it")
        }
        let text = try Self.text(of: value)
        if isEscaped { return try write(Array(text.utf8), isValue: true) }
        if bytes.isEmpty, text.hasPrefix("https://") || text.hasPrefix("http://") { return try write(Self.urlText(text), isValue: true) }
        let isInQuery = bytes.contains(UInt8(ascii: "?"))
        if !isInQuery, text == "." || text == ".." { throw TemplateFault(.type, "\"\(text)\" cannot be a part of a URL's path") }
        try write(Array(PercentEncoding.encode(text).utf8), isValue: true)
    }

    /// Keeps the structure of a URL and encodes what no URL holds.
    private static func urlText(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        for byte in text.utf8 {
            if PercentEncoding.isUnreserved(byte) || ":/?#[]@!$&'()*+,;=%".utf8.contains(byte) {
                result.append(byte)
            } else {
                result += "%\([byte].hex.uppercased())".utf8
            }
        }
        return result
    }

    private mutating func appendHCL(_ value: JSON, isEscaped: Bool) throws(TemplateFault) {
        if isAfterBackslash { throw TemplateFault(.type, "a value cannot stand right after a backslash") }
        let text = try Self.text(of: value)
        let isExpression = !isQuoted && (isEscaped || value.string == nil)
        try write(isExpression ? HCLText.disarm(text) : HCLText.escape(text), isValue: true)
    }

    /// Whether an odd number of fences has been opened by the template's own text.
    private var isInFence: Bool {
        var count = 0
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: true)
        where line.drop(while: { $0 == 0x20 }).starts(with: "```".utf8) {
            count += 1
        }
        return count % 2 == 1
    }

    private mutating func write(_ chunk: some Collection<UInt8>, isValue: Bool) throws(TemplateFault) {
        guard let first = chunk.first else { return }
        if context == .hcl, isValue || endsInValue, first == UInt8(ascii: "{"), let last = bytes.last, HCLText.isMarker(last) {
            bytes.append(last)
        }
        bytes += chunk
        endsInValue = isValue
        if context == .json || context == .hcl { follow(chunk) }
        if bytes.count > TemplateLimits.outputBytes { throw TemplateFault(.limit, "the rendered text is longer than 1 MiB") }
    }

    private mutating func follow(_ chunk: some Collection<UInt8>) {
        for byte in chunk {
            if isAfterBackslash {
                isAfterBackslash = false
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if isQuoted, byte == UInt8(ascii: "\\") {
                isAfterBackslash = true
            }
        }
    }
}
