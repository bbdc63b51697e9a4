import Base

/// A function that templates may call. Arguments of the wrong type are faults, never empty text.
struct TemplateFunction: Sendable {
    /// The place of a fault is set by the caller.
    typealias Body = @Sendable (_ arguments: [JSON]) throws(TemplateFault) -> JSON

    let name: String
    let arity: ClosedRange<Int>
    let body: Body

    static func named(_ name: String) -> TemplateFunction? { all[name] }
    static let names = all.keys.sorted()

    var arityText: String {
        let count = arity.lowerBound == arity.upperBound ? "\(arity.lowerBound)" : "\(arity.lowerBound) to \(arity.upperBound)"
        if arity.upperBound == Int.max { return "at least \(arity.lowerBound) values" }
        return count + (count == "1" ? " value" : " values")
    }

    private static let all: [String: TemplateFunction] = {
        let functions = drawn + onText + onCollections + encodings + jira
        return Dictionary(uniqueKeysWithValues: functions.map { ($0.name, $0) })
    }()

    private init(_ name: String, _ arity: ClosedRange<Int>, _ body: @escaping Body) {
        self.name = name
        self.arity = arity
        self.body = body
    }

    /// Answered by the scope when called without arguments. `default` is evaluated by the renderer, since its first argument may be
    /// missing.
    private static let drawn = [
        TemplateFunction("uuid", 0...0) { (_) throws(TemplateFault) in throw TemplateFault(.missing, "there is no uuid here") },
        TemplateFunction("timestamp", 0...0) { (_) throws(TemplateFault) in throw TemplateFault(.missing, "there is no timestamp here") },
        TemplateFunction("date", 0...2) { (arguments) throws(TemplateFault) in try TemplateDate.format(arguments) },
        TemplateFunction("default", 2...2) { (arguments) throws(TemplateFault) in arguments[0].isNull ? arguments[1] : arguments[0] },
    ]

    private static let onText = [
        TemplateFunction("upper", 1...1) { (a) throws(TemplateFault) in .string(try text(a[0], "upper").uppercased()) },
        TemplateFunction("lower", 1...1) { (a) throws(TemplateFault) in .string(try text(a[0], "lower").lowercased()) },
        TemplateFunction("trim", 1...1) { (a) throws(TemplateFault) in .string(TemplateText.trim(try text(a[0], "trim"))) },
        TemplateFunction("slug", 1...1) { (a) throws(TemplateFault) in .string(try TemplateText.slug(try text(a[0], "slug"))) },
        TemplateFunction("concat", 1...Int.max) { (a) throws(TemplateFault) in
            var whole = ""
            for argument in a { whole += try scalarText(argument, "concat") }
            return .string(whole)
        },
        TemplateFunction("replace", 3...3) { (a) throws(TemplateFault) in
            let (subject, wanted) = (try text(a[0], "replace"), try text(a[1], "replace"))
            return .string(try TemplateText.replace(wanted, in: subject, by: try text(a[2], "replace")))
        },
        TemplateFunction("split", 2...2) { (a) throws(TemplateFault) in
            .array(try TemplateText.split(try text(a[0], "split"), at: try text(a[1], "split")).map(JSON.string))
        },
        TemplateFunction("toNumber", 1...1) { (a) throws(TemplateFault) in
            if case .number = a[0] { return a[0] }
            let written = TemplateText.trim(try text(a[0], "toNumber"))
            guard let number = JSONNumber(text: written) else {
                throw TemplateFault(.type, "toNumber: \"\(written.prefix(60))\" is not a number")
            }
            return .number(number)
        },
    ]

