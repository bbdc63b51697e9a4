import Base

// Keywords that apply subschemas to the instance itself.
extension SchemaEvaluator {
    mutating func applyInPlace(_ keyword: SchemaKeyword, _ instance: JSON, _ evaluated: inout EvaluatedMembers) -> Bool {
        switch keyword {
        case .reference(let node): return add(inPlace(node, instance, "$ref"), to: &evaluated)
        case .dynamicReference(let node, let anchor):
            return add(inPlace(dynamicTarget(node, anchor), instance, "$dynamicRef"), to: &evaluated)
        case .allOf(let nodes): return allOf(nodes, instance, &evaluated)
        case .anyOf(let nodes): return anyOf(nodes, instance, &evaluated)
        case .oneOf(let nodes): return oneOf(nodes, instance, &evaluated)
        case .not(let node):
            if quietly({ $0.inPlace(node, instance, "not") }) == nil { return true }
            report("not", "is of a kind that is not allowed here")
            return false
        case .condition(let test, let then, let otherwise):
            let result = quietly { $0.inPlace(test, instance, "if") }
            if let result { evaluated.formUnion(result) }
            guard let node = result == nil ? otherwise : then else { return true }
            return add(inPlace(node, instance, result == nil ? "else" : "then"), to: &evaluated)
        default: return true
        }
    }

    private func add(_ result: EvaluatedMembers?, to evaluated: inout EvaluatedMembers) -> Bool {
        guard let result else { return false }
        evaluated.formUnion(result)
        return true
    }

    /// The outermost resource on the way that has the anchor decides.
    private func dynamicTarget(_ node: Int, _ anchor: String?) -> Int {
        guard let anchor else { return node }
        for resource in scope {
            if let target = schema.dynamicAnchors[resource][anchor] { return target }
        }
        return node
    }

    private mutating func allOf(_ nodes: [Int], _ instance: JSON, _ evaluated: inout EvaluatedMembers) -> Bool {
        var isValid = true
        for (index, node) in nodes.enumerated() where !add(inPlace(node, instance, "allOf", "\(index)"), to: &evaluated) {
            isValid = false
            if !isCollecting { return false }
        }
        return isValid
    }

    private mutating func anyOf(_ nodes: [Int], _ instance: JSON, _ evaluated: inout EvaluatedMembers) -> Bool {
        var isValid = false
        var failed: [[SchemaFinding]] = []
        for (index, node) in nodes.enumerated() {
            let (result, faults) = branch { $0.inPlace(node, instance, "anyOf", "\(index)") }
            if add(result, to: &evaluated) {
                isValid = true
                if !schema.tracksEvaluation { return true }
            } else {
                failed.append(faults)
            }
        }
        if !isValid { reportNearest("anyOf", failed) }
        return isValid
    }

    private mutating func oneOf(_ nodes: [Int], _ instance: JSON, _ evaluated: inout EvaluatedMembers) -> Bool {
        var matching: [Int] = []
        var failed: [[SchemaFinding]] = []
        for (index, node) in nodes.enumerated() {
            let (result, faults) = branch { $0.inPlace(node, instance, "oneOf", "\(index)") }
            if add(result, to: &evaluated) { matching.append(index) } else { failed.append(faults) }
        }
        if matching.count == 1 { return true }
        if matching.isEmpty {
            reportNearest("oneOf", failed)
        } else {
            let places = matching.map { "\($0 + 1)" }.joined(separator: " and ")
            report("oneOf", "must match exactly one of \(nodes.count) alternatives, but matches \(places)")
        }
        return false
    }

    /// One finding with the faults of the alternative that the instance comes nearest to.
    private mutating func reportNearest(_ keyword: String, _ branches: [[SchemaFinding]]) {
        guard isCollecting else { return }
        guard let nearest = branches.enumerated().max(by: { Self.rank($0.element) < Self.rank($1.element) }), !nearest.element.isEmpty
        else {
            return report(keyword, "matches none of the alternatives")
        }
        let shown = nearest.element.prefix(3).map { $0.instancePath.isEmpty ? $0.message : "\($0.instancePath) \($0.message)" }
        let more = nearest.element.count > 3 ? " and \(nearest.element.count - 3) more" : ""
        let text =
            branches.count == 1
            ? shown.joined(separator: "; ") + more
            : "matches none of \(branches.count) alternatives; nearest is number \(nearest.offset + 1): \(shown.joined(separator: "; "))\(more)"
        report(keyword, text, suggestion: nearest.element.compactMap(\.suggestion).first)
    }

    /// Greater is nearer: first a right type and constant, then the depth of the fault, then few faults.
    private static func rank(_ findings: [SchemaFinding]) -> (Int, Int, Int) {
        let isOfOtherKind = findings.contains {
            $0.keyword == "type" || $0.keyword == "const" || $0.keyword == "enum" || $0.keyword == "false"
        }
        let depth = findings.map { $0.instancePath.utf8.count { $0 == UInt8(ascii: "/") } }.max() ?? 0
        return (isOfOtherKind ? 0 : 1, depth, -findings.count)
    }
}

