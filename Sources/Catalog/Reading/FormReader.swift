import Base
import Documents

/// Reads `presentation.form`.
struct FormReader {
    let templates: TemplateReader

    private var report: FindingReport { templates.report }

    /// More than any person fills in; keeps checks that are quadratic in their number quick.
    static let mostFields = 500

    func form(_ map: inout MappingReader) -> Form {
        let nodes = map.elements("groups")
        let count = nodes.reduce(nodes.count) { $0 + ($1["fields"]?.elements?.count ?? 0) }
        if count > Self.mostFields {
            report.beyondLimit("fields", count, Self.mostFields, at: map.node.position)
            return Form(groups: [])
        }
        let groups = nodes.compactMap(group)
        if groups.count < nodes.count { templates.hasWholeForm = false }
        map.finish()
        let form = Form(groups: groups.map(\.group))
        templates.fieldIDs = form.fields.map(\.id)
        check(groups.flatMap(\.fields), all: form.fields)
        checkUnique(groups.map { ($0.group.id, $0.node) }, "group")
        return form
    }

    private typealias ReadField = (field: Field, node: YAMLNode)

    private func group(_ node: YAMLNode) -> (group: Form.Group, node: YAMLNode, fields: [ReadField])? {
        guard var map = MappingReader(node, report) else { return nil }
        let id = map.requiredText("id") ?? ""
        if !id.isEmpty, let place = map.node("id")?.position { Identifiers.checkPart(id, "A group's id", at: place, report) }
        let shown = map.node("conditional").flatMap(condition)
        let nodes = map.elements("fields")
        let fields = nodes.compactMap { node in field(node).map { ($0.shown(where: shown), node) } }
        if fields.count < nodes.count || map.node["fields"] == nil { templates.hasWholeForm = false }
        let group = Form.Group(
            id: id, name: map.text("name") ?? Identifiers.title(id), description: map.text("description"), fields: fields.map(\.0))
        map.finish()
        return (group, node, fields)
    }

    /// `id` is given for what a list holds, which needs none.
    private func field(_ node: YAMLNode, id given: String? = nil) -> Field? {
        guard var map = MappingReader(node, report) else { return nil }
        let id = (given == nil ? map.requiredText("id") : map.text("id") ?? given) ?? ""
        if given == nil, !id.isEmpty, let place = map.node("id")?.position { Identifiers.checkPart(id, "A field's id", at: place, report) }
        let type = type(&map)
        let field = Field(
            id: id, name: map.text("name") ?? Identifiers.title(id), type: type, isRequired: map.flag("required") ?? false,
            defaultValue: map.node("default").map { templates.tree($0, .fieldDefault) }, placeholder: map.text("placeholder"),
            description: map.text("description"), isReadonly: map.flag("readonly") ?? false, isHidden: map.flag("hidden") ?? false,
            validation: validation(&map, type), conditional: map.node("conditional").flatMap(condition),
            properties: inner(&map, "properties").map { properties($0) } ?? [],
            items: inner(&map, "items").flatMap { self.field($0, id: "items") }.map { [$0] } ?? [])
        map.finish()
        checkInside(field, node)
        return id.isEmpty ? nil : field
    }

    private func type(_ map: inout MappingReader) -> String {
        guard let node = map.required("type"), let name = map.text(of: node, "type") else { return "string" }
        if FieldTypes.named(name) != nil { return name }
        let near = FieldTypes.suggestion(for: name)
        report.unknownName(.unknownFieldType, "There is no field type \(name)", near: near, among: FieldTypes.names, at: node.position)
        return near ?? "string"
    }
}

extension FormReader {
    /// The rules under `validation` and those that stand on the field itself.
    private func validation(_ map: inout MappingReader, _ type: String) -> JSONObject {
        var rules = JSONObject()
        if let node = map.node("validation"), var inside = MappingReader(node, report) {
            for rule in FieldTypes.ruleNames { read(rule, &inside, type, into: &rules) }
            inside.allow(["items", "properties"])
            inside.finish()
        }
        for rule in FieldTypes.ruleNames where rule != "message" || map.holds("pattern") {
            read(rule, &map, type, into: &rules)
        }
        checkBounds(rules, map.node)
        return rules
    }

    /// What `min` and `max` are called for dates and times, where S2 writes them too.
    private static let dateBounds = ["min", "max"]

