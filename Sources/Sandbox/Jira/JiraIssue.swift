import Base

struct JiraIssue: Sendable {
    enum Status: String, Sendable, CaseIterable {
        case open = "Open"
        case inProgress = "In Progress"
        case done = "Done"
        case wontDo = "Won't Do"

        var id: String { ["1", "3", "10001", "10002"][Self.allCases.firstIndex(of: self) ?? 0] }
        var isEnd: Bool { self == .done || self == .wontDo }

        /// `new`, `indeterminate` and `done` are JIRA's own keys of the category.
        var category: (key: String, name: String) {
            switch self {
            case .open: ("new", "To Do")
            case .inProgress: ("indeterminate", "In Progress")
            case .done, .wontDo: ("done", "Done")
            }
        }
    }

    /// A way from one status to another, by the id that `POST .../transitions` takes.
    struct Transition: Sendable {
        let id: String
        let name: String
        let to: Status
    }

    let id: Int
    let key: String
    let created: Timestamp
    var updated: Timestamp
    var resolved: Timestamp?
    var status = Status.open
    /// As they were written; the ones that JIRA itself fills are added by `json`.
    var fields: JSONObject
    var comments: [JSON] = []
    /// Ids of the links that name this issue.
    var links: [Int] = []

    var project: String { key.splitOnce("-").0 }
    var summary: String { fields["summary"]?.string ?? "" }
    var labels: [String] { fields["labels"]?.array?.compactMap(\.string) ?? [] }
    var issueType: String { fields["issuetype"]?["name"]?.string ?? "Task" }

    var transitions: [Transition] {
        let all = [
            Transition(id: "11", name: "Start Progress", to: .inProgress), Transition(id: "21", name: "Done", to: .done),
            Transition(id: "31", name: "Won't Do", to: .wontDo), Transition(id: "41", name: "Reopen", to: .open),
        ]
        switch status {
        case .open: return Array(all[0...2])
        case .inProgress: return Array(all[1...2])
        case .done, .wontDo: return [all[3]]
        }
    }

    mutating func move(to status: Status, at time: Timestamp) {
        self.status = status
        updated = time
        resolved = status.isEnd ? time : nil
    }

    /// `GET /issue/{key}`; `selected` are the names asked for, nil for all.
    func json(base: String, links: [JSON], selected: Set<String>? = nil) -> JSON {
        var all = fields
        all["project"] = ["key": .string(project), "name": .string(project)]
        all["issuetype"] = ["name": .string(issueType), "subtask": false]
        all["labels"] = .array(labels.map(JSON.string))
        all["status"] = status.json(base: base)
        all["resolution"] = status.isEnd ? ["name": .string(status.rawValue)] : nil
        all["resolutiondate"] = .optional(resolved?.jiraText)
        all["created"] = .string(created.jiraText)
        all["updated"] = .string(updated.jiraText)
        all["issuelinks"] = .array(links)
        all["comment"] = ["comments": .array(comments), "total": .int(comments.count), "startAt": 0]
        var issue = reference(base: base)
        if let selected { all = JSONObject(all.filter { selected.contains($0.key) }.map { ($0.key, $0.value) }) }
        if selected?.isEmpty != true { issue["fields"] = .object(all) }
        return issue
    }

    /// What a create answers and a link holds.
    func reference(base: String) -> JSON {
        ["id": .string("\(id)"), "key": .string(key), "self": "\(base)/issue/\(id)"]
    }

    /// For the state of the sandbox.
    var summaryJSON: JSON {
        [
            "key": .string(key), "project": .string(project), "issueType": .string(issueType), "summary": .string(summary),
            "status": .string(status.rawValue), "labels": .array(labels.map(JSON.string)), "fields": .object(fields),
            "comments": .array(comments), "created": .string(created.description),
        ]
    }
}

extension JiraIssue.Status {
    func json(base: String) -> JSON {
        [
            "self": "\(base)/status/\(id)", "name": .string(rawValue), "id": .string(id),
            "statusCategory": ["key": .string(category.key), "name": .string(category.name)],
        ]
    }
}

extension Timestamp {
    /// JIRA's own spelling: `2026-11-21T10:00:00.000+0000`.
    var jiraText: String { description.dropLast() + "+0000" }
}
