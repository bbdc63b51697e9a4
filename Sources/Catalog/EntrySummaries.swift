import Base

// What a document keeps in memory for those that refer to it.

/// What a bundle's component must know of a field to give it a value.
struct FieldSummary: Sendable {
    let id: String
    let type: String
    /// Required in any case, without a default: who gives no value is refused.
    let isNeeded: Bool
    /// The only values that it takes; nil where it takes others.
    let options: [JSON]?

    static func all(in groups: JSON?) -> [FieldSummary] {
        (groups?.array ?? []).flatMap { group in
            (group["fields"]?.array ?? []).compactMap { FieldSummary($0, isAlwaysShown: group["conditional"] == nil) }
        }
    }

    private init?(_ field: JSON, isAlwaysShown: Bool) {
        guard let id = field["id"]?.string else { return nil }
        self.id = id
        type = field["type"]?.string ?? "string"
        let hasDefault = field["default"].map { !$0.isNull } ?? false
        isNeeded = isAlwaysShown && field["required"] == true && field["conditional"] == nil && !hasDefault
        let takesOthers = (field["validation"]?["allowCustom"] ?? field["allowCustom"]) == true
        let listed = (field["validation"]?["enum"] ?? field["enum"])?.array ?? []
        options = takesOthers || listed.isEmpty ? nil : listed
    }

    /// Why the field takes no such value, as far as its type and its options say; nil where nothing is wrong.
    func fault(of value: JSON) -> String? {
        if let fault = FieldTypes.named(type)?.typeFault(value) { return fault }
        let foreign = (value.array ?? [value]).first { options?.contains($0) == false }
        return foreign.map { "\($0) is none of \((options ?? []).map(\.description).joined(separator: ", "))." }
    }
}

/// Which outputs instances of a document have.
struct OutputSummary: Sendable {
    /// Of `instance.outputs`; without an `instance` the actions' ids, since then each action's outputs are the instance's.
    let instance: [String]
    /// What a component's `outputs` may name besides: what actions declare and answer by themselves.
    let actions: [String]
    /// A module of Terraform decides what there is.
    let isOpen: Bool

    init(_ definition: JSON) {
        let fulfillment = definition["fulfillment"] ?? .null
        let lists = ["automatic", "manual"].compactMap { fulfillment[$0]?["actions"]?.array }
        let actions = lists.flatMap { $0 }
        let ids = actions.compactMap { $0["id"]?.string }
        instance = definition["instance"].map { $0["outputs"]?.object?.keys ?? [] } ?? ids
        self.actions = actions.flatMap { Self.declared($0) + ActionTypes.ownOutputs(of: $0["type"]?.string ?? "") }
        isOpen = actions.contains { $0["type"] == "terraform" && Self.declared($0).isEmpty }
    }

    private static func declared(_ action: JSON) -> [String] {
        action["outputs"]?.object?.keys ?? action["outputs"]?.array?.compactMap(\.string) ?? []
    }
}