    private static func canonicalRule(_ rule: String, _ type: String) -> String {
        let suffixes = ["date": "Date", "time": "Time", "datetime": "Datetime"]
        return dateBounds.contains(rule) ? rule + (suffixes[type] ?? "") : rule
    }

    private func read(_ written: String, _ map: inout MappingReader, _ type: String, into rules: inout JSONObject) {
        guard let node = map.node(written) else { return }
        let rule = Self.canonicalRule(written, type)
        let known = FieldTypes.named(type)?.rules ?? []
        if rule != "message", !known.contains(rule) {
            report.warning(.ruleNotForType, "The rule \(rule) means nothing for a field of type \(type).", at: node.position)
        }
        if let empty = node.elements?.first(where: \.isNull) {
            report.error(.badValue, "An option is empty (~ and null are); leave it out, or write it in quotes.", at: empty.position)
            return
        }
        let wanted = RuleShape.of(rule) ?? .text
        guard wanted.accepts(node.json) else {
            report.error(
                .wrongType, "\(rule) must be \(wanted.words), not \(wanted.shown(node)).", at: node.position)
            return
        }
        if rule == "pattern", let source = node.string { checkPattern(source, node.position) }
        if rule == "format", let name = node.string { checkFormat(name, node.position) }
        rules[rule] = node.json
    }

    private func checkFormat(_ name: String, _ place: Position) {
        if TextFormat(named: name) != nil { return }
        let known = TextFormat.allCases.map(\.rawValue)
        report.warning(
            .badValue, "There is no format \(name), so it asks for nothing; there are \(known.joined(separator: ", ")).", at: place,
            suggestion: NearestName.suggestion(for: name, among: known + ["uri", "datetime", "ip"]))
    }

    private func checkPattern(_ source: String, _ place: Position) {
        do {
            _ = try Pattern(source)
        } catch {
            report.error(.badPattern, "The pattern cannot be used: \(error.message)", at: place)
        }
    }

    /// Of the field itself, or under `validation`.
    private func inner(_ map: inout MappingReader, _ key: String) -> YAMLNode? { map.node(key) ?? map.node["validation"]?[key] }

    /// A list of fields, or a map of ids to fields.
    private func properties(_ node: YAMLNode) -> [Field] {
        if let members = node.members { return members.compactMap { field($0.value, id: $0.key) } }
        if node.elements == nil { report.error(.wrongType, "properties must be a list of fields.", at: node.position) }
        return (node.elements ?? []).compactMap { field($0) }
    }

    private func checkBounds(_ rules: JSONObject, _ node: YAMLNode) {
        for (low, high) in [("min", "max"), ("minLength", "maxLength"), ("minSelections", "maxSelections"), ("minItems", "maxItems")] {
            guard let least = rules[low]?.number, let most = rules[high]?.number, most < least else { continue }
            let place = (node["validation"]?[high] ?? node[high] ?? node).position
            report.error(.emptyBounds, "\(low) is \(least.text) and \(high) is \(most.text): no value can be right.", at: place)
        }
        for kind in MomentBound.all { checkMoments(kind, rules, node) }
    }
}

extension FormReader {
    /// Bounds of dates and times can be read, and the lower one is not above the upper one.
    private func checkMoments(_ kind: MomentBound, _ rules: JSONObject, _ node: YAMLNode) {
        let (low, high) = ("min" + kind.suffix, "max" + kind.suffix)
        for rule in [low, high] {
            guard let text = rules[rule]?.string, kind.order(text) == nil, !kind.isWord(text) else { continue }
            let written = rule.replacing(kind.suffix, with: "")
            let place = (node["validation"]?[rule] ?? node[rule] ?? node["validation"]?[written] ?? node[written] ?? node).position
            report.error(.badValue, "\(rule) must be \(kind.words), not \(text).", at: place)
        }
        guard let least = rules[low]?.string.flatMap(kind.order), let most = rules[high]?.string.flatMap(kind.order), most < least
        else { return }
        let place = (node["validation"]?[high] ?? node[high] ?? node).position
        report.error(.emptyBounds, "\(high) is before \(low): no value can be right.", at: place)
    }
}

/// How the bounds of one type of moments are written.
private struct MomentBound {
    let suffix: String
    let words: String
    /// nil for what cannot be read.
    let order: (String) -> Int?
    var isWord: (String) -> Bool = { _ in false }

