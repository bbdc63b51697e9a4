package import Base

extension YAML {
    /// One document in block style, keys in their order, ending in a line feed. `parse` gives an equal value back.
    package static func write(_ value: JSON) -> String {
        var writer = YAMLWriter()
        writer.writeDocument(value)
        return writer.text
    }
}

private struct YAMLWriter {
    private(set) var text = ""

    mutating func writeDocument(_ value: JSON) {
        writeCollection(value, indent: 0, continuesLine: true)
    }

    /// `continuesLine`: the first line follows what already stands on this line (`- `, or nothing at the start).
    private mutating func writeCollection(_ value: JSON, indent: Int, continuesLine: Bool) {
        var isFirst = continuesLine
        switch value {
        case .array(let elements) where !elements.isEmpty:
            for element in elements {
                startLine(&isFirst, indent)
                text += "- "
                writeCollection(element, indent: indent + 2, continuesLine: true)
            }
        case .object(let object) where !object.isEmpty:
            for (key, member) in object {
                startLine(&isFirst, indent)
                writeKey(key, indent)
                writeMember(member, indent: indent)
            }
        default:
            text += scalar(value, indent: indent) + "\n"
        }
    }

    private mutating func startLine(_ isFirst: inout Bool, _ indent: Int) {
        if !isFirst { text += String(repeating: " ", count: indent) }
        isFirst = false
    }

    /// An implicit key may have at most 1024 characters; longer ones are written with `?`.
    private mutating func writeKey(_ key: String, _ indent: Int) {
        let written = YAMLText.inline(key)
        if written.unicodeScalars.count <= 1000 {
            text += written + ":"
        } else {
            text += "? " + written + "\n" + String(repeating: " ", count: indent) + ":"
        }
    }

    private mutating func writeMember(_ member: JSON, indent: Int) {
        let isFilled = !(member.array?.isEmpty ?? true) || !(member.object?.isEmpty ?? true)
        if isFilled {
            text += "\n"
            writeCollection(member, indent: indent + 2, continuesLine: false)
        } else {
            text += " " + scalar(member, indent: indent + 2) + "\n"
        }
    }

    private func scalar(_ value: JSON, indent: Int) -> String {
        switch value {
        case .string(let string): YAMLText.block(string, indent: indent) ?? YAMLText.inline(string)
        case .array: "[]"
        case .object: "{}"
        default: value.description
        }
    }
}

/// How one string is written.
private enum YAMLText {
    /// Plain where no reader, of YAML 1.1 either, takes it for anything else; in double quotes otherwise.
    static func inline(_ string: String) -> String { isPlain(string) ? string : quoted(string) }

    private static let wordsOfYAML11: Set<String> = ["y", "n", "yes", "no", "on", "off"]

    private static func isPlain(_ string: String) -> Bool {
        guard let first = string.utf8.first, let last = string.utf8.last, isWord(first) || first == UInt8(ascii: "/") else { return false }
        guard last != UInt8(ascii: ":"), last != UInt8(ascii: " "), !wordsOfYAML11.contains(string.lowercased()) else { return false }
        guard case .value(.string) = YAMLScalar.resolvePlain(string) else { return false }
        var previous: UInt8 = 0
        for byte in string.utf8 {
            guard byte >= 0x20, byte < 0x7F else { return false }
            if byte == UInt8(ascii: " "), previous == UInt8(ascii: ":") { return false }
            if byte == UInt8(ascii: "#"), previous == UInt8(ascii: " ") { return false }
            previous = byte
        }
        return true
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_")
    }

    private static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\r": text += "\\r"
            default:
                if isPrintable(scalar) { text.unicodeScalars.append(scalar) } else { text += escaped(scalar) }
            }
        }
        return text + "\""
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let width = digits.utf8.count <= 4 ? 4 : 8
        return (width == 4 ? "\\u" : "\\U") + String(repeating: "0", count: width - digits.utf8.count) + digits
    }

    /// Printable by YAML, and neither a line break of YAML 1.1 nor a byte order mark.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    /// A literal block for text of several lines; nil where the text is no such or a block could not hold it.
    static func block(_ string: String, indent: Int) -> String? {
        guard let first = string.utf8.first, first > 0x20, string.utf8.contains(0x0A) else { return nil }
        guard string.unicodeScalars.allSatisfy({ $0 == "\n" || isPrintable($0) }) else { return nil }
        var lines = string.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { String(Substring($0)) }
        var chomping = "-"
        if lines.last == "" {
            lines.removeLast()
            chomping = lines.last == "" ? "+" : ""
        }
        let margin = String(repeating: " ", count: max(indent, 2))
        return "|\(chomping)\n" + lines.map { $0.isEmpty ? "" : margin + $0 }.joined(separator: "\n")
    }
}
