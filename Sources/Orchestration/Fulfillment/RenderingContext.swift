package import Documents

/// How a value is escaped by the type of an action and its place in the configuration, for renderings that no request makes.
package enum RenderingContext {
    package static func of(_ type: String, at path: [PathComponent]) -> EscapeContext {
        switch type {
        case "rest-api", "webhook": RestAPIAction.context(path)
        case "jira-ticket": JiraTicketAction.context(path)
        case "email": EmailAction.context(path)
        default: .text
        }
    }
}
