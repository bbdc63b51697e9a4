import Base
import Web

/// JIRA's REST API, versions 2 (text as wiki markup) and 3 (text as Atlassian documents): issues, search, comments, links,
/// transitions. Every project exists. Like the real one it does not know `Idempotency-Key`, and a new issue is found by a search
/// only after a while; a side effect is counted under the key that the issue's label `pao-<key>` carries.
struct JiraStandIn: Sendable {
    private let searchLag: Duration
    private var issues: [String: JiraIssue] = [:]
    /// Oldest first.
    private var order: [String] = []
    private var keysByLabel: [String: [String]] = [:]
    private var numbers: [String: Int] = [:]
    private var links: [Int: Link] = [:]
    private var nextLink = 10_000

    private struct Link: Sendable {
        let type: String
        let inward: String
        let outward: String
    }

    init(searchLag: Duration) { self.searchLag = searchLag }

    mutating func answer(_ call: Call, _ ledger: inout Ledger) -> Response {
        switch call {
        case "POST /rest/api/*/issue": create(call, &ledger)
        case "GET /rest/api/*/issue/*": read(call)
        case "PUT /rest/api/*/issue/*": edit(call)
        case "DELETE /rest/api/*/issue/*": remove(call)
        case "GET /rest/api/*/issue/*/comment": comments(call)
        case "POST /rest/api/*/issue/*/comment": comment(call)
        case "GET /rest/api/*/issue/*/transitions": transitions(call)
        case "POST /rest/api/*/issue/*/transitions": transition(call)
        case "POST /rest/api/*/issueLink": link(call)
        case "GET /rest/api/*/search", "POST /rest/api/*/search": search(call)
        case "GET /rest/api/*/search/jql", "POST /rest/api/*/search/jql": searchByToken(call)
        case "GET /rest/api/*/myself": .json(["accountId": "sandbox", "displayName": "Sandbox", "active": true])
        case "GET /rest/api/*/serverInfo": .json(["baseUrl": .string(call.origin), "deploymentType": "Cloud", "version": "1001.0.0"])
        default: Self.fault(404, "There is no such endpoint in the sandbox's JIRA.")
        }
    }

    mutating func advance(_ step: Advance) -> [String] {
        var moved: [String] = []
        for key in order {
            guard var issue = issues[key], !issue.status.isEnd, step.means(names: [key] + issue.labels, texts: [issue.summary]) else {
                continue
            }
            issue.move(to: step.succeeds ? .done : .wontDo, at: step.at)
            issues[key] = issue
            moved.append(key)
        }
        return moved
    }

    var state: JSON {
        let links = links.sorted { $0.key < $1.key }.map { _, link -> JSON in
            ["type": .string(link.type), "inward": .string(link.inward), "outward": .string(link.outward)]
        }
        return ["issues": .array(order.compactMap { issues[$0]?.summaryJSON }), "links": .array(links)]
    }

    /// Whether texts are Atlassian documents.
    private static func takesDocuments(_ call: Call) -> Bool { call.path[2] == "3" }
    private static func base(_ call: Call) -> String { "\(call.origin)/rest/api/\(call.path[2])" }

    static func fault(_ status: Int, _ message: String? = nil, errors: [(String, String)] = []) -> Response {
        .json(
            [
                "errorMessages": .array(message.map { [.string($0)] } ?? []),
                "errors": .object(JSONObject(errors.map { ($0, .string($1)) })),
            ], status: status)
    }

    private static let noIssue = fault(404, "Issue does not exist or you do not have permission to see it.")
}

// Issues.
extension JiraStandIn {
    private mutating func create(_ call: Call, _ ledger: inout Ledger) -> Response {
        let fields = call.json?["fields"]?.object ?? JSONObject()
        let errors = Self.errors(in: fields, call)
        guard errors.isEmpty, let project = fields["project"]?["key"]?.string else { return Self.fault(400, errors: errors) }
        let number = (numbers[project] ?? 0) + 1
        numbers[project] = number
        let issue = JiraIssue(
            id: 10_000 + order.count, key: "\(project)-\(number)", created: call.at, updated: call.at, fields: fields)
        issues[issue.key] = issue
        order.append(issue.key)
        for label in issue.labels { keysByLabel[label.lowercased(), default: []].append(issue.key) }
        ledger.count(Call.carriedKey(in: issue.labels))
        return .json(issue.reference(base: Self.base(call)), status: 201)
    }

    private static func errors(in fields: JSONObject, _ call: Call) -> [(String, String)] {
        var errors: [(String, String)] = []
        if !isProjectKey(fields["project"]?["key"]?.string) { errors.append(("project", "Specify a valid project ID or key")) }
        let type = fields["issuetype"]
        if (type?["name"]?.string ?? type?["id"]?.string ?? "").isEmpty { errors.append(("issuetype", "Specify an issue type")) }
        return errors + textErrors(in: fields, call, isNew: true)
    }

