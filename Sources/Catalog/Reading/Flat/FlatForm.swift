import Base
import Documents

/// `presentation.fields` of the flat dialect as one group `default`.
struct FlatForm {
    let report: FindingReport

    func presentation(_ node: YAMLNode) -> YAMLNode {
        guard var map = MappingReader(node, report), !map.refuseCanonical() else { return node }
        let fields = map.elements("fields") + map.elements("bundle_fields")
        map.finish()
        var group = FlatMapping(at: node.position)
        group.put("id", text: "default")
        group.put("name", text: "Configuration")
        group.put("fields", YAMLNode(.sequence(fields.map { field($0) }), at: node.position))
        var form = FlatMapping(at: node.position)
        form.put("groups", YAMLNode(.sequence([group.node]), at: node.position))
        var presentation = FlatMapping(at: node.position)
        presentation.put("form", form.node)
        return presentation.node
    }

    private func field(_ node: YAMLNode) -> YAMLNode {
        guard node.members != nil else { return node }
        var field = FlatMapping(at: node.position)
        if let name = node["name"] {
            report.spell("id", as: "name", at: name.position)
            field.put("id", name, keyAt: node.keyPosition("name"))
            if node["label"] == nil { field.put("name", name, keyAt: node.keyPosition("name")) }
        }
        field.take(
            [
                "label": .init("name"), "type": .init("type", type), "required": .init("required"), "default": .init("default"),
                "placeholder": .init("placeholder"), "help_text": .init("description"), "description": .init("description"),
                "readonly": .init("readonly"), "hidden": .init("hidden"), "conditional": .init("conditional", condition),
                "properties": .init("properties") { $0.mapElements(self.field) }, "items": .init("items", item),
            ], from: node, others: ["name"] + Self.rules.map(\.key), report)
        let validation = rules(of: node)
        if !validation.pairs.isEmpty { field.put("validation", validation.node) }
        return field.node
    }

    private static let rules: KeyValuePairs<String, String> = [
        "regexp": "pattern", "pattern": "pattern", "message": "message", "min_length": "minLength", "max_length": "maxLength",
        "format": "format", "min_value": "min", "max_value": "max", "min": "min", "max": "max", "step": "step", "precision": "precision",
        "oneof": "enum", "options": "enum", "enum": "enum", "allow_custom": "allowCustom", "min_selections": "minSelections",
        "max_selections": "maxSelections", "min_date": "minDate", "max_date": "maxDate", "min_datetime": "minDatetime",
        "max_datetime": "maxDatetime", "min_time": "minTime", "max_time": "maxTime", "rows": "rows", "strength": "strength",
        "max_size": "maxSize", "accept": "accept", "min_items": "minItems", "max_items": "maxItems",
    ]

    private func rules(of node: YAMLNode) -> FlatMapping {
        var validation = FlatMapping(at: node.position)
        for (flat, canonical) in Self.rules {
            guard let value = node[flat], !value.isNull else { continue }
            report.spell(canonical, as: flat, at: value.position)
            validation.put(canonical, canonical == "enum" ? value.mapElements(option) : value, keyAt: node.keyPosition(flat))
        }
        return validation
    }

    /// Of `{value, label}` the value.
    private func option(_ node: YAMLNode) -> YAMLNode { node["value"] ?? node }

    private func type(_ node: YAMLNode) -> YAMLNode {
        guard let name = node.string, let canonical = FieldTypes.flatNames[name] else { return node }
        return YAMLNode(text: canonical, at: node.position)
    }

    /// What a list holds: a field without a name of its own, or just its type.
    private func item(_ node: YAMLNode) -> YAMLNode {
        guard let name = node.string else { return field(node) }
        var item = FlatMapping(at: node.position)
        item.put("type", type(YAMLNode(text: name, at: node.position)))
        return item.node
    }

    private func condition(_ node: YAMLNode) -> YAMLNode {
        guard node.members != nil else { return node }
        var condition = FlatMapping(at: node.position)
        let isList = node["value"]?.elements != nil
        if node["condition"] == nil, node["operator"] == nil, node["all"] == nil, node["any"] == nil {
            condition.put("condition", text: isList ? "in" : "equals")
        }
        condition.take(
            [
                "field": .init("dependsOn"), "condition": .init("condition", operation), "operator": .init("condition", operation),
                "value": .init("value"), "all": .init("all") { $0.mapElements(self.condition) },
                "any": .init("any") { $0.mapElements(self.condition) },
            ], from: node, report)
        return condition.node
    }

    private func operation(_ node: YAMLNode) -> YAMLNode { node.string.map { YAMLNode(text: $0.camelCased, at: node.position) } ?? node }
}