// Keywords for arrays; nil for those that are not.
extension SchemaEvaluator {
    mutating func applyToItems(
        _ keyword: SchemaKeyword, _ elements: [JSON], _ evaluated: inout EvaluatedMembers, isValidSoFar: Bool
    ) -> Bool? {
        switch keyword {
        case .minItems(let limit): return hold(elements.count >= limit, "minItems", "must have at least \(Self.items(limit))")
        case .maxItems(let limit): return hold(elements.count <= limit, "maxItems", "must have at most \(Self.items(limit))")
        case .uniqueItems: return uniqueItems(elements)
        case .prefixItems(let nodes):
            var isValid = true
            for (index, node) in nodes.enumerated() where index < elements.count {
                if schema.tracksEvaluation { evaluated.insert(index) }
                if !below(node, elements[index], token: "\(index)", "prefixItems", "\(index)") { isValid = false }
                if !isValid, !isCollecting { return false }
            }
            return isValid
        case .items(let node, let from): return items(node, elements, from: from, &evaluated)
        case .contains(let node, let bounds): return contains(node, elements, bounds, &evaluated)
        case .unevaluatedItems(let node): return isValidSoFar ? unevaluatedItems(node, elements, &evaluated) : true
        default: return nil
        }
    }

    private static func items(_ count: Int) -> String { "\(count) item\(count == 1 ? "" : "s")" }

    private mutating func hold(_ holds: Bool, _ keyword: String, _ message: @autoclosure () -> String) -> Bool {
        if !holds, isCollecting { report(keyword, message()) }
        return holds
    }

    private mutating func uniqueItems(_ elements: [JSON]) -> Bool {
        var first: [UniqueValue: Int] = [:]
        for (index, element) in elements.enumerated() {
            if let other = first.updateValue(index, forKey: UniqueValue(element)) {
                report("uniqueItems", "must not hold the same value twice: items \(other) and \(index) are \(Self.valueText(element))")
                return false
            }
        }
        return true
    }

    private mutating func items(_ node: Int, _ elements: [JSON], from: Int, _ evaluated: inout EvaluatedMembers) -> Bool {
        if schema.tracksEvaluation { evaluated.formUnion(.everything) }
        var isValid = true
        for (index, element) in elements.enumerated() where index >= from {
            if !below(node, element, token: "\(index)", "items") { isValid = false }
            if !isValid, !isCollecting { return false }
        }
        return isValid
    }

    private mutating func contains(_ node: Int, _ elements: [JSON], _ bounds: SchemaBounds, _ evaluated: inout EvaluatedMembers) -> Bool {
        var count = 0
        for (index, element) in elements.enumerated() {
            guard quietly({ $0.below(node, element, token: "\(index)", "contains") }) else { continue }
            count += 1
            if schema.tracksEvaluation { evaluated.insert(index) }
        }
        let minimum = bounds.minimum ?? 1
        if count < minimum {
            return hold(
                false, minimum == 1 ? "contains" : "minContains",
                "must hold at least \(Self.items(minimum)) of the wanted kind, not \(count)")
        }
        guard let maximum = bounds.maximum else { return true }
        return hold(count <= maximum, "maxContains", "must hold at most \(Self.items(maximum)) of the wanted kind, not \(count)")
    }

    private mutating func unevaluatedItems(_ node: Int, _ elements: [JSON], _ evaluated: inout EvaluatedMembers) -> Bool {
        var isValid = true
        for (index, element) in elements.enumerated() where !evaluated.contains(index) {
            if !below(node, element, token: "\(index)", "unevaluatedItems") { isValid = false }
            if !isValid, !isCollecting { return false }
        }
        evaluated.formUnion(.everything)
        return isValid
    }
}

// Keywords for objects; nil for those that are not.
extension SchemaEvaluator {
    mutating func applyToMembers(
        _ keyword: SchemaKeyword, _ object: JSONObject, _ evaluated: inout EvaluatedMembers, isValidSoFar: Bool
    ) -> Bool? {
        switch keyword {
        case .minProperties(let limit): return hold(object.count >= limit, "minProperties", "must have at least \(Self.keys(limit))")
        case .maxProperties(let limit): return hold(object.count <= limit, "maxProperties", "must have at most \(Self.keys(limit))")
        case .required(let names, let known):
            return required(names, object, keyword: "required", known: known) { "is missing the required key \"\($0)\"" }
        case .dependentRequired(let dependencies, let keyword):
            var isValid = true
            for (key, needs) in dependencies where object.contains(key) {
                let complete = required(needs, object, keyword: keyword) {
                    "is missing the key \"\($0)\", which \"\(key)\" needs"
                }
                isValid = isValid && complete
            }
            return isValid
        case .dependentSchemas(let dependencies, let keyword):
            var isValid = true
            for (key, node) in dependencies where object.contains(key) {
                if !add(inPlace(node, .object(object), keyword, key), to: &evaluated) { isValid = false }
            }
            return isValid
        case .properties(let nodes, let names): return properties(nodes, names, object, &evaluated)
        case .patternProperties(let patterns): return patternProperties(patterns, object, &evaluated)
        case .additionalProperties(let node, let names, let patterns, let known):
            return members(of: object, node, "additionalProperties", known: known, &evaluated) { key, _ in
                names.contains(ExactString(key)) || patterns.contains { $0.matches(key) }
            }
        case .propertyNames(let node): return propertyNames(node, object)
        case .unevaluatedProperties(let node):
            guard isValidSoFar else { return true }
            let seen = evaluated
            return members(of: object, node, "unevaluatedProperties", known: [], &evaluated) { _, index in seen.contains(index) }
        default: return nil
        }
    }

