import Base
import Documents

/// Outputs that the flat dialect reads without declaring them: each is the answer's key of that name. Where an answer has no such key but
/// everybody knows what is meant (`ticket_key` of a JIRA issue), it is the key that is meant.
enum FlatOutputs {
    private static let meanings: KeyValuePairs<String, KeyValuePairs<String, [String]>> = [
        "jira-ticket": [
            "key": ["id", "ticket", "ticket_id", "ticket_key", "ticket_number", "issue", "issue_id", "issue_key", "jira_key"],
            "url": ["ticket_url", "issue_url", "link"], "status": ["ticket_status", "issue_status"],
        ],
        "github-workflow": ["id": ["run_id", "workflow_run_id"], "html_url": ["run_url", "workflow_url", "workflow_run_url"]],
    ]

    static func path(of name: String, type: String) -> String {
        let keys = meanings.first { $0.key == type }?.value
        return keys?.first { $0.value.contains(name) }?.key ?? name
    }

    /// A list of names, or where one means another key a map of names to paths.
    static func declaration(of names: [String], type: String, at place: Position) -> YAMLNode {
        let paths = names.map { path(of: $0, type: type) }
        if paths == names { return YAMLNode(.sequence(names.map { YAMLNode(text: $0, at: place) }), at: place) }
        let pairs = zip(names, paths).map { (key: YAMLNode(text: $0, at: place), value: YAMLNode(text: "$.\($1)", at: place)) }
        return YAMLNode(.mapping(pairs), at: place)
    }
}
