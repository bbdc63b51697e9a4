package import Base
import Documents

/// What a person is asked for: groups of fields in their order.
package struct Form: Sendable {
    package struct Group: Sendable {
        package var id: String
        package var name: String
        package var description: String?
        package var fields: [Field]

        package init(id: String, name: String, description: String?, fields: [Field]) {
            self.id = id
            self.name = name
            self.description = description
            self.fields = fields
        }
    }

    package var groups: [Group]

    package init(groups: [Group]) { self.groups = groups }

    package var fields: [Field] { groups.flatMap(\.fields) }
    package func field(_ id: String) -> Field? { fields.first { $0.id == id } }
}

/// One field. `type` is the canonical name of its type (`FieldType` registry); `validation` holds the canonical camelCase rules.
package struct Field: Sendable {
    package var id: String
    package var name: String
    package var type: String
    package var isRequired: Bool
    /// A template or a constant of any type; nil without a default.
    package var defaultValue: TemplateTree?
    package var placeholder: String?
    package var description: String?
    package var isReadonly: Bool
    package var isHidden: Bool
    package let validation: JSONObject
    /// Of `validation.pattern`, compiled once; nil without one, and where it cannot be used.
    let pattern: Pattern?
    package var conditional: FieldCondition?
    /// The fields of an object.
    package var properties: [Field]
    /// What a list holds; one element.
    package var items: [Field]

    package init(
        id: String, name: String, type: String, isRequired: Bool = false, defaultValue: TemplateTree? = nil,
        placeholder: String? = nil, description: String? = nil, isReadonly: Bool = false, isHidden: Bool = false,
        validation: JSONObject = JSONObject(), conditional: FieldCondition? = nil, properties: [Field] = [], items: [Field] = []
    ) {
        self.id = id
        self.name = name
        self.type = type
        self.isRequired = isRequired
        self.defaultValue = defaultValue
        self.placeholder = placeholder
        self.description = description
        self.isReadonly = isReadonly
        self.isHidden = isHidden
        self.validation = validation
        pattern = validation["pattern"]?.string.flatMap { try? Pattern($0) }
        self.conditional = conditional
        self.properties = properties
        self.items = items
    }

    /// Sealed at rest and masked wherever it is shown.
    package var isSecret: Bool { type == "password" }
}

/// When a field is shown; a hidden field is neither required nor kept.
package indirect enum FieldCondition: Sendable {
    package enum Operation: String, Sendable, CaseIterable {
        case equals, notEquals, `in`, notIn, contains, greaterThan, lessThan, exists, matches
    }

    case test(field: String, Operation, JSON)
    case all([FieldCondition])
    case any([FieldCondition])
}