    private static func textErrors(in fields: JSONObject, _ call: Call, isNew: Bool) -> [(String, String)] {
        var errors: [(String, String)] = []
        let summary = fields["summary"]?.string ?? ""
        if summary.isEmpty, isNew || fields.contains("summary") {
            errors.append(("summary", "You must specify a summary of the issue."))
        } else if summary.unicodeScalars.count > 255 {
            errors.append(("summary", "Summary must be less than 255 characters."))
        } else if summary.contains(where: \.isNewline) {
            errors.append(("summary", "The summary is invalid because it contains newline characters."))
        }
        if let description = fields["description"], !isText(description, call) { errors.append(("description", textRule(call))) }
        for label in fields["labels"]?.array ?? [] where label.string?.contains(" ") != false {
            errors.append(("labels", "The label '\(label.string ?? "")' contains spaces which is invalid."))
        }
        return errors
    }

    private static func isText(_ value: JSON, _ call: Call) -> Bool {
        guard takesDocuments(call) else { return value.isNull || value.string != nil }
        return value.isNull || value["type"]?.string == "doc" && value["version"]?.int == 1 && value["content"]?.array != nil
    }

    private static func textRule(_ call: Call) -> String {
        takesDocuments(call)
            ? "Operation value must be an Atlassian Document (see the Atlassian Document Format)" : "Operation value must be a string"
    }

    private static func isProjectKey(_ key: String?) -> Bool {
        guard let key, let first = key.first, first.isASCII, first.isUppercase else { return false }
        return key.allSatisfy { $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_") }
    }

    private func read(_ call: Call) -> Response {
        guard let issue = issues[call.path[4]] else { return Self.noIssue }
        return .json(json(issue, call, fields: Self.selection(call.parameter("fields"))))
    }

    /// nil selects everything.
    private static func selection(_ names: String?) -> Set<String>? {
        guard let names, names != "*all", names != "*navigable" else { return nil }
        return Set(names.split(separator: ",").map { String($0) })
    }

    private func json(_ issue: JiraIssue, _ call: Call, fields: Set<String>?) -> JSON {
        issue.json(base: Self.base(call), links: issue.links.compactMap { linkJSON($0, from: issue.key, call) }, selected: fields)
    }

    private mutating func edit(_ call: Call) -> Response {
        guard var issue = issues[call.path[4]] else { return Self.noIssue }
        let changes = call.json?["fields"]?.object ?? JSONObject()
        let errors = Self.textErrors(in: changes, call, isNew: false)
        guard errors.isEmpty else { return Self.fault(400, errors: errors) }
        for (name, value) in changes { issue.fields[name] = value }
        for change in call.json?["update"]?["labels"]?.array ?? [] {
            var labels = issue.labels
            if let label = change["add"]?.string, !labels.contains(label) { labels.append(label) }
            if let label = change["remove"]?.string { labels.removeAll { $0 == label } }
            issue.fields["labels"] = .array(labels.map(JSON.string))
        }
        for label in issue.labels where keysByLabel[label.lowercased()]?.contains(issue.key) != true {
            keysByLabel[label.lowercased(), default: []].append(issue.key)
        }
        issue.updated = call.at
        issues[issue.key] = issue
        return Response(status: 204)
    }

    private mutating func remove(_ call: Call) -> Response {
        guard issues.removeValue(forKey: call.path[4]) != nil else { return Self.noIssue }
        return Response(status: 204)
    }

    private func comments(_ call: Call) -> Response {
        guard let issue = issues[call.path[4]] else { return Self.noIssue }
        let limit = min(call.parameter("maxResults").flatMap { Int($0) } ?? 50, 5000)
        let ordered = call.parameter("orderBy") == "-created" ? issue.comments.reversed() : issue.comments
        return .json([
            "startAt": 0, "maxResults": .int(limit), "total": .int(issue.comments.count),
            "comments": .array(Array(ordered.prefix(max(0, limit)))),
        ])
    }

    private mutating func comment(_ call: Call) -> Response {
        guard var issue = issues[call.path[4]] else { return Self.noIssue }
        guard let body = call.json?["body"], !body.isNull, Self.isText(body, call) else {
            return Self.fault(400, errors: [("comment", Self.textRule(call))])
        }
        let comment: JSON = [
            "id": "\(issue.id)\(issue.comments.count)", "body": body, "author": ["displayName": "Sandbox"],
            "created": .string(call.at.jiraText), "updated": .string(call.at.jiraText),
        ]
        issue.comments.append(comment)
        issue.updated = call.at
        issues[issue.key] = issue
        return .json(comment, status: 201)
    }

    private func transitions(_ call: Call) -> Response {
        guard let issue = issues[call.path[4]] else { return Self.noIssue }
        let transitions = issue.transitions.map { transition -> JSON in
            ["id": .string(transition.id), "name": .string(transition.name), "to": transition.to.json(base: Self.base(call))]
        }
        return .json(["expand": "transitions", "transitions": .array(transitions)])
    }

    private mutating func transition(_ call: Call) -> Response {
        guard var issue = issues[call.path[4]] else { return Self.noIssue }
        let id = call.json?["transition"]?["id"]
        guard let step = issue.transitions.first(where: { $0.id == id?.string ?? id?.int.map { "\($0)" } }) else {
            return Self.fault(400, "It seems that you have tried to perform an illegal workflow operation.")
        }
        issue.move(to: step.to, at: call.at)
        issues[issue.key] = issue
        return Response(status: 204)
    }
}

// Links.
extension JiraStandIn {
    private mutating func link(_ call: Call) -> Response {
        let type = call.json?["type"]?["name"]?.string ?? ""
        guard Self.linkTypes[type.lowercased()] != nil else { return Self.fault(404, "No issue link type with name '\(type)' found.") }
        guard let inward = call.json?["inwardIssue"]?["key"]?.string, issues[inward] != nil,
            let outward = call.json?["outwardIssue"]?["key"]?.string, issues[outward] != nil
        else { return Self.noIssue }
        nextLink += 1
        links[nextLink] = Link(type: type, inward: inward, outward: outward)
        issues[inward]?.links.append(nextLink)
        issues[outward]?.links.append(nextLink)
        return Response(status: 201)
    }

