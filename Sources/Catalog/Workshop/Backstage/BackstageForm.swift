import Base

/// `spec.parameters`: pages of JSON Schema with hints for widgets, as groups of fields.
struct BackstageForm {
    private(set) var groups: JSON = []
    /// Parameter to field.
    private(set) var fieldIDs: [String: String] = [:]
    /// Parameters of a RepoUrlPicker, which became two fields: `<id>Owner` and `<id>Name`.
    private(set) var repositories: Set<String> = []
    /// What an instance is most likely called by.
    private(set) var nameField: String?
    private let report: BackstageReport

    init(_ parameters: JSON?, _ report: BackstageReport) {
        self.report = report
        let pages = parameters?.array ?? parameters.map { [$0] } ?? []
        groups = .array(pages.enumerated().map { group($1, $0) })
        let ids = Set(fieldIDs.values)
        nameField =
            ["name", "component_id", "componentId", "serviceName", "service_name"].first(where: ids.contains)
            ?? repositories.sorted().first.map { "\(fieldIDs[$0] ?? $0)Name" }
    }

    private mutating func group(_ page: JSON, _ index: Int) -> JSON {
        let title = page["title"]?.string ?? "Page \(index + 1)"
        let place = "spec.parameters[\(index)]"
        var fields = fields(page["properties"], required: page["required"], at: place)
        for key in page.object?.keys ?? [] {
            switch key {
            case "title", "description", "required", "properties", "type": break
            case "dependencies": fields += dependentFields(page[key], at: "\(place).dependencies")
            case "allOf": fields += page[key]?.array?.enumerated().flatMap { conditionalFields($1, at: "\(place).allOf[\($0)]") } ?? []
            case "if": fields += conditionalFields(page, at: "\(place).if")
            case "then" where page["if"] != nil: break
            default: report.add("\(place).\(key)", "not carried over")
            }
        }
        var group: JSON = ["id": .string(groupID(title, index)), "name": .string(title)]
        group["description"] = page["description"]
        group["fields"] = .array(fields)
        return group
    }

    private func groupID(_ title: String, _ index: Int) -> String {
        let id = Identifiers.kebabCase(title)
        let isTaken = groups.array?.contains { $0["id"]?.string == id } ?? false
        return Identifiers.isPartID(id) && !isTaken ? id : "page-\(index + 1)"
    }

    private mutating func fields(_ properties: JSON?, required: JSON?, at place: String) -> [JSON] {
        let needed = Set(required?.array?.compactMap(\.string) ?? [])
        return (properties?.object ?? JSONObject()).flatMap { name, schema in
            field(name, schema, isRequired: needed.contains(name), at: "\(place).properties.\(name)")
        }
    }

    // MARK: Conditions

    /// `dependencies: {kind: {oneOf: [{properties: {kind: {const: a}, more: {...}}}]}}`, the form library's way of saying `if`.
    private mutating func dependentFields(_ dependencies: JSON?, at place: String) -> [JSON] {
        var found: [JSON] = []
        for (parameter, rule) in dependencies?.object ?? JSONObject() {
            guard let branches = rule["oneOf"]?.array else {
                report.add("\(place).\(parameter)", "not carried over")
                continue
            }
            for (index, branch) in branches.enumerated() {
                found += branchFields(
                    when: branch["properties"], parameter, then: branch, at: "\(place).\(parameter).oneOf[\(index)]")
            }
        }
        return found
    }

    /// `{if: {properties: {kind: {const: a}}}, then: {properties: {...}}}`
    private mutating func conditionalFields(_ rule: JSON, at place: String) -> [JSON] {
        if rule["else"] != nil { report.add("\(place).else", "not carried over") }
        let tested = rule["if"]?["properties"]?.object
        guard let tested, tested.count == 1, let parameter = tested.keys.first, let then = rule["then"] else {
            report.add(place, "not carried over: only a test of one parameter can be")
            return []
        }
        return branchFields(when: .object(tested), parameter, then: then, at: place)
    }

