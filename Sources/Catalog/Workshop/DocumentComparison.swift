import Base

/// Two canonical definitions of one document, part by part.
struct DocumentComparison {
    private(set) var details: [CatalogDiff.Detail] = []
    private let old: JSON
    private let new: JSON

    /// Sorted by weight, heaviest first.
    init(_ old: JSON, _ new: JSON) {
        (self.old, self.new) = (old, new)
        compareFields()
        compareActions()
        compareInstance()
        compareMembers("components", named: "component", in: (old["components"], new["components"]), added: .addition, gone: .breaking)
        compareTargets()
        compareRest()
        details = details.enumerated().sorted { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }.map(\.element)
    }

    private mutating func note(_ weight: CatalogDiff.Weight, _ text: String) { details.append(.init(weight: weight, text: text)) }

    // MARK: Parts

    private mutating func compareFields() {
        let (before, after) = (Self.fields(old), Self.fields(new))
        for (id, field) in before where after[id] == nil {
            note(.breaking, "field \(id) is gone (it was a \(field["type"]?.string ?? "field"))")
        }
        for (id, field) in after {
            guard let former = before[id] else {
                let mustBeFilled = field["required"]?.bool == true && field["default"] == nil && field["conditional"] == nil
                note(mustBeFilled ? .breaking : .addition, "field \(id) is new" + (mustBeFilled ? " and required" : ""))
                continue
            }
            details += FieldComparison(id, former, field).details
        }
    }

    private static func fields(_ document: JSON) -> JSONObject {
        keyed(.array((document["presentation"]?["form"]?["groups"]?.array ?? []).flatMap { $0["fields"]?.array ?? [] }))
    }

    private mutating func compareActions() {
        for way in ["automatic", "manual"] {
            let actions = { (document: JSON) in document["fulfillment"]?[way]?["actions"] }
            compareMembers("\(way) action", named: "\(way) action", in: (actions(old), actions(new)), added: .addition, gone: .addition)
        }
        compareKeys(old["fulfillment"], new["fulfillment"], "fulfillment", except: ["automatic", "manual"])
        compareKeys(old["fulfillment"]?["automatic"], new["fulfillment"]?["automatic"], "fulfillment.automatic", except: ["actions"])
    }

    private mutating func compareInstance() {
        let (before, after) = (old["instance"]?["outputs"]?.object ?? JSONObject(), new["instance"]?["outputs"]?.object ?? JSONObject())
        for name in before.keys where after[name] == nil { note(.breaking, "instance output \(name) is gone") }
        for (name, value) in after where before[name] != value {
            note(.addition, "instance output \(name) " + (before[name] == nil ? "is new" : "changed"))
        }
        compareKeys(old["instance"], new["instance"], "instance", except: ["outputs"])
    }

    private mutating func compareTargets() {
        let (before, after) = (Self.keyed(old["targets"]?["catalogItems"]), Self.keyed(new["targets"]?["catalogItems"]))
        for id in before.keys where after[id] == nil { note(.breaking, "instances of \(id) are no longer eligible") }
        for (id, target) in after {
            let range = { (target: JSON) in target["versionRange"]?.string ?? "any version" }
            guard let former = before[id] else {
                note(.addition, "instances of \(id) (\(range(target))) become eligible")
                continue
            }
            if range(former) != range(target) { note(.addition, "instances of \(id): \(range(former)) -> \(range(target)) are eligible") }
            compareKeys(former, target, "targets.\(id)", except: ["versionRange"])
        }
        compareKeys(old["targets"], new["targets"], "targets", except: ["catalogItems"])
    }

    private mutating func compareRest() {
        for key in Self.changedKeys(old["metadata"], new["metadata"]) where key != "version" { note(.wording, "metadata.\(key) changed") }
        if Self.groupHeads(old) != Self.groupHeads(new) { note(.wording, "groups of the form changed") }
        compareKeys(old, new, "", except: ["metadata", "presentation", "fulfillment", "instance", "components", "targets", "kind"])
    }

    private static func groupHeads(_ document: JSON) -> JSON {
        .array(
            (document["presentation"]?["form"]?["groups"]?.array ?? []).map { group in
                var head = group
                head["fields"] = .array((group["fields"]?.array ?? []).compactMap { $0["id"] })
                return head
            })
    }

    // MARK: Helpers of all parts

