import Base
import Documents

/// Every template of a document with where it stands, for trying them out.
struct DocumentTemplates {
    enum Code {
        case template(Template)
        case condition(Expression, source: String)
    }

    /// `actions.provision.config.body.name`, `instance.name`, `approvals[0].when`: as in the document, without `fulfillment`.
    private(set) var all: [(path: String, code: Code)] = []

    init(_ document: CatalogDocument) {
        let fulfillment = document.fulfillment
        add(document.form.fields)
        for (index, gate) in document.approvals.enumerated() {
            let source = document.definition["fulfillment"]?["approvals"]?[index]?["when"]?.string ?? ""
            if let when = gate.when { all.append(("approvals[\(index)].when", .condition(when, source: source))) }
        }
        add("concurrency.key", fulfillment.automatic?.concurrencyKey)
        add(fulfillment.automatic?.actions ?? [], fulfillment.mode == .automatic ? "actions" : "automatic")
        add(fulfillment.manual, fulfillment.mode == .manual ? "actions" : "manual")
        for component in document.components { add("components.\(component.id).config", component.config) }
        if let instance = document.instance { add(instance) }
        add(document.rollback, "rollback")
    }

    private mutating func add(_ fields: [Field]) {
        for field in fields { if let tree = field.defaultValue { add("fields.\(field.id).default", tree) } }
    }

    private mutating func add(_ instance: InstanceTemplate) {
        add("instance.name", instance.name)
        add("instance.outputs", instance.outputs)
        add("instance.resources", instance.resources)
        for (index, dependency) in instance.dependencies.enumerated() { add("instance.dependencies[\(index)].on", dependency.on) }
        add(instance.decommission, "decommission")
    }

    private mutating func add(_ actions: [Action], _ list: String) {
        for action in actions {
            let path = "\(list).\(action.id)"
            if let condition = action.condition { all.append((path + ".if", .condition(condition, source: action.conditionSource ?? ""))) }
            add(path + ".config", action.config)
            for (index, check) in action.verification.enumerated() { add("\(path).verification[\(index)]", check.parameters) }
            add(path + ".cleanup", action.cleanup)
        }
    }

    private mutating func add(_ path: String, _ template: Template?) {
        if let template, !template.references.isEmpty || template.source.contains("{{") { all.append((path, .template(template))) }
    }

    private mutating func add(_ path: String, _ tree: TemplateTree) {
        for (inside, template) in tree.templates {
            all.append((path + inside.map { ".\(Workshop.text($0))" }.joined(), .template(template)))
        }
    }
}

extension DocumentTemplates.Code {
    var source: String {
        switch self {
        case .template(let template): template.source
        case .condition(_, let source): source
        }
    }

    /// What is read although it may not be there. A condition takes what is missing for false.
    var needed: [TemplateReference] {
        switch self {
        case .template(let template): template.references.filter { !$0.hasDefault && !$0.isConditional }
        case .condition: []
        }
    }

    func value(_ scope: any TemplateScope) throws(TemplateFault) -> JSON {
        switch self {
        case .template(let template): try template.value(scope)
        case .condition(let condition, _): .bool(try condition.condition(scope))
        }
    }
}