    private mutating func branchFields(when tested: JSON?, _ parameter: String, then: JSON, at place: String) -> [JSON] {
        let test = tested?[parameter]
        var condition: JSON = ["dependsOn": .string(fieldIDs[parameter] ?? parameter)]
        if let value = test?["const"] ?? (test?["enum"]?.array?.count == 1 ? test?["enum"]?[0] : nil) {
            condition["condition"] = "equals"
            condition["value"] = value
        } else if let values = test?["enum"] {
            condition["condition"] = "in"
            condition["value"] = values
        } else {
            report.add(place, "not carried over: it is no test for a value")
            return []
        }
        var properties = then["properties"]?.object ?? JSONObject()
        properties[parameter] = nil
        for name in properties.keys where fieldIDs[name] != nil {
            report.add("\(place).properties.\(name)", "not carried over: there is a field of that name already")
            properties[name] = nil
        }
        return fields(.object(properties), required: then["required"], at: place).map { field in
            var field = field
            field["conditional"] = condition
            return field
        }
    }
}

extension BackstageForm {
    private mutating func field(_ name: String, _ schema: JSON, isRequired: Bool, at place: String) -> [JSON] {
        let id = Identifiers.isPartID(name) ? name : Identifiers.kebabCase(name)
        fieldIDs[name] = id
        if schema["ui:field"]?.string == "RepoUrlPicker" { return repositoryFields(name, id, schema, isRequired, place) }
        var field: JSON = ["id": .string(id), "name": .string(schema["title"]?.string ?? Identifiers.title(id))]
        let type = type(of: schema, at: place)
        field["type"] = .string(type)
        if isRequired { field["required"] = true }
        field["default"] = schema["default"]
        field["placeholder"] = schema["ui:placeholder"]
        let help = [schema["description"]?.string, schema["ui:help"]?.string].compactMap { $0?.trimmed }.filter { !$0.isEmpty }
        if !help.isEmpty { field["description"] = .string(help.joined(separator: " ")) }
        if [schema["ui:readonly"], schema["ui:disabled"], schema["readOnly"]].contains(.bool(true)) { field["readonly"] = true }
        if widget(schema) == "hidden" { field["hidden"] = true }
        let validation = validation(of: schema, as: type)
        if !validation.isEmpty { field["validation"] = .object(validation) }
        if type == "list" { field["items"] = items(schema, at: place) }
        if type == "object" {
            field["properties"] = .array(subfields(schema, at: place))
        }
        reportRest(schema, type, at: place)
        return [field]
    }

    /// Fields of an object are no fields of the form.
    private func subfields(_ schema: JSON, at place: String) -> [JSON] {
        var inner = self
        return inner.fields(schema["properties"], required: schema["required"], at: place)
    }

    private func items(_ schema: JSON, at place: String) -> JSON {
        var inner = self
        let made = inner.field("item", schema["items"] ?? ["type": "string"], isRequired: false, at: "\(place).items")
        var item = made.first ?? ["type": "string"]
        item["name"] = nil
        return item
    }

    /// Where the repository is made: its owner and its name, for templates that publish.
    private mutating func repositoryFields(_ name: String, _ id: String, _ schema: JSON, _ isRequired: Bool, _ place: String) -> [JSON] {
        repositories.insert(name)
        report.add(place, "the repository picker became the fields \(id)Owner and \(id)Name; hosts other than github.com are not offered")
        let title = schema["title"]?.string ?? "Repository"
        let owners = schema["ui:options"]?["allowedOwners"]
        var owner: JSON = ["id": .string("\(id)Owner"), "name": .string("\(title): owner"), "type": owners == nil ? "string" : "select"]
        owner["required"] = .bool(isRequired)
        if let owners {
            owner["default"] = owners[0]
            owner["validation"] = ["enum": owners]
        }
        let repository: JSON = [
            "id": .string("\(id)Name"), "name": .string("\(title): name"), "type": "string", "required": .bool(isRequired),
            "validation": ["pattern": "^[A-Za-z0-9._-]+$", "maxLength": 100],
        ]
        return [owner, repository]
    }

