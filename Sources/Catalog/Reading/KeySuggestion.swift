import Documents

/// What is most likely meant by a key that is not known where it stands.
enum KeySuggestion {
    /// A near spelling of what is missing, else of what may stand here, else the word for it in this dialect.
    static func key(for written: String, among known: [String], missing: [String] = []) -> String? {
        if let near = NearestName.suggestion(for: written, among: missing) ?? NearestName.suggestion(for: written, among: known) {
            return near
        }
        let words = synonyms.filter { $0.contains(written) }.joined()
        return words.first { $0 != written && known.contains($0) } ?? known.first { plain($0) == plain(written) }
    }

    /// `max_attempts`, `max-attempts` and `MaxAttempts` are one name.
    private static func plain(_ key: String) -> String { key.lowercased().filter { $0 != "_" && $0 != "-" } }

    /// The key beside it below which it belongs; nil where none of those that may stand there has it.
    static func home(of written: String, among known: [String]) -> String? {
        homes.first { known.contains($0.key) && $0.members.contains(written) }?.key
    }

    /// What the dialects, and tools that people come from, call the same thing.
    private static let synonyms: [[String]] = [
        ["enum", "oneof", "options", "choices", "values"], ["description", "help_text", "help", "helpText", "hint"],
        ["pattern", "regexp", "regex"], ["name", "label", "title"], ["automatic", "automation"], ["actions", "steps", "tasks"],
        ["config", "template", "with", "parameters"], ["retry", "retry_policy", "retryPolicy", "retries"], ["if", "when", "condition"],
        ["dependsOn", "depends_on", "needs", "after"], ["summaryTemplate", "summary"], ["descriptionTemplate", "description"],
        ["moduleSource", "module", "source"], ["conditional", "showIf", "visibleIf", "visible"],
        ["body", "bodyTemplate", "text", "message", "html", "content"], ["data", "body", "payload", "contentTemplate", "json"],
        ["url", "uri", "href", "address", "endpoint"], ["to", "recipients", "recipient"], ["subject", "title", "summary"],
        ["sensitive", "secret", "masked"], ["verification", "verify", "verifications", "expect"],
        ["attempts", "max_attempts", "maxAttempts"],
        ["backoff", "backoff_strategy"], ["condition", "operator", "op"], ["default", "defaultValue", "value", "initial"],
        ["placeholder", "example"], ["readonly", "disabled"], ["required", "mandatory"], ["minLength", "min_length", "minlen"],
        ["maxLength", "max_length", "maxlen"], ["min", "minimum", "min_value"], ["max", "maximum", "max_value"],
        ["catalogItem", "catalog_item", "item"], ["versionRange", "version_range"], ["automation", "automatic"], ["steps", "actions"],
    ]

    /// Keys of the canonical dialect that the flat one says in another shape.
    static let canonicalOnly: Set = ["form", "groups", "strategy", "automatic", "actions", "metadata"]

    private static let homes: [(key: String, members: Set<String>)] = [
        ("metadata", ["id", "name", "description", "version", "category", "owner", "tags", "sla"]),
        (
            "validation",
            [
                "pattern", "minLength", "maxLength", "format", "min", "max", "step", "precision", "enum", "allowCustom", "minSelections",
                "maxSelections", "minDate", "maxDate", "minTime", "maxTime", "minDatetime", "maxDatetime", "strength", "maxSize", "accept",
                "minItems", "maxItems", "rows", "message",
            ]
        ),
        (
            "ticket",
            [
                "project", "issueType", "issue_type", "summary", "summaryTemplate", "description", "descriptionTemplate", "priority",
                "labels", "assignee",
            ]
        ),
        ("form", ["groups", "fields"]), ("groups", ["fields"]), ("fulfillment", ["manual", "automatic", "approvals", "strategy"]),
        ("automatic", ["mode", "actions", "steps", "timeout", "retry", "concurrency", "fallbackOnFailure"]),
    ]
}
