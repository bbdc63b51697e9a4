/// Reads what stands inside a block. Time is linear in the length: a search that found no end is not made again.
struct MarkdownInlineParser {
    typealias Inline = MarkdownDocument.Inline
    typealias Style = MarkdownDocument.Style
    private typealias Delimiter = (character: UInt8, length: Int)

    private let bytes: ArraySlice<UInt8>
    private let style: Style
    /// Where the last `]` stands.
    private let lastBracket: Int
    private var position: Int
    private var inlines: [Inline] = []
    private var text: [UInt8] = []
    /// Lengths of backtick runs and, as character times 8 plus length, delimiters, which have no end after `position`.
    private var unclosed: Set<Int> = []

    static func parse(_ bytes: ArraySlice<UInt8>) -> [Inline] { parse(bytes, Style()) }

    private static func parse(_ bytes: ArraySlice<UInt8>, _ style: Style) -> [Inline] {
        var parser = MarkdownInlineParser(bytes, style)
        return parser.parse()
    }

    private init(_ bytes: ArraySlice<UInt8>, _ style: Style) {
        self.bytes = bytes
        self.style = style
        lastBracket = bytes.lastIndex(of: UInt8(ascii: "]")) ?? bytes.startIndex
        position = bytes.startIndex
    }

    private mutating func parse() -> [Inline] {
        while position < bytes.endIndex {
            switch bytes[position] {
            case UInt8(ascii: "\\"): parseEscape()
            case 0x0A:
                flush()
                inlines.append(.lineBreak)
                position += 1
            case UInt8(ascii: "`"): if !parseCode() { take() }
            case UInt8(ascii: "*"), UInt8(ascii: "_"): if !parseEmphasis() { take() }
            case UInt8(ascii: "["): if !parseLink() { take() }
            case UInt8(ascii: "h"): if !parseAddress() { take() }
            default: take()
            }
        }
        flush()
        return inlines
    }

    private mutating func take() {
        text.append(bytes[position])
        position += 1
    }

    private mutating func flush() {
        append(text[...], style)
        text = []
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>, _ style: Style) {
        guard !bytes.isEmpty else { return }
        inlines.append(.text(String(decoding: bytes, as: UTF8.self), style))
    }

    /// A backslash before a line break is the break alone.
    private mutating func parseEscape() {
        position += 1
        guard position < bytes.endIndex else { return text.append(UInt8(ascii: "\\")) }
        if bytes[position].isASCIIPunctuation {
            take()
        } else if bytes[position] != 0x0A {
            text.append(UInt8(ascii: "\\"))
        }
    }

    // MARK: Code

    private mutating func parseCode() -> Bool {
        let length = bytes[position...].prefix { $0 == UInt8(ascii: "`") }.count
        guard let end = codeEnd(from: position + length, length) else {
            text += bytes[position..<(position + length)]
            position += length
            return true
        }
        flush()
        var code = style
        code.isCode = true
        append(Self.unescaped(bytes[(position + length)..<end])[...], code)
        position = end + length
        return true
    }

    /// Where the next run of exactly `length` backticks begins.
    private mutating func codeEnd(from start: Int, _ length: Int) -> Int? {
        guard !unclosed.contains(length) else { return nil }
        var index = start
        while index < bytes.endIndex {
            if bytes[index] == UInt8(ascii: "\\") {
                index += 2
            } else if bytes[index] == UInt8(ascii: "`") {
                let run = bytes[index...].prefix { $0 == UInt8(ascii: "`") }.count
                if run == length { return index }
                index += run
            } else {
                index += 1
            }
        }
        unclosed.insert(length)
        return nil
    }

    // MARK: Bold and italic

    private mutating func parseEmphasis() -> Bool {
        let character = bytes[position]
        let isDouble = position + 1 < bytes.endIndex && bytes[position + 1] == character
        let delimiter: Delimiter = (character, isDouble ? 2 : 1)
        let start = position + delimiter.length
        guard !(isDouble ? style.isStrong : style.isEmphasized), start < bytes.endIndex, !bytes[start].isSpace,
            character == UInt8(ascii: "*") || !isWord(position - 1), let end = emphasisEnd(from: start, delimiter)
        else { return false }
        flush()
        var inner = style
        if isDouble { inner.isStrong = true } else { inner.isEmphasized = true }
        inlines += Self.parse(bytes[start..<end], inner)
        position = end + delimiter.length
        return true
    }