    private static func keys(_ count: Int) -> String { "\(count) key\(count == 1 ? "" : "s")" }

    private mutating func required(
        _ names: [String], _ object: JSONObject, keyword: String, known: [String] = [], _ message: (String) -> String
    ) -> Bool {
        var isValid = true
        for name in names where !object.contains(name) {
            isValid = false
            guard isCollecting else { return false }
            let foreign = known.isEmpty ? [] : object.keys.filter { !known.contains($0) }
            let near = NearestName.suggestion(for: name, among: foreign)
            report(keyword, message(name), suggestion: near == nil ? nil : name, misspelledKey: near)
        }
        return isValid
    }

    private mutating func properties(
        _ nodes: [ExactString: Int], _ names: [String], _ object: JSONObject, _ evaluated: inout EvaluatedMembers
    ) -> Bool {
        var isValid = true
        for (index, (key, value)) in object.enumerated() {
            guard let node = nodes[ExactString(key)] else { continue }
            if schema.tracksEvaluation { evaluated.insert(index) }
            if !below(node, value, token: key, "properties", key) { isValid = false }
            if !isValid, !isCollecting { return false }
        }
        return isValid
    }

    private mutating func patternProperties(
        _ patterns: [SchemaPattern], _ object: JSONObject, _ evaluated: inout EvaluatedMembers
    ) -> Bool {
        var isValid = true
        for (index, (key, value)) in object.enumerated() {
            for pattern in patterns where pattern.pattern.matches(key) {
                if schema.tracksEvaluation { evaluated.insert(index) }
                if !below(pattern.node, value, token: key, "patternProperties", pattern.pattern.source) { isValid = false }
                if !isValid, !isCollecting { return false }
            }
        }
        return isValid
    }

    /// The members that nothing else has taken. Where none are allowed, the message names the key and what it may have meant.
    private mutating func members(
        of object: JSONObject, _ node: Int, _ keyword: String, known: [String], _ evaluated: inout EvaluatedMembers,
        isTaken: (String, Int) -> Bool
    ) -> Bool {
        var isValid = true
        let isForbidden = schema.nodes[node].isFalse
        for (index, (key, value)) in object.enumerated() where !isTaken(key, index) {
            if schema.tracksEvaluation { evaluated.insert(index) }
            if isForbidden {
                guard isCollecting else { return false }
                let near = NearestName.suggestion(for: key, among: known.filter { !object.contains($0) })
                report(keyword, "the key \"\(key.prefix(60))\" is not known here", at: key, suggestion: near)
                isValid = false
            } else if !below(node, value, token: key, keyword) {
                isValid = false
            }
            if !isValid, !isCollecting { return false }
        }
        return isValid
    }

    private mutating func propertyNames(_ node: Int, _ object: JSONObject) -> Bool {
        var isValid = true
        for key in object.keys {
            var holds = true
            let faults = branch { evaluator in
                holds = evaluator.below(node, .string(key), token: key, "propertyNames")
                return nil
            }.findings
            if holds { continue }
            isValid = false
            report("propertyNames", "the key \"\(key.prefix(60))\" " + (faults.first?.message ?? "is not allowed"), at: key)
            if !isCollecting { return false }
        }
        return isValid
    }
}

/// A value as a hash key by JSON Schema's equality.
private struct UniqueValue: Hashable {
    let value: JSON
    init(_ value: JSON) { self.value = value }

    static func == (left: Self, right: Self) -> Bool { left.value == right.value }

    func hash(into hasher: inout Hasher) {
        switch value {
        case .null: hasher.combine(0)
        case .bool(let flag): hasher.combine(flag)
        case .number(let number):
            let digits = number.digits
            hasher.combine(digits.significand)
            hasher.combine(digits.exponent)
        case .string(let text): hasher.combine(ExactString(text))
        case .array(let elements): for element in elements { hasher.combine(UniqueValue(element)) }
        case .object(let object):
            var sum = 0
            for (key, value) in object {
                var member = Hasher()
                member.combine(ExactString(key))
                member.combine(UniqueValue(value))
                sum ^= member.finalize()
            }
            hasher.combine(sum)
        }
    }
}