    private static let linkTypes = [
        "blocks": ("is blocked by", "blocks"), "relates": ("relates to", "relates to"), "cloners": ("is cloned by", "clones"),
        "duplicate": ("is duplicated by", "duplicates"),
    ]

    private func linkJSON(_ id: Int, from key: String, _ call: Call) -> JSON? {
        guard let link = links[id], let words = Self.linkTypes[link.type.lowercased()] else { return nil }
        let isInward = link.outward == key
        guard let other = issues[isInward ? link.inward : link.outward] else { return nil }
        return [
            "id": .string("\(id)"), "type": ["name": .string(link.type), "inward": .string(words.0), "outward": .string(words.1)],
            isInward ? "inwardIssue" : "outwardIssue": other.reference(base: Self.base(call)),
        ]
    }
}

// Search.
extension JiraStandIn {
    /// By offset: version 2 only, as in JIRA Cloud.
    private func search(_ call: Call) -> Response {
        guard !Self.takesDocuments(call) else {
            return Self.fault(410, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.")
        }
        return find(call) { found in
            let start = Self.number("startAt", call, or: 0)
            let limit = Self.number("maxResults", call, or: 50)
            let page = found.dropFirst(start).prefix(min(limit, 100))
            let fields = Self.searchSelection(call, or: "*navigable")
            return [
                "startAt": .int(start), "maxResults": .int(limit), "total": .int(found.count),
                "issues": .array(page.map { json($0, call, fields: fields) }),
            ]
        }
    }

    /// By token: without `fields` only ids come back.
    private func searchByToken(_ call: Call) -> Response {
        find(call) { found in
            let start = (call.json?["nextPageToken"]?.string ?? call.parameter("nextPageToken")).flatMap { Int($0) } ?? 0
            let page = found.dropFirst(max(0, start)).prefix(min(Self.number("maxResults", call, or: 50), 5000))
            let fields = Self.searchSelection(call, or: "id")?.subtracting(["id", "key"])
            let end = start + page.count
            var answer: JSON = ["issues": .array(page.map { json($0, call, fields: fields) }), "isLast": .bool(end >= found.count)]
            if end < found.count { answer["nextPageToken"] = .string("\(end)") }
            return answer
        }
    }

    /// Newest first.
    private func find(_ call: Call, _ page: ([JiraIssue]) -> JSON) -> Response {
        let query: JiraQuery
        do throws(PAOError) {
            query = try JiraQuery(call.json?["jql"]?.string ?? call.parameter("jql") ?? "")
        } catch {
            return Self.fault(400, error.message)
        }
        let visible = call.at - searchLag
        let keys = query.requiredLabel.map { keysByLabel[$0.lowercased()] ?? [] } ?? order
        let found = keys.reversed().compactMap { issues[$0] }.filter { $0.created <= visible && query.matches($0) }
        return .json(page(found))
    }

    private static func number(_ name: String, _ call: Call, or fallback: Int) -> Int {
        max(0, call.json?[name]?.int ?? call.parameter(name).flatMap { Int($0) } ?? fallback)
    }

    private static func searchSelection(_ call: Call, or fallback: String) -> Set<String>? {
        selection(call.json?["fields"]?.array?.compactMap(\.string).joined(separator: ",") ?? call.parameter("fields") ?? fallback)
    }
}
