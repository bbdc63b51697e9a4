import Base

@testable import Documents
@testable import Integrations

extension FuzzTarget {
    static let templateTargets = [
        FuzzTarget("template", texts: templates, words: templateWords, template),
        FuzzTarget(
            "expression",
            texts: ["fields.a == 'x' && !(fields.n > 1)", "upper(fields['odd key']) | default(\"x\")", "contains fields.list 'a'"],
            words: templateWords, expression),
        FuzzTarget(
            "escaping",
            texts: ["{{secrets.X}} ${a} %{b} \"q\" \\ {code}", "a/../b?c=d&e#f%20+", "[x|http://a] *b* _c_ h1. #- (!) :) &lt;"],
            words: [
                "{{", "}}", "${", "%{", "$", "%", "\"", "\\", "'", "\n", "\r\n", "{code}", "{noformat}", "[", "]", "|", "*", "_", "`",
                "```", "h1. ",
                "&amp;", "http://", "mailto:", "#", "\u{0}", "\u{2028}", "e\u{301}", "://", "?", "&", "/",
            ], escaping),
    ]

    private static let templates = [
        #"{"n": "{{fields.name}}", "c": {{fields.config}}, "l": [{{#each fields.list}}"{{this}}"{{#unless @last}},{{/unless}}{{/each}}]}"#,
        "{{#if fields.ssl && !(fields.n > 1)}}a{{else if contains(fields.list, 'a')}}b{{else}}c{{/if}}{{~ fields['odd key'] | default(\"x\") ~}}",
        "{% for p in parameters %}\n- {{ p.name }}: {{ p.value }}\n{% endfor %}{% if ssl %}{{- name -}}{% elif x %}{% else %}{# c #}{% endif %}",
        "{{{fields.name}}}{{! c }}{{replace(fields.name, 'a', 'b')}}{{join fields.list ', '}}{{json request.data}}",
    ]

    private static let templateWords = [
        "{{", "}}", "{{{", "}}}", "{%", "%}", "|", "||", "&&", "\"", "'", "\\", "{{/if}}", "{{#each ", "{{/each}}", "{{else}}", "(", ")",
        "[0]",
        ".", "@key", "@index", "this", "!", "-", "9e999", "==", "fields.", "fields.list", "upper", "split", "concat", "slug",
        "base64decode",
        "toNumber", "first", "keys", "~", "[-1]", "9223372036854775807", "{% endfor %}", "{% for x in ", "jiraEscape", "default",
    ]

    private static let scope = JSONScope(
        [
            "fields": [
                "name": "Ada \"x\" <b>\n${y}", "n": 3, "ssl": true, "empty": "", "list": ["a", "b"], "config": ["k": "v", "n": [1]],
                "none": nil,
                "odd key": 7, "big": 1e308, "ports": [["port": 80], ["port": 443]],
            ],
            "metadata": ["id": "redis", "tags": ["cache", "redis"]], "request": ["id": "req-1", "user": ["id": "ada"], "data": ["a": 1]],
            "system": ["timestamp": "2026-11-21T10:00:00.000Z", "date": "2026-11-21", "uuid": "u-1"], "outputs": ["a": ["id": "b"]],
        ], drawn: ["uuid": "0000-1"])

    private static func template(_ input: [UInt8]) throws {
        let text = input.text
        for dialect in [TemplateDialect.canonical, .flat] {
            let template: Template
            do throws(TemplateFault) {
                template = try Template.parse(text, dialect: dialect)
            } catch {
                try demand(isInside(error.position.line, error.position.column, of: input), "\(error) is at no place of the text")
                continue
            }
            for reference in template.references {
                try demand(
                    isInside(reference.position.line, reference.position.column, of: input), "\(reference) is at no place of the text")
            }
            for context in EscapeContext.allCases {
                let value = try? template.value(scope, as: context)
                try demand(value == (try? template.value(scope, as: context)), "renders differently the second time")
                if !text.utf8.contains(UInt8(ascii: "{")) { try demand(value == .string(text), "changes what is no tag") }
            }
            _ = try? template.condition(scope)
        }
    }