    private static let onCollections = [
        TemplateFunction("join", 1...2) { (a) throws(TemplateFault) in
            var parts: [String] = []
            for element in try list(a[0], "join") { parts.append(try scalarText(element, "join")) }
            return .string(parts.joined(separator: a.count > 1 ? try text(a[1], "join") : ","))
        },
        TemplateFunction("first", 1...1) { (a) throws(TemplateFault) in try element(list(a[0], "first").first, "first") },
        TemplateFunction("last", 1...1) { (a) throws(TemplateFault) in try element(list(a[0], "last").last, "last") },
        TemplateFunction("length", 1...1) { (a) throws(TemplateFault) in
            switch a[0] {
            case .string(let text): .int(text.unicodeScalars.count)
            case .array(let elements): .int(elements.count)
            case .object(let object): .int(object.count)
            default: throw wrongType("length", "a text, a list or an object", a[0])
            }
        },
        TemplateFunction("contains", 2...2) { (a) throws(TemplateFault) in
            switch a[0] {
            case .array(let elements): .bool(elements.contains(a[1]))
            case .object(let object): .bool(object.contains(try text(a[1], "contains")))
            case .string(let subject): .bool(try TemplateText.contains(try text(a[1], "contains"), in: subject))
            default: throw wrongType("contains", "a text, a list or an object", a[0])
            }
        },
        TemplateFunction("keys", 1...1) { (a) throws(TemplateFault) in .array(try object(a[0], "keys").keys.map(JSON.string)) },
        TemplateFunction("values", 1...1) { (a) throws(TemplateFault) in .array(try object(a[0], "values").map(\.value)) },
    ]

    private static let encodings = [
        TemplateFunction("json", 1...1) { (a) throws(TemplateFault) in .string(a[0].description) },
        TemplateFunction("base64", 1...1) { (a) throws(TemplateFault) in .string(Base64.encode(Array(try scalarText(a[0], "base64").utf8)))
        },
        TemplateFunction("base64decode", 1...1) { (a) throws(TemplateFault) in
            let encoded = TemplateText.trim(try text(a[0], "base64decode"))
            guard let bytes = Base64.decode(encoded), let decoded = String(validating: bytes, as: UTF8.self) else {
                throw TemplateFault(.type, "base64decode: the value is not text in base64")
            }
            return .string(decoded)
        },
        TemplateFunction("sha256", 1...1) { (a) throws(TemplateFault) in
            .string(Hash.sha256(Array(try scalarText(a[0], "sha256").utf8)).hex)
        },
        TemplateFunction("urlencode", 1...1) { (a) throws(TemplateFault) in
            .string(PercentEncoding.encode(try scalarText(a[0], "urlencode")))
        },
    ]

    private static let jira = [
        TemplateFunction("jiraEscape", 1...1) { (a) throws(TemplateFault) in .string(JiraMarkup.escape(try scalarText(a[0], "jiraEscape")))
        },
        TemplateFunction("jiraIssueType", 1...1) { (a) throws(TemplateFault) in
            .string(JiraMarkup.issueType(try text(a[0], "jiraIssueType")))
        },
    ]

    private static func wrongType(_ name: String, _ expected: String, _ value: JSON) -> TemplateFault {
        TemplateFault(.type, "\(name) takes \(expected), not \(value.templateTypeName)")
    }

    private static func text(_ value: JSON, _ name: String) throws(TemplateFault) -> String {
        guard case .string(let text) = value else { throw wrongType(name, "a text", value) }
        return text
    }

    private static func scalarText(_ value: JSON, _ name: String) throws(TemplateFault) -> String {
        switch value {
        case .string(let text): text
        case .number(let number): number.text
        case .bool(let flag): flag ? "true" : "false"
        default: throw wrongType(name, "a text, a number or a boolean", value)
        }
    }

    private static func list(_ value: JSON, _ name: String) throws(TemplateFault) -> [JSON] {
        guard case .array(let elements) = value else { throw wrongType(name, "a list", value) }
        return elements
    }

    private static func object(_ value: JSON, _ name: String) throws(TemplateFault) -> JSONObject {
        guard case .object(let object) = value else { throw wrongType(name, "an object", value) }
        return object
    }

    private static func element(_ value: JSON?, _ name: String) throws(TemplateFault) -> JSON {
        guard let value else { throw TemplateFault(.missing, "\(name): the list is empty") }
        return value
    }
}

extension JSON {
    /// The type as messages call it.
    var templateTypeName: String {
        switch self {
        case .null: "nothing (null)"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