    private func widget(_ schema: JSON) -> String? { (schema["ui:widget"] ?? schema["ui:options"]?["widget"])?.string }

    private func type(of schema: JSON, at place: String) -> String {
        if let picker = schema["ui:field"]?.string, let type = pickerType(picker, at: place) { return type }
        switch widget(schema) {
        case "password"?: return "password"
        case "textarea"?: return "textarea"
        default: break
        }
        switch schema["type"]?.string {
        case "boolean"?: return "boolean"
        case "integer"? where schema["enum"] == nil: return "integer"
        case "number"? where schema["enum"] == nil: return "number"
        case "object"?: return "object"
        case "array"?: return schema["items"]?["enum"] == nil ? "list" : "multiselect"
        default: break
        }
        if schema["enum"] != nil { return "select" }
        return ["email": "email", "uri": "url", "date": "date", "time": "time", "date-time": "datetime"][schema["format"]?.string ?? ""]
            ?? "string"
    }

    private func pickerType(_ picker: String, at place: String) -> String? {
        switch picker {
        case "EntityNamePicker": return "string"
        case "Secret": return "password"
        case "EntityTagsPicker", "MultiEntityPicker":
            report.add(place, "\(picker) became a list of texts")
            return "list"
        case "OwnerPicker", "EntityPicker", "OwnedEntityPicker", "MyGroupsPicker", "RepoBranchPicker", "RepoOwnerPicker":
            report.add(place, "\(picker) became a text field: there are no entities to pick from")
            return "string"
        default:
            report.add(place, "the field extension \(picker) has no equivalent")
            return nil
        }
    }

    private static let rules: KeyValuePairs<String, String> = [
        "minLength": "minLength", "maxLength": "maxLength", "pattern": "pattern", "minimum": "min", "maximum": "max", "multipleOf": "step",
        "enum": "enum",
    ]

    private func validation(of schema: JSON, as type: String) -> JSONObject {
        var validation = JSONObject()
        for (given, ours) in Self.rules { validation[ours] = schema[given] }
        let bounds = type == "multiselect" ? ("minSelections", "maxSelections") : ("minItems", "maxItems")
        validation[bounds.0] = schema["minItems"]
        validation[bounds.1] = schema["maxItems"]
        if type == "multiselect" { validation["enum"] = schema["items"]?["enum"] }
        if schema["ui:field"]?.string == "EntityNamePicker", validation["pattern"] == nil {
            validation["pattern"] = "^[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*$"
            validation["maxLength"] = validation["maxLength"] ?? 63
        }
        return validation
    }

    private static let carried: Set<String> = [
        "title", "type", "description", "default", "enum", "items", "properties", "required", "minItems", "maxItems", "ui:field",
        "ui:widget",
        "ui:placeholder", "ui:help", "ui:readonly", "ui:disabled", "readOnly",
    ]
    /// Say nothing of the value.
    private static let looks: Set<String> = ["ui:autofocus", "ui:order", "ui:style", "ui:classNames", "ui:emptyValue", "ui:hideError"]

    private func reportRest(_ schema: JSON, _ type: String, at place: String) {
        let rules = Set(Self.rules.map(\.key))
        for key in schema.object?.keys ?? [] where !Self.carried.contains(key) && !Self.looks.contains(key) && !rules.contains(key) {
            if key == "format", ["email", "url", "date", "time", "datetime"].contains(type) { continue }
            if key == "uniqueItems", type == "multiselect" { continue }
            if key == "ui:options", schema[key]?.object?.keys.allSatisfy({ ["widget", "rows"].contains($0) }) == true { continue }
            report.add("\(place).\(key)", "not carried over")
        }
    }
}
