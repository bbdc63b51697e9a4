/// Where in a document a template stands: it decides which scopes have values there.
enum TemplatePlace: Equatable {
    /// One of the lists of actions of a document.
    enum ActionList: String {
        case automatic, manual, decommission, rollback
    }

    /// A field's default: rendered when the form is drawn.
    case fieldDefault
    /// `when` of an approval and the key of `concurrency`: before anything runs.
    case beforeStart
    /// `if` and `config` of an action.
    case action(ActionList, id: String)
    /// `verification` and `cleanup` of an action: its own outputs are there.
    case afterAction(ActionList, id: String)
    /// The name of the instance and its dependencies: known when the first step starts.
    case instanceStart
    /// Outputs and resources of the instance: everything has run.
    case instanceEnd
    case monitoring
    /// The `config` of a bundle's component.
    case component(id: String)
}
