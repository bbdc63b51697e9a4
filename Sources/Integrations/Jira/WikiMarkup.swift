import Base

extension MarkdownDocument {
    /// The text in JIRA's wiki markup, in which everything that is not markup shows literally.
    var wikiMarkup: String { blocks.map(WikiMarkup.text).joined(separator: "\n\n") }
}

/// Writes wiki markup. JIRA escapes by a backslash, but not every character, and takes numeric entities for any.
private enum WikiMarkup {
    static func text(_ block: MarkdownDocument.Block) -> String {
        switch block {
        case .heading(let level, let content): "h\(level). " + text(content, breaks: " ")
        case .paragraph(let content): text(content)
        case .list(let list): lines(list, prefix: "").joined(separator: "\n")
        case .code(let language, let text): code(text, language)
        }
    }

    private static func lines(_ list: MarkdownDocument.List, prefix: String) -> [String] {
        let prefix = prefix + (list.isOrdered ? "#" : "*")
        return list.items.flatMap { item in
            ["\(prefix) \(text(item.content))"] + item.children.flatMap { lines($0, prefix: prefix) }
        }
    }

    // MARK: Code

    /// The macro ends at the first `{code}` in its text, which nothing can escape: such text goes into the other macro, or, where it holds
    /// both, into lines of monospaced text.
    private static func code(_ text: String, _ language: String?) -> String {
        if !text.contains("{code") {
            let known = language.map { $0.asciiLowercased }.flatMap { languages.contains($0) ? ":\($0)" : nil } ?? ""
            return "{code\(known)}\n\(text)\n{code}"
        }
        if !text.contains("{noformat") { return "{noformat}\n\(text)\n{noformat}" }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.map { $0.isEmpty ? "" : "{{\(WikiEscape.escape(String($0), atLineStart: false))}}" }.joined(separator: "\n")
    }

    /// JIRA shows an error in place of the code for a language that it does not know.
    private static let languages: Set = [
        "bash", "c", "c#", "c++", "css", "erlang", "go", "groovy", "haskell", "html", "java", "javascript", "js", "json", "lua", "perl",
        "php", "python", "r", "ruby", "scala", "sql", "swift", "xml", "yaml",
    ]

    // MARK: Inside blocks

    private static func text(_ inlines: [MarkdownDocument.Inline], breaks: String = "\n") -> String {
        var result = ""
        for (index, inline) in inlines.enumerated() {
            switch inline {
            case .lineBreak: result += breaks
            case .text(let text, let style):
                let next = index + 1 < inlines.count ? inlines[index + 1] : .lineBreak
                let last = result.utf8.last ?? 0x0A
                result += styled(text, style, Neighbors(before: last.isWord, after: next.startsWithWord, atLineStart: last == 0x0A))
            }
        }
        return result
    }

    private struct Neighbors {
        /// Whether a letter or digit touches the text.
        var before: Bool
        var after: Bool
        var atLineStart: Bool
    }

    /// Marks count only at the edges of words, but for their form in braces. Spaces stay outside of them.
    private static func styled(_ text: String, _ style: MarkdownDocument.Style, _ neighbors: Neighbors) -> String {
        let marks = (style.isStrong ? ["*"] : []) + (style.isEmphasized ? ["_"] : [])
        let (before, core, after) = text.spacesApart
        var body = WikiEscape.escape(core, atLineStart: neighbors.atLineStart && marks.isEmpty)
        guard !core.isEmpty else { return text }
        if style.isCode { body = "{{\(body)}}" }
        if let link = style.link {
            let address = WikiEscape.address(link)
            body = core == link ? "[\(address)]" : "[\(body)|\(address)]"
        }
        let touchesWord = neighbors.before && before.isEmpty || neighbors.after && after.isEmpty
        for mark in marks.reversed() {
            let written = touchesWord ? "{\(mark)}" : mark
            body = written + body + written
        }
        return before + body + after
    }
}

enum WikiEscape {
    /// Every character of `text` shows as itself.
    static func escape(_ text: String, atLineStart: Bool) -> String {
        let scalars = Array(text.unicodeScalars)
        var result = String.UnicodeScalarView()
        var mayStartList = atLineStart
        for (index, scalar) in scalars.enumerated() {
            let previous = index > 0 ? scalars[index - 1] : nil
            let rest = scalars[(index + 1)...]
            switch scalar {
            case "\\": result += "&#92;".unicodeScalars
            case "&" where rest.first == "#" || rest.first.isLetter: result += "&#38;".unicodeScalars
            case ":" where startsEmoticon(rest), ";" where startsEmoticon(rest): result += "&#\(scalar.value);".unicodeScalars
            case "." where atLineStart && index < 8 && endsLineCommand(scalars[..<index]): result += "&#46;".unicodeScalars
            case "*", "_", "+", "^", "~", "|", "{", "}", "[", "]", "!": result += "\\\(scalar)".unicodeScalars
            case "-" where !(previous.isLetter && rest.first.isLetter), "?" where previous == "?" || rest.first == "?",
                "#" where mayStartList,
                "(" where startsSymbol(rest):
                result += "\\\(scalar)".unicodeScalars
            default: result.append(scalar)
            }
            mayStartList = mayStartList && (scalar == "#" || scalar == " ")
        }
        return String(result)
    }

    /// What would end the link.
    static func address(_ address: String) -> String {
        var result = ""
        for scalar in address.unicodeScalars {
            if "|[]{}\\^!\"".unicodeScalars.contains(scalar) {
                result += PercentEncoding.encode(String(scalar))
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// `:)`, `;)`, `:D`, `:P`.
    private static func startsEmoticon(_ rest: ArraySlice<Unicode.Scalar>) -> Bool {
        rest.first.map { ")(DPp".unicodeScalars.contains($0) } ?? false
    }

    /// `(x)`, `(/)`, `(flagoff)`: short, without spaces.
    private static func startsSymbol(_ rest: ArraySlice<Unicode.Scalar>) -> Bool {
        let inside = rest.prefix(8).prefix { $0 != " " && $0 != ")" }
        return inside.count < 8 && rest.dropFirst(inside.count).first == ")"
    }

    /// `h1.` and `bq.`.
    private static func endsLineCommand(_ start: ArraySlice<Unicode.Scalar>) -> Bool {
        let word = String(String.UnicodeScalarView(start.drop { $0 == " " }))
        return ["h1", "h2", "h3", "h4", "h5", "h6", "bq"].contains(word)
    }
}

extension Unicode.Scalar? {
    fileprivate var isLetter: Bool { map { $0.properties.isAlphabetic || $0.properties.numericType != nil } ?? false }
}

extension MarkdownDocument.Inline {
    fileprivate var startsWithWord: Bool {
        if case .text(let text, _) = self { text.utf8.first?.isWord == true } else { false }
    }
}

extension String {
    fileprivate var spacesApart: (String, String, String) {
        let bytes = Array(utf8)
        guard let first = bytes.firstIndex(where: { !$0.isSpace }), let last = bytes.lastIndex(where: { !$0.isSpace }) else {
            return (self, "", "")
        }
        let parts = [bytes[..<first], bytes[first...last], bytes[(last + 1)...]].map { String(decoding: $0, as: UTF8.self) }
        return (parts[0], parts[1], parts[2])
    }
}