    static var all: [MomentBound] {
        [
            MomentBound(
                suffix: "Date", words: "a date such as 2026-03-31, or today",
                order: { text in TextFormat.day(text).map { ($0.year * 100 + $0.month) * 100 + $0.day } },
                isWord: { $0 == FieldRules.today }),
            MomentBound(suffix: "Time", words: "a time such as 14:30", order: TextFormat.secondOfDay),
            MomentBound(
                suffix: "Datetime", words: "a date and time such as 2026-03-31T14:30:00Z",
                order: { TextFormat.instant($0, lenient: true)?.milliseconds }),
        ]
    }
}

/// What a rule's value looks like in a document.
enum RuleShape {
    case text, number, count, flag, list, size, strength, texts

    static func of(_ rule: String) -> RuleShape? {
        switch rule {
        case "pattern", "message", "format", "minDate", "maxDate", "minTime", "maxTime", "minDatetime", "maxDatetime": .text
        case "min", "max", "step": .number
        case "minLength", "maxLength", "precision", "rows", "minSelections", "maxSelections", "minItems", "maxItems": .count
        case "allowCustom": .flag
        case "enum": .list
        case "maxSize": .size
        case "strength": .strength
        case "accept": .texts
        default: nil
        }
    }

    func accepts(_ value: JSON) -> Bool {
        switch self {
        case .text: value.string != nil
        case .number: value.number != nil
        case .count: (value.int ?? -1) >= 0
        case .flag: value.bool != nil
        case .list: value.array?.allSatisfy(\.isScalar) ?? false
        case .size: FileField.byteCount(value) != nil
        case .strength: value.bool != nil || PasswordField.strengths.contains(value.string ?? "")
        case .texts: value.string != nil || value.array?.allSatisfy { $0.string != nil } ?? false
        }
    }

    /// Of words and sizes there are too many that are no text of this shape.
    func shown(_ node: YAMLNode) -> String {
        switch self {
        case .size, .strength: node.text ?? node.typeName
        default: node.typeName
        }
    }

    var words: String {
        switch self {
        case .text: "text"
        case .number: "a number"
        case .count: "a whole number from 0"
        case .flag: "true or false"
        case .list: "a list of values"
        case .size: "a size such as 512KB"
        case .strength: "weak, medium or strong"
        case .texts: "a list such as [.pem, text/plain]"
        }
    }
}

extension FormReader {
    private func condition(_ node: YAMLNode) -> FieldCondition? {
        guard var map = MappingReader(node, report) else { return nil }
        defer { map.finish() }
        if node["all"] != nil { return .all(map.elements("all").compactMap(condition)) }
        if node["any"] != nil { return .any(map.elements("any").compactMap(condition)) }
        map.allow(["all", "any", "condition", "value"])
        guard let field = map.requiredText("dependsOn") else { return nil }
        let operation: FieldCondition.Operation = map.choice("condition", meanings: Self.otherOperations) ?? .equals
        let value = map.json("value") ?? (operation == .exists ? true : .null)
        if operation == .matches, let source = value.string, let place = map.node("value")?.position { checkPattern(source, place) }
        return .test(field: field, operation, value)
    }

    /// How other products call the conditions.
    private static let otherOperations = [
        "eq": "equals", "==": "equals", "=": "equals", "is": "equals", "equal": "equals", "ne": "notEquals", "neq": "notEquals",
        "!=": "notEquals", "not": "notEquals", "isNot": "notEquals", "not_equals": "notEquals", "oneOf": "in", "anyOf": "in",
        "not_in": "notIn", "includes": "contains", "has": "contains", "gt": "greaterThan", ">": "greaterThan",
        "greater_than": "greaterThan",
        "lt": "lessThan", "<": "lessThan", "less_than": "lessThan", "present": "exists", "notEmpty": "exists", "regex": "matches",
        "pattern": "matches",
    ]

    /// What can be said of a field by itself.
    private func checkInside(_ field: Field, _ node: YAMLNode) {
        if field.type == "select" || field.type == "multiselect", field.validation["enum"]?.array?.isEmpty ?? true {
            report.warning(.noOptions, "\(field.id) has no options: anything is taken.", at: node.position)
        }
        checkDefault(field, node)
        checkUnique((node["properties"]?.elements ?? []).map { ($0["id"]?.text ?? "", $0) }, "property")
    }

