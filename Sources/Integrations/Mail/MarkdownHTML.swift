extension MailMessage {
    /// Markdown as an HTML document that needs nothing from outside: every text in it is escaped, and links lead to `http`, `https` and
    /// `mailto` alone.
    package static func html(markdown: String) -> String {
        let body = MarkdownDocument(markdown).blocks.map(MarkdownHTML.block).joined(separator: "\n")
        return "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head><body>\n\(body)\n</body></html>\n"
    }
}

private enum MarkdownHTML {
    static func block(_ block: MarkdownDocument.Block) -> String {
        switch block {
        case .heading(let level, let content): "<h\(level)>\(inlines(content))</h\(level)>"
        case .paragraph(let content): "<p>\(inlines(content))</p>"
        case .list(let list): self.list(list)
        case .code(_, let text): "<pre><code>\(escape(text))</code></pre>"
        }
    }

    private static func list(_ list: MarkdownDocument.List) -> String {
        let tag = list.isOrdered ? "ol" : "ul"
        let items = list.items.map { "<li>\(inlines($0.content))\($0.children.map(self.list).joined())</li>" }
        return "<\(tag)>\(items.joined())</\(tag)>"
    }

    private static func inlines(_ inlines: [MarkdownDocument.Inline]) -> String {
        inlines.map { inline in
            switch inline {
            case .lineBreak: "<br>\n"
            case .text(let text, let style): styled(escape(text), style)
            }
        }.joined()
    }

    private static func styled(_ html: String, _ style: MarkdownDocument.Style) -> String {
        var html = html
        if style.isCode { html = "<code>\(html)</code>" }
        if style.isEmphasized { html = "<em>\(html)</em>" }
        if style.isStrong { html = "<strong>\(html)</strong>" }
        if let link = style.link { html = "<a href=\"\(escape(link))\">\(html)</a>" }
        return html
    }

    /// For text and for attributes in double quotes.
    private static func escape(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;".unicodeScalars
            case "<": result += "&lt;".unicodeScalars
            case ">": result += "&gt;".unicodeScalars
            case "\"": result += "&quot;".unicodeScalars
            case "'": result += "&#39;".unicodeScalars
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