    private mutating func emphasisEnd(from start: Int, _ delimiter: Delimiter) -> Int? {
        let mark = Int(delimiter.character) * 8 + delimiter.length
        guard !unclosed.contains(mark) else { return nil }
        var index = start
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\") {
                index += 2
            } else if byte == UInt8(ascii: "`") {
                let run = bytes[index...].prefix { $0 == byte }.count
                index = codeEnd(from: index + run, run).map { $0 + run } ?? index + run
            } else if byte == delimiter.character {
                let run = bytes[index...].prefix { $0 == byte }.count
                if index > start, closes(at: index, run, delimiter) { return index + (run == 3 ? 3 - delimiter.length : 0) }
                index += run
            } else {
                index += 1
            }
        }
        unclosed.insert(mark)
        return nil
    }

    /// A run of three ends both.
    private func closes(at index: Int, _ run: Int, _ delimiter: Delimiter) -> Bool {
        guard run == delimiter.length || run == 3, !bytes[index - 1].isSpace else { return false }
        return delimiter.character == UInt8(ascii: "*") || !isWord(index + run)
    }

    private func isWord(_ index: Int) -> Bool { bytes.indices.contains(index) && bytes[index].isWord }

    // MARK: Links

    /// `[text](address)`. An address that is not of the web or of mail is left as the text it is.
    private mutating func parseLink() -> Bool {
        guard style.link == nil, position < lastBracket, let close = find(UInt8(ascii: "]"), from: position + 1, within: 1000),
            close + 1 < bytes.endIndex,
            bytes[close + 1] == UInt8(ascii: "("), let end = find(UInt8(ascii: ")"), from: close + 2, within: 2000)
        else { return false }
        let address = String(decoding: Self.unescaped(bytes[(close + 2)..<end]), as: UTF8.self)
        guard Self.isLinkable(address), close > position + 1 else { return false }
        flush()
        var inner = style
        inner.link = address
        inlines += Self.parse(bytes[(position + 1)..<close], inner)
        position = end + 1
        return true
    }

    private func find(_ byte: UInt8, from start: Int, within limit: Int) -> Int? {
        var index = start
        while index < min(bytes.endIndex, start + limit) {
            if bytes[index] == byte { return index }
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    /// A bare `https://...`, without the punctuation that ends a sentence.
    private mutating func parseAddress() -> Bool {
        let rest = bytes[position...]
        guard style.link == nil, !isWord(position - 1), rest.starts(with: "https://".utf8) || rest.starts(with: "http://".utf8) else {
            return false
        }
        var end = position
        while end < bytes.endIndex, !bytes[end].isSpace, !"<>\"`)]*|".utf8.contains(bytes[end]) {
            end += bytes[end] == UInt8(ascii: "\\") && end + 1 < bytes.endIndex && bytes[end + 1].isASCIIPunctuation ? 2 : 1
        }
        while ".,;:!?".utf8.contains(bytes[end - 1]) { end -= 1 }
        let address = Self.unescaped(bytes[position..<end])
        flush()
        var link = style
        link.link = String(decoding: address, as: UTF8.self)
        append(address[...], link)
        position = end
        return true
    }

    private static func isLinkable(_ address: String) -> Bool {
        let start = address.utf8.prefix(8).map(\.asciiLowercased)
        return ["http://", "https://", "mailto:"].contains { start.starts(with: $0.utf8) && address.utf8.count > $0.utf8.count }
            && address.utf8.allSatisfy { $0 > 0x20 }
    }

    static func unescaped(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let isEscape = bytes[index] == UInt8(ascii: "\\") && index + 1 < bytes.endIndex && bytes[index + 1].isASCIIPunctuation
            if isEscape { index += 1 }
            result.append(bytes[index])
            index += 1
        }
        return result
    }
}

extension UInt8 {
    var isSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A }
    /// Letters and digits, and whatever is not ASCII.
    var isWord: Bool { asciiLowercased >= 0x61 && asciiLowercased <= 0x7A || self >= 0x30 && self <= 0x39 || self >= 0x80 }
    var isASCIIPunctuation: Bool { self > 0x20 && self < 0x7F && !isWord }
}