    private func checkDefault(_ field: Field, _ node: YAMLNode) {
        guard let tree = field.defaultValue, let value = Form.constantDefault(tree), !isEmptyEntry(value),
            let place = node["default"]?.position
        else { return }
        var alone = field
        alone.conditional = nil
        alone.isReadonly = false
        let form = Form(groups: [Form.Group(id: "", name: "", description: nil, fields: [alone])])
        for finding in form.validate(.object(JSONObject([(field.id, value)]))).findings {
            report.error(.badDefault, "The default of \(field.id) breaks the rule \(finding.rule): \(finding.message)", at: place)
        }
    }

    /// Whether a field that knows only its options can ever be equal to a value.
    static func checkOption(_ value: JSON, of field: Field, _ report: FindingReport, _ place: @autoclosure () -> Position) {
        let rules = FieldRules(field)
        guard field.type != "multiselect", field.type != "list", !rules.takesAnyOption, value.isScalar, value != "",
            !rules.options.contains(where: { $0 == value || $0.description == value.string || $0.string == value.description })
        else { return }
        report.warning(
            .badValue,
            "\(field.id) is never \(value); its options are \(rules.options.prefix(12).map(\.description).joined(separator: ", ")).",
            at: place(), suggestion: value.string.flatMap { NearestName.suggestion(for: $0, among: rules.options.compactMap(\.string)) })
    }

    private func checkOptions(_ condition: FieldCondition, _ all: [Field], _ node: YAMLNode) {
        switch condition {
        case .all(let conditions), .any(let conditions): for condition in conditions { checkOptions(condition, all, node) }
        case .test(let id, .equals, let value), .test(let id, .notEquals, let value):
            guard let field = all.first(where: { $0.id == id }) else { return }
            Self.checkOption(value, of: field, report, node.position(ofText: value.string ?? value.description) ?? node.position)
        case .test(let id, .in, let list), .test(let id, .notIn, let list):
            for value in list.array ?? [] { checkOptions(.test(field: id, .equals, value), all, node) }
        case .test: break
        }
    }

    private func check(_ fields: [ReadField], all: [Field]) {
        checkUnique(fields.map { ($0.field.id, $0.node) }, "field")
        for (field, node) in fields {
            if let condition = field.conditional { checkOptions(condition, all, node["conditional"] ?? node) }
        }
        let ids = all.map(\.id)
        for (field, node) in fields {
            for name in field.conditional?.fields ?? [] where !ids.contains(name) {
                report.error(
                    .unknownField, "\(field.id) is shown by the field \(name), which does not exist.",
                    at: node["conditional"]?.position(ofText: name) ?? node.position,
                    suggestion: NearestName.suggestion(for: name, among: ids))
            }
        }
        guard let cycle = DependencyOrder.cycle(all, id: \.id, dependsOn: { $0.conditional?.fields ?? [] }),
            let node = fields.first(where: { $0.field.id == cycle.first })?.node
        else { return }
        report.error(
            .dependencyCycle, "These fields show each other in a circle: \(cycle.joined(separator: " -> ")).",
            at: node["conditional"]?.position ?? node.position)
    }

    private func checkUnique(_ ids: [(id: String, node: YAMLNode)], _ what: String) {
        var seen: Set<String> = []
        for (id, node) in ids where !id.isEmpty && !seen.insert(id).inserted {
            report.error(.duplicateID, "The \(what) \(id) stands twice.", at: node["id"]?.position ?? node.position)
        }
    }
}

extension YAMLNode {
    /// Where a scalar of exactly that text stands, at any depth.
    func position(ofText wanted: String) -> Position? {
        switch content {
        case .scalar(_, let text, _): text == wanted ? position : nil
        case .sequence(let nodes): nodes.lazy.compactMap { $0.position(ofText: wanted) }.first
        case .mapping(let pairs): pairs.lazy.compactMap { $0.value.position(ofText: wanted) }.first
        }
    }
}

extension Field {
    /// The field of a group that is itself shown by a condition.
    fileprivate func shown(where condition: FieldCondition?) -> Field {
        guard let condition else { return self }
        var field = self
        field.conditional = conditional.map { .all([condition, $0]) } ?? condition
        return field
    }
}
