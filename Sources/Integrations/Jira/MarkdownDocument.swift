/// The part of Markdown that tickets are written in: headings, paragraphs, nested lists, fenced code; in them bold, italic, code and links.
///
/// A backslash before ASCII punctuation means that character itself, in code inside of a line too (unlike in CommonMark): so values that a
/// template has escaped show literally wherever its author put them. In fenced code, where templates escape nothing, a backslash is one. A
/// line break is kept as one.
struct MarkdownDocument: Equatable {
    enum Block: Equatable {
        case heading(level: Int, [Inline])
        case paragraph([Inline])
        case list(List)
        /// `language` is the first word after the fence.
        case code(language: String?, text: String)
    }

    struct List: Equatable {
        struct Item: Equatable {
            var content: [Inline]
            var children: [List] = []
        }

        var isOrdered: Bool
        var items: [Item] = []
    }

    enum Inline: Equatable {
        case text(String, Style)
        case lineBreak
    }

    struct Style: Equatable {
        var isStrong = false
        var isEmphasized = false
        var isCode = false
        /// `http`, `https` or `mailto`.
        var link: String?
    }

    let blocks: [Block]

    init(_ markdown: String) {
        var parser = MarkdownBlockParser(markdown)
        blocks = parser.parse()
    }
}

/// Reads line by line; every text is some document.
private struct MarkdownBlockParser {
    private typealias Line = ArraySlice<UInt8>

    private struct Marker {
        var indent: Int
        var isOrdered: Bool
        var content: Line
    }

    private static let deepestList = 8

    private let lines: [Line]
    private var position = 0

    init(_ markdown: String) {
        // Control characters have no place in a ticket, and JIRA refuses some.
        let bytes = markdown.utf8.filter { $0 >= 0x20 && $0 != 0x7F || $0 == 0x0A || $0 == 0x09 }
        lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    }

    mutating func parse() -> [MarkdownDocument.Block] {
        var blocks: [MarkdownDocument.Block] = []
        while position < lines.count {
            let line = lines[position]
            if line.isBlank {
                position += 1
            } else if let fence = line.fence {
                blocks.append(parseCode(fence))
            } else if let (level, content) = line.heading {
                position += 1
                blocks.append(.heading(level: level, MarkdownInlineParser.parse(content)))
            } else if let marker = marker(at: position) {
                blocks.append(.list(parseList(marker, depth: 1)))
            } else {
                blocks.append(.paragraph(MarkdownInlineParser.parse(parseText(line.trimmed))))
            }
        }
        return blocks
    }

    /// This line's text and that of the lines which only go on with it.
    private mutating func parseText(_ first: Line) -> Line {
        var text = first
        position += 1
        while position < lines.count, !startsBlock(position) {
            text += [0x0A] + lines[position].trimmed
            position += 1
        }
        return text
    }

    private func startsBlock(_ index: Int) -> Bool {
        let line = lines[index]
        return line.isBlank || line.fence != nil || line.heading != nil || marker(at: index) != nil
    }

    /// To the closing fence, or to the end.
    private mutating func parseCode(_ fence: (length: Int, info: Line)) -> MarkdownDocument.Block {
        var code: [UInt8] = []
        position += 1
        while position < lines.count {
            let line = lines[position]
            position += 1
            if let end = line.fence, end.length >= fence.length, end.info.isEmpty { break }
            if !code.isEmpty { code.append(0x0A) }
            code += line
        }
        let language = fence.info.split(separator: 0x20).first.map { String(decoding: $0, as: UTF8.self) }
        return .code(language: language, text: String(decoding: code, as: UTF8.self))
    }

    private mutating func parseList(_ first: Marker, depth: Int) -> MarkdownDocument.List {
        var list = MarkdownDocument.List(isOrdered: first.isOrdered)
        while position < lines.count, let next = marker(at: position) {
            let isChild = next.indent >= first.indent + 2 && depth < Self.deepestList && !list.items.isEmpty
            if isChild {
                let child = parseList(next, depth: depth + 1)
                list.items[list.items.count - 1].children.append(child)
            } else if next.isOrdered == first.isOrdered, next.indent >= first.indent || depth == 1 {
                list.items.append(MarkdownDocument.List.Item(content: MarkdownInlineParser.parse(parseText(next.content.trimmed))))
            } else {
                break
            }
        }
        return list
    }

    /// `-`, `*`, `+`, `1.` or `1)` and a space.
    private func marker(at index: Int) -> Marker? {
        let line = lines[index]
        let indent = line.prefix { $0 == 0x20 }.count
        let rest = line.dropFirst(indent)
        let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }.count
        guard digits < 10, let sign = rest.dropFirst(digits).first else { return nil }
        guard digits > 0 ? ".)".utf8.contains(sign) : "-*+".utf8.contains(sign) else { return nil }
        let content = rest.dropFirst(digits + 1)
        guard content.isEmpty || content.first == 0x20 else { return nil }
        return Marker(indent: indent, isOrdered: digits > 0, content: content)
    }
}

extension ArraySlice<UInt8> {
    fileprivate var isBlank: Bool { allSatisfy { $0 == 0x20 || $0 == 0x09 } }

    fileprivate var trimmed: Self {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
            return self[endIndex...]
        }
        return self[first...last]
    }

    /// Three backticks or more.
    fileprivate var fence: (length: Int, info: Self)? {
        let line = trimmed
        let length = line.prefix { $0 == UInt8(ascii: "`") }.count
        let info = line.dropFirst(length)
        guard length >= 3, !info.contains(UInt8(ascii: "`")) else { return nil }
        return (length, info.trimmed)
    }

    fileprivate var heading: (level: Int, content: Self)? {
        let level = prefix { $0 == UInt8(ascii: "#") }.count
        let rest = dropFirst(level)
        guard (1...6).contains(level), rest.first == 0x20 else { return nil }
        return (level, rest.trimmed)
    }
}
