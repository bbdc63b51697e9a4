import Base

extension MarkdownDocument {
    /// The text in Atlassian Document Format, version 1. Its text nodes need no escaping.
    var atlassianDocument: JSON {
        // A document without content is refused.
        let content = blocks.isEmpty ? [AtlassianDocument.node("paragraph")] : blocks.map(AtlassianDocument.node)
        return ["version": 1, "type": "doc", "content": .array(content)]
    }
}

private enum AtlassianDocument {
    static func node(_ block: MarkdownDocument.Block) -> JSON {
        switch block {
        case .heading(let level, let content): node("heading", ["level": .int(level)], nodes(content))
        case .paragraph(let content): node("paragraph", nodes(content))
        case .list(let list): node(list)
        case .code(let language, let text):
            node("codeBlock", language.map { ["language": .string($0)] }, text.isEmpty ? [] : [["type": "text", "text": .string(text)]])
        }
    }

    static func node(_ type: String, _ attributes: JSON? = nil, _ content: [JSON] = []) -> JSON {
        var node: JSON = ["type": .string(type)]
        node["attrs"] = attributes
        if !content.isEmpty { node["content"] = .array(content) }
        return node
    }

    private static func node(_ type: String, _ content: [JSON]) -> JSON { node(type, nil, content) }

    private static func node(_ list: MarkdownDocument.List) -> JSON {
        let items = list.items.map { item in
            node("listItem", [node("paragraph", nodes(item.content))] + item.children.map { node($0) })
        }
        return node(list.isOrdered ? "orderedList" : "bulletList", items)
    }

    private static func nodes(_ inlines: [MarkdownDocument.Inline]) -> [JSON] {
        inlines.map { inline in
            switch inline {
            case .lineBreak: ["type": "hardBreak"]
            case .text(let text, let style): node(text, style)
            }
        }
    }

    /// Code may be a link, but neither bold nor italic.
    private static func node(_ text: String, _ style: MarkdownDocument.Style) -> JSON {
        var marks: [JSON] = []
        if style.isCode { marks.append(["type": "code"]) }
        if style.isStrong, !style.isCode { marks.append(["type": "strong"]) }
        if style.isEmphasized, !style.isCode { marks.append(["type": "em"]) }
        if let link = style.link { marks.append(["type": "link", "attrs": ["href": .string(link)]]) }
        var node: JSON = ["type": "text", "text": .string(text)]
        if !marks.isEmpty { node["marks"] = .array(marks) }
        return node
    }
}
