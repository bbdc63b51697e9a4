import Base
import Documents

/// `${{ ... }}` (Nunjucks over parameters, steps, user and secrets) in our templates.
final class BackstageTranslation {
    private let fields: [String: String]
    private let repositories: Set<String>
    private let report: BackstageReport
    /// Outputs that are read, by step, in the order of appearance.
    private(set) var outputs: [String: [String]] = [:]

    init(fields: [String: String], repositories: Set<String>, report: BackstageReport) {
        self.fields = fields
        self.repositories = repositories
        self.report = report
    }

    /// Every text in the value.
    func value(_ value: JSON, at place: String) -> JSON {
        switch value {
        case .string(let text): .string(template(text, at: place))
        case .array(let elements): .array(elements.enumerated().map { self.value($1, at: "\(place)[\($0)]") })
        case .object(let object): .object(JSONObject(object.map { ($0.key, self.value($0.value, at: "\(place).\($0.key)")) }))
        default: value
        }
    }

    /// An expression that has no equivalent stays as words without braces, and is reported.
    func template(_ text: String, at place: String) -> String {
        var result = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "${{") {
            result += rest[..<start.lowerBound]
            rest = rest[start.upperBound...]
            guard let end = rest.firstRange(of: "}}") else {
                report.add(place, "an expression does not end")
                break
            }
            let source = String(rest[..<end.lowerBound]).trimmed
            rest = rest[end.upperBound...]
            if let translated = expression(source) {
                result += translated
            } else {
                report.add(place, "the expression \(source) has no equivalent")
                result += "(\(source))"
            }
        }
        result += rest
        if (try? Template.parse(result)) != nil { return result }
        report.add(place, "the text would not be a template here; its braces were taken away")
        return result.replacing("{{", with: "(").replacing("}}", with: ")")
    }

    // MARK: Expressions

    /// With its braces; nil without an equivalent.
    private func expression(_ source: String) -> String? {
        if let repository = repository(source) { return repository }
        guard let words = words(source) else { return nil }
        let text = words.joined()
        return (try? Expression.parse(text)) == nil ? nil : "{{\(text)}}"
    }

    /// `parameters.repoUrl` of a picker, whole or taken apart by Backstage's own filters.
    private func repository(_ source: String) -> String? {
        for name in repositories {
            let (id, path) = (fields[name] ?? name, "parameters.\(name)")
            let (owner, repo) = ("{{fields.\(id)Owner}}", "{{fields.\(id)Name}}")
            let compact = source.replacing(" ", with: "").replacing("\"", with: "'")
            switch compact {
            case path: return "github.com?owner=\(owner)&repo=\(repo)"
            case "\(path)|projectSlug": return "\(owner)/\(repo)"
            case "(\(path)|parseRepoUrl).owner", "(\(path)|parseRepoUrl)['owner']", "\(path)|parseRepoUrl|pick('owner')": return owner
            case "(\(path)|parseRepoUrl).repo", "(\(path)|parseRepoUrl)['repo']", "\(path)|parseRepoUrl|pick('repo')": return repo
            default: continue
            }
        }
        return nil
    }

    private static let operators = ["and": "&&", "or": "||", "not": "!", "true": "true", "false": "false", "none": "null", "null": "null"]
    private static let filters = [
        "lower": "lower", "upper": "upper", "trim": "trim", "replace": "replace", "join": "join", "default": "default", "first": "first",
        "last": "last", "length": "length", "dump": "json", "urlencode": "urlencode", "string": "trim",
    ]

    /// The pieces of an expression in our spelling.
    private func words(_ source: String) -> [String]? {
        var scanner = BackstageScanner(source)
        var words: [String] = []
        while let token = scanner.next() {
            switch token {
            case .text(let text): words.append(text)
            case .symbol(let symbol): words.append(["===": "==", "!==": "!="][symbol] ?? symbol)
            case .name(let path):
                if words.last(where: { $0 != " " }) == "|" {
                    guard path.count == 1, let filter = Self.filters[path[0]] else { return nil }
                    words.append(filter)
                } else if path.count == 1, let word = Self.operators[path[0]] {
                    words.append(word)
                } else if path.count == 1, path[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
                    words.append(path[0])
                } else {
                    guard let path = self.path(path) else { return nil }
                    words.append(path)
                }
            }
        }
        return scanner.isSound ? words : nil
    }

    private func path(_ path: [String]) -> String? {
        let rest = Array(path.dropFirst())
        switch (path[0], rest.first) {
        case ("parameters", let name?) where !repositories.contains(name):
            return (["fields", fields[name] ?? name] + rest.dropFirst()).joined(separator: ".")
        case ("steps", let step?) where rest.count > 2 && rest[1] == "output": return output(step, Array(rest.dropFirst(2)))
        case ("secrets", .some): return path.joined(separator: ".")
        case ("user", .some): return user(rest)
        case ("context", "task"?) where rest == ["task", "id"]: return "request.id"
        default: return nil
        }
    }

    private func output(_ step: String, _ path: [String]) -> String {
        if !(outputs[step] ?? []).contains(path[0]) { outputs[step, default: []].append(path[0]) }
        return (["outputs", BackstageSteps.id(step)] + path).joined(separator: ".")
    }

    private func user(_ path: [String]) -> String? {
        switch path.joined(separator: ".") {
        case "ref", "entity.metadata.name": "request.user.login"
        case "entity.spec.profile.email": "request.user.email"
        default: nil
        }
    }
}

/// The tokens of a Nunjucks expression that concern us; everything between two of them is kept.
private struct BackstageScanner {
    enum Token { case text(String), symbol(String), name([String]) }

    private var rest: [Character]
    private(set) var isSound = true

    init(_ source: String) { rest = Array(source.reversed()) }

    mutating func next() -> Token? {
        guard let character = rest.last else { return nil }
        if character == "'" || character == "\"" { return quoted().map { .text("\"\($0.replacing("\"", with: "\\\""))\"") } }
        if Self.isName(character) { return .name(path()) }
        if character == " " || character == "\n" || character == "\t" {
            while let space = rest.last, space == " " || space == "\n" || space == "\t" { rest.removeLast() }
            return .text(" ")
        }
        for symbol in ["===", "!==", "==", "!=", "<=", ">=", "|"] where rest.suffix(symbol.count).reversed().elementsEqual(symbol) {
            rest.removeLast(symbol.count)
            return .symbol(symbol)
        }
        rest.removeLast()
        return .text(String(character))
    }

    private static func isName(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "_")
    }

    /// A text in quotes, without them.
    private mutating func quoted() -> String? {
        let quote = rest.removeLast()
        var text = ""
        while let character = rest.popLast() {
            if character == quote { return text }
            text.append(character)
        }
        isSound = false
        return nil
    }

    /// `a.b['c-d'][0]` as its keys.
    private mutating func path() -> [String] {
        var keys = [name()]
        while let character = rest.last {
            if character == ".", rest.count > 1, Self.isName(rest[rest.count - 2]) {
                rest.removeLast()
                keys.append(name())
            } else if character == "[" {
                rest.removeLast()
                let key = rest.last == "'" || rest.last == "\"" ? quoted() : name()
                guard let key, !key.isEmpty, rest.popLast() == "]" else {
                    isSound = false
                    return keys
                }
                keys.append(key)
            } else {
                break
            }
        }
        return keys
    }

    private mutating func name() -> String {
        var name = ""
        while let character = rest.last,
            Self.isName(character) || (character == "-" && !name.isEmpty && rest.count > 1 && Self.isName(rest[rest.count - 2]))
        {
            name.append(rest.removeLast())
        }
        return name
    }
}