    private static func expression(_ input: [UInt8]) throws {
        for dialect in [TemplateDialect.canonical, .flat] {
            guard let expression = try? Expression.parse(input.text, dialect: dialect) else { continue }
            let value = try? expression.value(scope)
            try demand(value == (try? expression.value(scope)), "has another value the second time")
            _ = try? expression.condition(scope)
            _ = expression.references
        }
    }

    // MARK: Values in their places

    /// What was entered arrives as it is, wherever an author has put it, and changes nothing around it.
    private static func escaping(_ input: [UInt8]) throws {
        let value = input.text
        let scope = JSONScope(["fields": ["v": .string(value)]])
        func rendered(_ template: String, _ context: EscapeContext) throws -> String {
            try Template.parse(template).render(scope, as: context)
        }
        try demand(try rendered("a{{fields.v}}b", .text) == "a\(value)b", "text changes")
        let json = try rendered(#"{"a": "x{{fields.v}}y", "b": {{fields.v}}}"#, .json)
        try demand(try JSON.parse(json) == ["a": .string("x\(value)y"), "b": .string(value)], "JSON becomes \(json)")
        try url(value) { try rendered($0, .url) }
        let hcl = try rendered("\"{{fields.v}}\"", .hcl)
        try demand(hclString(hcl) == value, "HCL becomes \(hcl)")
        try markdown(value, rendered("a{{fields.v}}b", .markdown))
        _ = try rendered("a{{fields.v}}b", .jira)
    }

    /// A segment of a path and a value of a query; what cannot be a segment is refused.
    private static func url(_ value: String, _ rendered: (String) throws -> String) throws {
        let start = "https://h.example/p/"
        if [".", ".."].contains(value) {
            return try demand((try? rendered(start + "{{fields.v}}")) == nil, "\(value) leads out of a path")
        }
        let url = try rendered(start + "{{fields.v}}?q={{fields.v}}")
        let parts = url.utf8.dropFirst(start.utf8.count).split(separator: UInt8(ascii: "?"), omittingEmptySubsequences: false)
        try demand(parts.count == 2 && !parts[0].contains(UInt8(ascii: "/")), "a URL gets another shape: \(url)")
        try demand(PercentEncoding.decode(parts[0]) == value, "a path becomes \(url)")
        try demand(PercentEncoding.decode(parts[1].dropFirst(2)) == value, "a query becomes \(url)")
    }

    /// Line breaks are layout, and other control characters are nothing.
    private static func markdown(_ value: String, _ rendered: String) throws {
        guard value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else { return }
        var shown = ""
        for block in MarkdownDocument(rendered).blocks {
            guard case .paragraph(let content) = block else { throw Unsound("Markdown gets another shape: \(rendered)") }
            for inline in content {
                guard case .text(let text, let style) = inline, style == .init() else {
                    throw Unsound("Markdown is marked up: \(rendered)")
                }
                shown += text
            }
        }
        try demand(shown == "a\(value)b", "Markdown shows \(shown.debugDescription) of \(rendered)")
    }

    /// The value of one quoted template of HCL without interpolation; nil for anything else.
    private static func hclString(_ text: String) -> String? {
        var rest = Substring(text).unicodeScalars
        guard rest.count >= 2, rest.popFirst() == "\"", rest.popLast() == "\"" else { return nil }
        var value = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\\":
                guard let escaped = hclEscape(&rest) else { return nil }
                value.append(escaped)
            case "$", "%":
                value.append(scalar)
                if rest.first == "{" { return nil }
                if rest.first == scalar, rest.dropFirst().first == "{" {
                    rest.removeFirst(2)
                    value.append("{")
                }
            case "\"", "\n", "\r": return nil
            default: value.append(scalar)
            }
        }
        return String(value)
    }

    private static func hclEscape(_ rest: inout Substring.UnicodeScalarView) -> Unicode.Scalar? {
        switch rest.popFirst() {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "\"": return "\""
        case "\\": return "\\"
        case "u":
            let digits = String(rest.prefix(4))
            rest.removeFirst(min(4, rest.count))
            return UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
        default: return nil
        }
    }
}
