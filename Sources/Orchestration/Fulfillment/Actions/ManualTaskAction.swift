import Base

/// `manual-task`: a ticket in the appliance's own inbox, resolved with the outputs that the step declares.
package struct ManualTaskAction: ActionType {
    package let name = "manual-task"

    package init() {}

    package func prepare(_ input: ActionInput) throws(StepFailure) -> PreparedEffect {
        let config = try input.render(input.action.config)
        let draft = Self.draft(config, input)
        return PreparedEffect(
            kind: name, summary: "Ask a person: \(draft.title)", resend: .free, payload: draft.json, key: input.key)
    }

    /// Reads `title|summary`, `description|instructions`, `priority`, `team`, `assignee`, `outputs` of a configuration or a ticket map.
    static func draft(_ config: JSON, _ input: ActionInput) -> TicketDraft {
        let ticket = config["ticket"]?.object == nil ? config : config["ticket"] ?? config
        func text(_ keys: String...) -> String? { keys.lazy.compactMap { ticket[$0]?.string ?? config[$0]?.string }.first }
        let declared = input.action.outputs.map(\.name) + (config["outputs"]?.array?.compactMap { $0.string ?? $0["name"]?.string } ?? [])
        return TicketDraft(
            title: text("title", "summaryTemplate", "summary", "subject") ?? input.action.name,
            description: text("description", "descriptionTemplate", "instructions", "body") ?? "",
            priority: text("priority"), team: text("team"), assignee: text("assignee"), outputs: declared.uniqued)
    }

    package func perform(_ effect: PreparedEffect, _ tools: ActionTools) async -> ActionResult {
        .ticket(TicketDraft(json: effect.payload))
    }

    /// The ticket is opened in the transaction that stores the result, so that it cannot be opened twice.
    package func settle(_ effect: PreparedEffect, _ tools: ActionTools) async -> Settlement { .perform }
}

extension TicketDraft {
    var json: JSON {
        [
            "title": .string(title), "description": .string(description), "priority": .optional(priority), "team": .optional(team),
            "assignee": .optional(assignee), "outputs": .array(outputs.map(JSON.string)),
        ]
    }

    init(json: JSON) {
        self.init(
            title: json["title"]?.string ?? "", description: json["description"]?.string ?? "", priority: json["priority"]?.string,
            team: json["team"]?.string, assignee: json["assignee"]?.string,
            outputs: json["outputs"]?.array?.compactMap(\.string) ?? [])
    }
}

extension [String] {
    /// Without repetitions, in the order of first appearance.
    var uniqued: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
