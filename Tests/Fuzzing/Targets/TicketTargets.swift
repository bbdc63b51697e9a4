import Base

@testable import Integrations

extension FuzzTarget {
    static let ticketTargets = [
        FuzzTarget(
            "markdown",
            texts: [
                "# Title\n\nA **bold** and *thin* `code` [link](https://a.example/b?c).\n\n- a\n  - b\n1. c\n2) d\n\n```yaml\nx: [1]\n```\nend\\*",
                "***a** b*_c_ <https://x> ![i](j) &amp; | ~ \\\\ \\[x\\](y)\n> q\n\t- t\n",
                "{code}{noformat} h1. x\n----\n||a||b||\n(!) :) [~ada]",
            ],
            words: [
                "*", "**", "***", "_", "`", "```", "~~~", "# ", "- ", "1. ", "\n", "\n\n", "    ", "\t", "[", "](", ")", "<", ">", "\\",
                "{code}", "{", "}", "|",
                "!", "h1. ", "https://", "mailto:", "javascript:", "&#92;", "\u{200B}", "\u{A0}", "\r\n",
            ], markdown)
    ]

    private static func markdown(_ input: [UInt8]) throws {
        let document = MarkdownDocument(input.text)
        _ = document.wikiMarkup
        let json = document.atlassianDocument
        try demand(json["type"] == "doc" && json["version"] == 1, "is no document: \(json)")
        try checkNode(json, in: nil)
    }

    /// What Atlassian's schema of the format demands of every node.
    private static func checkNode(_ node: JSON, in parent: String?) throws {
        let type = node["type"]?.string ?? ""
        let children = node["content"]?.array ?? []
        switch type {
        case "text":
            try demand(node["text"]?.string?.isEmpty == false, "an empty text in \(parent ?? "nothing")")
            for mark in node["marks"]?.array ?? [] where mark["type"] == "link" {
                let target = mark["attrs"]?["href"]?.string?.lowercased() ?? ""
                try demand(["http://", "https://", "mailto:"].contains { target.hasPrefix($0) }, "a link to \(target)")
            }
            if parent == "codeBlock" { try demand(node["marks"] == nil, "markup in code") }
        case "bulletList", "orderedList":
            try demand(!children.isEmpty && children.allSatisfy { $0["type"] == "listItem" }, "a list without items")
        case "listItem": try demand(children.first?["type"] == "paragraph", "an item without a paragraph")
        case "heading": try demand((1...6).contains(node["attrs"]?["level"]?.int ?? 0), "a heading of no level")
        case "doc": try demand(!children.isEmpty, "a document without content")
        case "paragraph", "codeBlock", "hardBreak": break
        default: throw Unsound("there is no node \(type)")
        }
        for child in children { try checkNode(child, in: type) }
    }
}
