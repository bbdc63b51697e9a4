package import Base

/// A way to a value in an answer: a JSON pointer (`/a/0`) or the simple part of JSONPath (`$.a[0]['b-c']`, `$.items[*].id`).
package struct JSONSelector: Sendable, Equatable {
    enum Step: Sendable, Equatable {
        case key(String)
        /// Negative ones count from the end.
        case index(Int)
        case all
        /// A token of a pointer: an index in lists, a key in objects.
        case token(String)
    }

    package let source: String
    let steps: [Step]

    /// Throws `invalid`. Bare text (`a.b`) is read as if `$.` stood before it.
    package static func parse(_ text: String) throws(PAOError) -> JSONSelector {
        if text.isEmpty || text.hasPrefix("/") {
            guard let tokens = JSONPointer.tokens(text) else { throw fault(text, "~ must be written ~0 and / as ~1") }
            return JSONSelector(source: text, steps: tokens.map { .token($0) })
        }
        var parser = JSONSelectorParser(text)
        return JSONSelector(source: text, steps: try parser.parse())
    }

    fileprivate static func fault(_ text: String, _ message: String) -> PAOError {
        PAOError(.invalid, "\"\(text.prefix(100))\" is not a path into JSON: \(message).", hint: "Write $.a.b[0], $.items[*].id or /a/b/0.")
    }

    /// The value; a list of all matches where the path has a `*`; nil where it leads nowhere.
    package func select(in root: JSON) -> JSON? {
        var values = [root]
        for step in steps { values = values.flatMap { Self.apply(step, to: $0) } }
        return steps.contains(.all) ? .array(values) : values.first
    }

    private static func apply(_ step: Step, to value: JSON) -> [JSON] {
        switch step {
        case .key(let key): [value[key]].compactMap { $0 }
        case .token(let token): [JSONPointer.value(at: [token], in: value)].compactMap { $0 }
        case .index(let index):
            if let count = value.array?.count, index < 0 {
                [value[count + index]].compactMap { $0 }
            } else {
                [value[index]].compactMap { $0 }
            }
        case .all: value.array ?? value.object?.map(\.value) ?? []
        }
    }
}

private struct JSONSelectorParser {
    private let text: String
    private var rest: Substring.UnicodeScalarView

    init(_ text: String) {
        self.text = text
        rest = text.unicodeScalars[...]
    }

    mutating func parse() throws(PAOError) -> [JSONSelector.Step] {
        var steps: [JSONSelector.Step] = []
        if rest.first == "$" { rest.removeFirst() } else if rest.first != "[" { steps.append(try name()) }
        while let scalar = rest.popFirst() {
            switch scalar {
            case ".": steps.append(try name())
            case "[": steps.append(try bracket())
            default: throw JSONSelector.fault(text, "unexpected \(scalar)")
            }
            if steps.count > 64 { throw JSONSelector.fault(text, "it has more than 64 steps") }
        }
        return steps
    }

    private mutating func name() throws(PAOError) -> JSONSelector.Step {
        if rest.first == "*" {
            rest.removeFirst()
            return .all
        }
        let name = rest.prefix { $0 != "." && $0 != "[" && $0 != "]" && $0 != "*" && $0 != "'" && $0 != "\"" && $0 != " " }
        guard !name.isEmpty else { throw JSONSelector.fault(text, "a name was expected") }
        rest = rest[name.endIndex...]
        return .key(String(name))
    }

    private mutating func bracket() throws(PAOError) -> JSONSelector.Step {
        let step: JSONSelector.Step
        if rest.first == "'" || rest.first == "\"" {
            step = .key(try quoted(rest.removeFirst()))
        } else {
            let inside = rest.prefix { $0 != "]" }
            rest = rest[inside.endIndex...]
            if String(inside) == "*" {
                step = .all
            } else if let index = Int(String(inside)), index > -1_000_000_000 {
                step = .index(index)
            } else {
                throw JSONSelector.fault(text, "an index, * or a quoted name was expected in brackets")
            }
        }
        guard rest.popFirst() == "]" else { throw JSONSelector.fault(text, "a bracket is not closed") }
        return step
    }

    private mutating func quoted(_ quote: Unicode.Scalar) throws(PAOError) -> String {
        var name = ""
        while let scalar = rest.popFirst(), scalar != quote {
            guard let written = scalar == "\\" ? rest.popFirst() : scalar else { break }
            name.unicodeScalars.append(written)
        }
        return name
    }
}