    /// Elements with an `id`: new ones, gone ones, and the keys that differ.
    private mutating func compareMembers(
        _ part: String, named name: String, in lists: (JSON?, JSON?), added: CatalogDiff.Weight, gone: CatalogDiff.Weight
    ) {
        let (before, after) = (Self.keyed(lists.0), Self.keyed(lists.1))
        for id in before.keys where after[id] == nil { note(gone, "\(name) \(id) is gone") }
        for (id, member) in after {
            guard let former = before[id] else {
                note(added, "\(name) \(id) is new")
                continue
            }
            let keys = Self.leaves(former, member)
            if !keys.isEmpty { note(.addition, "\(name) \(id): \(keys.joined(separator: ", ")) changed") }
        }
        let common = { (ids: [String]) in ids.filter { before[$0] != nil && after[$0] != nil } }
        if common(before.keys) != common(after.keys) { note(.addition, "the order of each \(name) changed") }
    }

    private mutating func compareKeys(_ old: JSON?, _ new: JSON?, _ place: String, except known: Set<String>) {
        for key in Self.changedKeys(old, new) where !known.contains(key) {
            note(.addition, (place.isEmpty ? key : "\(place).\(key)") + " changed")
        }
    }

    static func changedKeys(_ old: JSON?, _ new: JSON?) -> [String] {
        let (before, after) = (old?.object ?? JSONObject(), new?.object ?? JSONObject())
        return (before.keys + after.keys.filter { before[$0] == nil }).filter { before[$0] != after[$0] }
    }

    private static func keyed(_ list: JSON?) -> JSONObject {
        JSONObject((list?.array ?? []).compactMap { member in member["id"]?.string.map { ($0, member) } })
    }

    /// Where two values differ, as `config.body.content`, at most three levels deep.
    private static func leaves(_ old: JSON, _ new: JSON, depth: Int = 0) -> [String] {
        changedKeys(old, new).flatMap { key -> [String] in
            guard depth < 2, let before = old[key], let after = new[key], before.object != nil, after.object != nil else { return [key] }
            return leaves(before, after, depth: depth + 1).map { "\(key).\($0)" }
        }
    }
}

/// One field of a form, before and after.
private struct FieldComparison {
    private(set) var details: [CatalogDiff.Detail] = []
    private let id: String

    init(_ id: String, _ old: JSON, _ new: JSON) {
        self.id = id
        if old["type"] != new["type"] {
            note(.breaking, "was of type \(old["type"]?.string ?? "") and is of type \(new["type"]?.string ?? "")")
        }
        switch (old["required"]?.bool ?? false, new["required"]?.bool ?? false) {
        case (false, true): note(new["default"] == nil ? .breaking : .addition, "is required now")
        case (true, false): note(.addition, "is optional now")
        default: break
        }
        compareRules(old["validation"], new["validation"])
        for key in DocumentComparison.changedKeys(old, new) where !["type", "required", "validation"].contains(key) {
            note(["name", "description", "placeholder"].contains(key) ? .wording : .addition, "\(key) changed")
        }
    }

    private mutating func note(_ weight: CatalogDiff.Weight, _ text: String) {
        details.append(.init(weight: weight, text: "field \(id): \(text)"))
    }

    private mutating func compareRules(_ old: JSON?, _ new: JSON?) {
        for key in DocumentComparison.changedKeys(old, new) {
            switch key {
            case "enum": compareOptions(old?[key]?.array ?? [], new?[key]?.array ?? [])
            case "message": note(.wording, "the message of its pattern changed")
            default: compareBound(key, old?[key], new?[key])
            }
        }
    }

    private mutating func compareOptions(_ old: [JSON], _ new: [JSON]) {
        func shown(_ values: [JSON]) -> String { values.map { $0.string ?? $0.description }.joined(separator: ", ") }
        let (gone, added) = (old.filter { !new.contains($0) }, new.filter { !old.contains($0) })
        if old.isEmpty { return note(.breaking, "takes only \(shown(new))") }
        if new.isEmpty { return note(.addition, "takes any value") }
        if !gone.isEmpty { note(.breaking, "takes \(shown(gone)) no longer") }
        if !added.isEmpty { note(.addition, "takes \(shown(added)), too") }
        if gone.isEmpty, added.isEmpty { note(.wording, "the order of its options changed") }
    }

    private mutating func compareBound(_ rule: String, _ old: JSON?, _ new: JSON?) {
        func shown(_ value: JSON?) -> String { value.map { $0.string ?? $0.description } ?? "none" }
        note(isTighter(rule, old, new) ? .breaking : .addition, "\(rule) \(shown(old)) -> \(shown(new))")
    }

    private func isTighter(_ rule: String, _ old: JSON?, _ new: JSON?) -> Bool {
        guard let new else { return false }
        guard let old else { return rule != "allowCustom" }
        if rule == "allowCustom" { return new.bool != true }
        let grows: Bool
        switch (old, new) {
        case (.number(let before), .number(let after)): grows = before < after
        case (.string(let before), .string(let after)): grows = before < after
        default: return true
        }
        if rule.hasPrefix("min") { return grows }
        return rule.hasPrefix("max") || rule == "precision" ? !grows : true
    }
}
