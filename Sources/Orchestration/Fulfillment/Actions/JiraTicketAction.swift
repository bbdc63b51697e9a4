package import Base
import Catalog
import Documents
import Integrations

/// `jira-ticket`: one issue in a configured JIRA. It carries the effect's key as the label `pao-<key>`, by which it is looked up after
/// doubt before another one is made. In the manual part of a document, and with the verification `ticket-status`, the step is done
/// when the issue is; else when it has been created. Where no JIRA is configured it becomes a ticket in the inbox.
package struct JiraTicketAction: ActionType {
    package let name = "jira-ticket"
    /// JIRA's search lags behind its creation of issues: this long after doubt began, what is not found does not exist.
    static let searchLag = Duration.seconds(12)

    package init() {}

    package func prepare(_ input: ActionInput) throws(StepFailure) -> PreparedEffect {
        guard let instance = instance(input) else { return try ManualTaskAction().prepare(input) }
        let config = try input.render(input.action.config, context: Self.context)
        let ticket = config["ticket"]?.object == nil ? config : config["ticket"] ?? config
        func text(_ keys: String...) -> String? { keys.lazy.compactMap { ticket[$0]?.string }.first }
        guard let project = text("project"), !project.isEmpty else { throw StepFailure("validation", "The ticket has no project.") }
        guard let summary = text("summaryTemplate", "summary"), !summary.isEmpty else {
            throw StepFailure("validation", "The ticket has no summary.")
        }
        let description = text("descriptionTemplate", "description") ?? ""
        var fields: JSON = [
            "project": ["key": .string(project)], "issuetype": ["name": .string(text("issueType") ?? "Task")],
            "summary": .string(String(summary.replacing("\n", with: " ").prefix(255))), "description": instance.text(description),
        ]
        let labels =
            (ticket["labels"]?.array?.compactMap(\.string) ?? [ticket["labels"]?.string].compactMap { $0 }).flatMap(Self.labels) + [
                "pao-\(input.key)"
            ]
        fields["labels"] = .array(labels.uniqued.map(JSON.string))
        if let priority = text("priority") { fields["priority"] = ["name": .string(priority)] }
        if let assignee = text("assignee") {
            fields["assignee"] = instance.apiVersion == .v2 ? ["name": .string(assignee)] : ["accountId": .string(assignee)]
        }
        if let reporter = text("reporter") {
            fields["reporter"] = instance.apiVersion == .v2 ? ["name": .string(reporter)] : ["accountId": .string(reporter)]
        }
        if let due = text("dueDate") { fields["duedate"] = .string(due) }
        if let parent = text("parent") { fields["parent"] = ["key": .string(parent)] }
        if let components = ticket["components"]?.array {
            fields["components"] = .array(components.compactMap(\.string).map { ["name": .string($0)] })
        }
        for (key, value) in ticket["customFields"]?.object ?? JSONObject() { fields[key] = value }
        var payload: JSON = [
            "instance": .string(instance.name), "fields": fields, "waits": .bool(waits(input)), "title": .string(summary),
            "text": .string(description), "outputs": .array(input.action.outputs.map { .string($0.name) }),
            "statusMap": config["statusMapping"] ?? ticket["statusMapping"] ?? .null,
            "pollEvery": .string(input.environment.pollInterval.text),
        ]
        if (config["comments"] ?? ticket["comments"])?.bool == false { payload["comments"] = false }
        return PreparedEffect(
            kind: name, summary: "Create a \(project) issue in JIRA \(instance.name): \(summary)", resend: .lookup, payload: payload,
            key: input.key)
    }

    static func context(_ path: [PathComponent]) -> EscapeContext {
        ["ticket.descriptionTemplate", "ticket.description", "descriptionTemplate", "description"].contains(path.dotted) ? .markdown : .text
    }

    /// A label holds no white space; one text may name several, separated by commas.
    private static func labels(_ text: String) -> [String] {
        text.split(separator: ",").map { $0.split(whereSeparator: \.isWhitespace).joined(separator: "-") }.filter { !$0.isEmpty }
    }

    /// In sandbox mode the sandbox's JIRA stands in for whichever one a document names.
    private func instance(_ input: ActionInput) -> JiraInstance? {
        let named = input.action.config["instance"].flatMap { (try? input.render($0))?.string }
        let (known, standard) = (input.environment.jira, input.environment.defaultJira)
        let found = (named ?? standard).flatMap { known[$0] }
        return found ?? (input.environment.isSandbox ? standard.flatMap { known[$0] } : nil)
    }

    /// A status that every new issue has is no reason to wait.
    private func waits(_ input: ActionInput) -> Bool {
        input.isManual
            || input.action.verification.contains { $0.type == "resolution-time" || ($0.type == "ticket-status" && !Self.isInitial($0)) }
    }

    private static func isInitial(_ verification: Verification) -> Bool {
        guard case .constant(let expected)? = verification.parameters["expected"] else { return false }
        let words = (expected.array ?? [expected]).compactMap { $0.string?.lowercased() }
        return words.contains { ["open", "new", "to do", "todo", "created", "backlog", "submitted"].contains($0) }
    }

    // MARK: Doing

    package func perform(_ effect: PreparedEffect, _ tools: ActionTools) async -> ActionResult {
        guard effect.kind == name else { return await ManualTaskAction().perform(effect, tools) }
        guard let client = tools.jira(effect.payload["instance"]?.string ?? "") else { return Self.notConfigured(effect) }
        do throws(JiraFailure) {
            let issue = try await client.create(fields: effect.payload["fields"] ?? [:])
            tools.log("created \(issue.key)")
            return created(issue.key, issue.url, effect)
        } catch {
            tools.log(error.description)
            return Self.result(of: error)
        }
    }

    private func created(_ key: String, _ url: String, _ effect: PreparedEffect) -> ActionResult {
        guard effect.payload["waits"]?.bool == true else {
            return .done(evidence: Self.evidence(key: key, url: url, status: "Open"), reference: key, url: url)
        }
        return ticket(key, url, effect, status: .open)
    }

    /// The row in our own inbox follows the issue.
    private func ticket(_ key: String, _ url: String, _ effect: PreparedEffect, status: Ticket.Status) -> ActionResult {
        var draft =
            TicketDraft(
                system: "jira", systemInstance: effect.payload["instance"]?.string, externalID: key, url: url,
                title: effect.payload["title"]?.string ?? key, description: effect.payload["text"]?.string ?? "",
                outputs: effect.payload["outputs"]?.array?.compactMap(\.string).filter { !["key", "url", "status"].contains($0) } ?? [],
                pollAfter: Self.pollInterval(effect))
        draft.status = status
        return .ticket(draft)
    }

    private static func pollInterval(_ effect: PreparedEffect) -> Duration {
        effect.payload["pollEvery"]?.string.flatMap { Duration(text: $0) } ?? .seconds(60)
    }

    static func evidence(key: String, url: String, status: String) -> JSON {
        let outputs: JSON = ["key": .string(key), "url": .string(url), "status": .string(status)]
        return ["status": 201, "body": outputs, "outputs": outputs]
    }

    private static func notConfigured(_ effect: PreparedEffect) -> ActionResult {
        .failed(StepFailure("validation", "No JIRA named \(effect.payload["instance"]?.string ?? "") is configured any more."))
    }

    static func result(of failure: JiraFailure) -> ActionResult {
        let type: String =
            switch failure.kind {
            case .rejected(let status): "http_\(status)"
            case .transport(let transport): transport.kind.rawValue
            case .unreadable: "bad_answer"
            }
        let step = StepFailure(
            type, failure.description, isTransient: failure.isRetryable, retryAfter: failure.retryAfter.map { .seconds($0) })
        return failure.mayHaveTakenEffect ? .doubt(step) : .failed(step)
    }

    // MARK: Finding out

    package func settle(_ effect: PreparedEffect, _ tools: ActionTools) async -> Settlement {
        guard effect.kind == name else { return .perform }
        guard let client = tools.jira(effect.payload["instance"]?.string ?? "") else {
            return .unknown("No JIRA named \(effect.payload["instance"]?.string ?? "") is configured any more.")
        }
        do throws(JiraFailure) {
            let found = try await client.search(label: "pao-\(effect.key)")
            if let issue = found.last {
                tools.log("found \(issue.key) by its label")
                return .happened(created(issue.key, issue.url, effect))
            }
            return tools.doubtAge >= Self.searchLag ? .perform : .later(.seconds(4))
        } catch {
            tools.log(error.description)
            return error.isRetryable ? .later(.seconds(5)) : .unknown("JIRA cannot be searched for pao-\(effect.key): \(error.description)")
        }
    }

    package func poll(_ effect: PreparedEffect, reference: String, _ tools: ActionTools) async -> ActionResult {
        guard let client = tools.jira(effect.payload["instance"]?.string ?? "") else { return Self.notConfigured(effect) }
        do throws(JiraFailure) {
            let issue = try await client.issue(reference)
            switch outcome(issue, effect) {
            case .completed:
                return .done(evidence: Self.evidence(key: issue.key, url: issue.url, status: issue.status), reference: nil, url: nil)
            case .failed:
                return .failed(
                    StepFailure("ticket_closed", "\(issue.key) was closed as \(issue.resolution ?? issue.status): the work was not done."))
            case .running:
                return ticket(issue.key, issue.url, effect, status: issue.category == .new ? .open : .inProgress)
            }
        } catch {
            tools.log(error.description)
            return .waiting(reference: reference, url: nil, after: .seconds(30), reason: error.description)
        }
    }

    private enum Outcome { case running, completed, failed }

    /// How a ticket of ours stands that follows the issue.
    static func ticketStatus(of issue: JiraIssue) -> Ticket.Status {
        switch outcome(issue) {
        case .completed: .resolved
        case .failed: .closed
        case .running: issue.category == .new ? .open : .inProgress
        }
    }

    /// S2's mapping, which a document may replace by `statusMapping: {<status>: running|completed|failed}`.
    private func outcome(_ issue: JiraIssue, _ effect: PreparedEffect) -> Outcome {
        switch effect.payload["statusMap"]?[issue.status]?.string {
        case "completed"?: .completed
        case "failed"?: .failed
        case "running"?: .running
        default: Self.outcome(issue)
        }
    }

    private static func outcome(_ issue: JiraIssue) -> Outcome {
        let refusals = [
            "won't do", "won't fix", "wont do", "declined", "rejected", "cancelled", "canceled", "duplicate", "cannot reproduce",
        ]
        let words = [issue.status.lowercased(), issue.resolution?.lowercased() ?? ""]
        if words.contains(where: refusals.contains) { return .failed }
        return issue.category == .done || ["done", "closed", "resolved"].contains(words[0]) ? .completed : .running
    }

    package func cleanupHint(outputs: JSON, reference: String?) -> String? { reference.map { "Close the issue \($0)." } }
}
