import Base

/// The part of JQL that automation uses: conditions on project, labels, status, key, issue type and summary, joined by AND.
/// ORDER BY is read and ignored: answers come newest first.
struct JiraQuery: Sendable {
    enum Operation: Sendable { case equals, notEquals, oneOf, noneOf, contains }

    struct Condition: Sendable {
        let field: String
        let operation: Operation
        let values: [String]
    }

    private(set) var conditions: [Condition] = []

    /// Throws `invalid` with the words JIRA uses.
    init(_ text: String) throws(PAOError) {
        var tokens = try Self.tokens(text)[...]
        while let first = tokens.first, first.lowercased() != "order" {
            if !conditions.isEmpty {
                guard first.lowercased() == "and" else { throw Self.unexpected(first) }
                tokens = tokens.dropFirst()
            }
            conditions.append(try Self.condition(&tokens))
        }
    }

    /// The labels one of which an issue must have, where the query says so: a way in that is quicker than a scan.
    var requiredLabel: String? {
        conditions.first { $0.field == "labels" && $0.operation == .equals }?.values.first
    }

    func matches(_ issue: JiraIssue) -> Bool { conditions.allSatisfy { Self.matches(issue, $0) } }

    private static func matches(_ issue: JiraIssue, _ condition: Condition) -> Bool {
        let values = values(of: condition.field, issue)
        switch condition.operation {
        case .equals, .oneOf: return values.contains { value in condition.values.contains { same($0, value) } }
        case .notEquals, .noneOf: return !values.contains { value in condition.values.contains { same($0, value) } }
        case .contains: return values.contains { value in condition.values.contains { value.lowercased().contains($0.lowercased()) } }
        }
    }

    private static func same(_ left: String, _ right: String) -> Bool { left.lowercased() == right.lowercased() }

    private static func values(of field: String, _ issue: JiraIssue) -> [String] {
        switch field {
        case "project": [issue.project]
        case "labels": issue.labels
        case "status": [issue.status.rawValue]
        case "statuscategory": [issue.status.category.name]
        case "issuetype", "type": [issue.issueType]
        case "summary", "text": [issue.summary]
        default: [issue.key]
        }
    }

    private static let fields: Set<String> = [
        "project", "labels", "status", "statuscategory", "issuetype", "type", "summary", "text", "key", "issuekey", "issue", "id",
    ]
}

extension JiraQuery {
    private static func condition(_ tokens: inout ArraySlice<String>) throws(PAOError) -> Condition {
        let field = try next(&tokens).lowercased()
        guard fields.contains(field) else {
            throw PAOError(.invalid, "Field '\(field)' does not exist or you do not have permission to view it.")
        }
        let word = try next(&tokens).lowercased()
        switch word {
        case "=": return Condition(field: field, operation: .equals, values: [try next(&tokens)])
        case "!=": return Condition(field: field, operation: .notEquals, values: [try next(&tokens)])
        case "~": return Condition(field: field, operation: .contains, values: [try next(&tokens)])
        case "in": return Condition(field: field, operation: .oneOf, values: try list(&tokens))
        case "not":
            guard try next(&tokens).lowercased() == "in" else { throw unexpected("not") }
            return Condition(field: field, operation: .noneOf, values: try list(&tokens))
        default: throw unexpected(word)
        }
    }

    private static func list(_ tokens: inout ArraySlice<String>) throws(PAOError) -> [String] {
        guard try next(&tokens) == "(" else { throw unexpected("in") }
        var values: [String] = []
        while true {
            values.append(try next(&tokens))
            let separator = try next(&tokens)
            if separator == ")" { return values }
            guard separator == "," else { throw unexpected(separator) }
        }
    }

    private static func next(_ tokens: inout ArraySlice<String>) throws(PAOError) -> String {
        guard let token = tokens.popFirst() else {
            throw PAOError(.invalid, "Error in the JQL Query: The query ends too early.")
        }
        return token
    }

    private static func unexpected(_ word: String) -> PAOError {
        PAOError(.invalid, "Error in the JQL Query: '\(word)' is not expected here.")
    }

    private static func tokens(_ text: String) throws(PAOError) -> [String] {
        var tokens: [String] = []
        var rest = Substring(text)
        while let first = rest.first {
            if first.isWhitespace {
                rest.removeFirst()
            } else if first == "\"" || first == "'" {
                tokens.append(try quoted(&rest, by: first))
            } else if rest.hasPrefix("!=") {
                tokens.append("!=")
                rest.removeFirst(2)
            } else if "(),=~".contains(first) {
                tokens.append(String(first))
                rest.removeFirst()
            } else {
                let word = rest.prefix { !$0.isWhitespace && !"(),=~!\"'".contains($0) }
                guard !word.isEmpty else { throw unexpected(String(first)) }
                tokens.append(String(word))
                rest.removeFirst(word.count)
            }
        }
        return tokens
    }

    private static func quoted(_ rest: inout Substring, by quote: Character) throws(PAOError) -> String {
        var value = ""
        rest.removeFirst()
        while let character = rest.popFirst() {
            if character == quote { return value }
            value.append(character == "\\" ? rest.popFirst() ?? "\\" : character)
        }
        throw PAOError(.invalid, "Error in the JQL Query: The quoted string '\(value)' has not been completed.")
    }
}
