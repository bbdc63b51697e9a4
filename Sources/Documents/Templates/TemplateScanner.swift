import Base

/// A piece of a template's text.
enum TemplatePiece {
    case text(ArraySlice<UInt8>)
    case tag(TemplateTag)
}

struct TemplateTag {
    enum Kind {
        /// `{{...}}`
        case mustache
        /// `{{{...}}}`
        case raw
        /// `{%...%}`
        case statement
        case comment
    }

    var kind: Kind
    /// What stands between the delimiters, trimming marks and white space around cut off.
    var content: ArraySlice<UInt8>
    var trimsBefore: Bool
    var trimsAfter: Bool

    /// Whether it leaves nothing of its line when it stands alone on it (Mustache's "standalone" rule).
    var isBlock: Bool {
        switch kind {
        case .statement, .comment: return true
        case .raw: return false
        case .mustache:
            if let first = content.first, first == UInt8(ascii: "#") || first == UInt8(ascii: "/") { return true }
            let word = content.prefix { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
            return word.elementsEqual("else".utf8)
        }
    }
}

/// Cuts a template into text and tags, and applies `{{~ ~}}` and the standalone rule.
struct TemplateScanner {
    private let bytes: [UInt8]
    private let dialect: TemplateDialect
    private var offset = 0
    private var pieces: [TemplatePiece] = []

    init(_ bytes: [UInt8], dialect: TemplateDialect) {
        self.bytes = bytes
        self.dialect = dialect
    }

    mutating func scan() throws(TemplateFault) -> [TemplatePiece] {
        var textStart = 0
        while offset + 1 < bytes.count {
            guard bytes[offset] == UInt8(ascii: "{"), let tag = try scanTag() else {
                offset += 1
                continue
            }
            // scanTag has moved past the tag; its text begins where the tag's delimiter stood.
            if tag.start > textStart { pieces.append(.text(bytes[textStart..<tag.start])) }
            pieces.append(.tag(tag.tag))
            textStart = offset
        }
        if textStart < bytes.count { pieces.append(.text(bytes[textStart...])) }
        return trimmed()
    }

    /// The tag that starts here, or nil where none does. Moves past it.
    private mutating func scanTag() throws(TemplateFault) -> (tag: TemplateTag, start: Int)? {
        let start = offset
        switch (bytes[offset + 1], dialect) {
        case (UInt8(ascii: "{"), _): return try scanMustache(start).map { ($0, start) }
        case (UInt8(ascii: "%"), .flat): return (try scanTag(.statement, start, opening: 2, closing: "%}"), start)
        case (UInt8(ascii: "#"), .flat): return (try scanTag(.comment, start, opening: 2, closing: "#}"), start)
        default: return nil
        }
    }

    /// Three braces that only two close are a brace of the text and a tag: `{{{fields.key}}: 1}`.
    private mutating func scanMustache(_ start: Int) throws(TemplateFault) -> TemplateTag? {
        let rest = bytes[start...]
        if rest.starts(with: "{{!--".utf8) { return try scanTag(.comment, start, opening: 5, closing: "--}}") }
        if rest.starts(with: "{{!".utf8) || rest.starts(with: "{{~!".utf8) {
            return try scanTag(.comment, start, opening: 2, closing: "}}")
        }
        if rest.starts(with: "{{{".utf8), let end = endOfTag(from: start + 3, closing: "}}") {
            guard bytes[end...].starts(with: "}}}".utf8) else { return nil }
            return tag(.raw, start + 3..<end, closingLength: 3)
        }
        return try scanTag(.mustache, start, opening: 2, closing: "}}")
    }

    private mutating func scanTag(
        _ kind: TemplateTag.Kind, _ start: Int, opening: Int, closing: String
    ) throws(TemplateFault) -> TemplateTag {
        let end = kind == .comment ? find(closing, from: start + opening) : endOfTag(from: start + opening, closing: closing)
        guard let end else {
            var places = PlaceFinder(bytes[...])
            throw TemplateFault(.syntax, "the tag is not closed by \(closing)", at: places.position(at: start))
        }
        return tag(kind, start + opening..<end, closingLength: closing.utf8.count)
    }

    private mutating func tag(_ kind: TemplateTag.Kind, _ range: Range<Int>, closingLength: Int) -> TemplateTag {
        offset = range.upperBound + closingLength
        var content = bytes[range]
        let before = content.first.map(isTrimMark) ?? false
        if before { content = content.dropFirst() }
        let after = content.last.map(isTrimMark) ?? false
        if after { content = content.dropLast() }
        content = content.drop(while: Self.isSpace)
        while let last = content.last, Self.isSpace(last) { content = content.dropLast() }
        return TemplateTag(kind: kind, content: content, trimsBefore: before, trimsAfter: after)
    }

    private func isTrimMark(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "~") || (dialect == .flat && byte == UInt8(ascii: "-"))
    }

    private func find(_ text: String, from start: Int) -> Int? {
        var index = start
        while index + text.utf8.count <= bytes.count {
            if bytes[index] == text.utf8.first, bytes[index...].starts(with: text.utf8) { return index }
            index += 1
        }
        return nil
    }

    /// The closing delimiter outside of quotes.
    private func endOfTag(from start: Int, closing: String) -> Int? {
        var quote: UInt8?
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if let open = quote {
                if byte == UInt8(ascii: "\\") { index += 1 } else if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
            } else if byte == closing.utf8.first, bytes[index...].starts(with: closing.utf8) {
                return index
            }
            index += 1
        }
        return nil
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Every rule looks at the text as it was written, not at what an earlier one left.
    private func trimmed() -> [TemplatePiece] {
        var result = pieces
        for (index, piece) in pieces.enumerated() {
            guard case .text(let text) = piece else { continue }
            var (start, end) = (text.startIndex, text.endIndex)
            if index > 0, case .tag(let tag) = pieces[index - 1] {
                if tag.trimsAfter {
                    start = text.drop(while: Self.isSpace).startIndex
                } else if tag.isBlock, let rest = lineEnd(text, isLast: index == pieces.count - 1), startsLine(index - 1) {
                    start = rest
                }
            }
            if index + 1 < pieces.count, case .tag(let tag) = pieces[index + 1] {
                if tag.trimsBefore {
                    end = (text.lastIndex { !Self.isSpace($0) } ?? text.startIndex - 1) + 1
                } else if tag.isBlock, let rest = lineStart(text, isFirst: index == 0), endsLine(index + 1) {
                    end = rest
                }
            }
            result[index] = .text(start < end ? text[start..<end] : [])
        }
        return result
    }

    /// Where the next line starts, if only blanks stand before it.
    private func lineEnd(_ text: ArraySlice<UInt8>, isLast: Bool) -> Int? {
        let rest = text.drop(while: Self.isBlank)
        if rest.isEmpty { return isLast ? rest.endIndex : nil }
        if rest.first == 0x0A { return rest.startIndex + 1 }
        return rest.starts(with: [0x0D, 0x0A]) ? rest.startIndex + 2 : nil
    }

    /// Where the last line starts, if it is only blanks.
    private func lineStart(_ text: ArraySlice<UInt8>, isFirst: Bool) -> Int? {
        guard let last = text.lastIndex(where: { !Self.isBlank($0) }) else { return isFirst ? text.startIndex : nil }
        return text[last] == 0x0A ? last + 1 : nil
    }

    private func startsLine(_ tagIndex: Int) -> Bool {
        guard tagIndex > 0 else { return true }
        guard case .text(let text) = pieces[tagIndex - 1] else { return false }
        return lineStart(text, isFirst: tagIndex == 1) != nil
    }

    private func endsLine(_ tagIndex: Int) -> Bool {
        guard tagIndex < pieces.count - 1 else { return true }
        guard case .text(let text) = pieces[tagIndex + 1] else { return false }
        return lineEnd(text, isLast: tagIndex == pieces.count - 2) != nil
    }
}
