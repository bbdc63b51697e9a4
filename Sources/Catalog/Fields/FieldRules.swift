package import Base
import Documents

/// The `validation` map of a field, read with the meaning that the browser gives it: a rule that cannot be read binds nothing.
package struct FieldRules: Sendable {
    package let values: JSONObject
    private let pattern: Pattern?
    /// Else every text counts as one that the pattern was given up on.
    private let triesPattern: Bool

    /// What a bound of dates may be instead of a date: the day in UTC on which it is checked.
    package static let today = "today"

    /// Without `today` the word binds nothing.
    init(_ field: Field, triesPattern: Bool = true, today: String? = nil) {
        var values = field.validation
        if field.type == "date" {
            for rule in ["minDate", "maxDate"] where values[rule]?.string == Self.today { values[rule] = today.map(JSON.string) }
        }
        self.values = values
        pattern = field.pattern
        self.triesPattern = triesPattern
    }

    subscript(key: String) -> JSON? { values[key] }

    func int(_ key: String) -> Int? { values[key]?.int }

    func double(_ key: String) -> Double? { values[key]?.double }

    func string(_ key: String) -> String? { values[key]?.string }

    /// Empty where any value is taken.
    var options: [JSON] { values["enum"]?.array ?? [] }

    var takesAnyOption: Bool { options.isEmpty || values["allowCustom"]?.bool == true }
}

extension FieldRules {
    func optionFault(_ chosen: [JSON]) -> [BrokenRule] {
        guard !takesAnyOption, let foreign = chosen.first(where: { !options.contains($0) }) else { return [] }
        return [BrokenRule("enum", "Choose one of the options; \(foreign) is none of them.")]
    }

    func patternFault(_ text: String) -> [BrokenRule] {
        guard let pattern else { return [] }
        let outcome = triesPattern ? pattern.search(text) : .tooCostly
        if outcome == .match { return [] }
        var broken = BrokenRule("pattern", string("message") ?? "Use the form \(pattern.source).")
        broken.isCostly = outcome == .tooCostly
        return [broken]
    }

    func lengthFaults(_ text: String) -> [BrokenRule] {
        let length = text.unicodeScalars.count
        var broken: [BrokenRule] = []
        if let minimum = double("minLength"), Double(length) < minimum {
            broken.append(BrokenRule("minLength", "Enter at least \(counted(values["minLength"], "character", "characters"))."))
        }
        if let maximum = double("maxLength"), Double(length) > maximum {
            broken.append(BrokenRule("maxLength", "Enter at most \(counted(values["maxLength"], "character", "characters"))."))
        }
        return broken
    }

    func formatFault(_ text: String, _ name: String?) -> [BrokenRule] {
        guard let format = name.flatMap(TextFormat.init(named:)), !format.matches(text) else { return [] }
        return [BrokenRule("format", format.message)]
    }

    /// Bounds of any kind: `read` makes the value and the bound comparable.
    func boundFaults<Comparison: Comparable>(
        _ value: Comparison?, _ suffix: String, fallback: ClosedRange<Int>? = nil, low: String, high: String,
        read: (JSON) -> Comparison?
    ) -> [BrokenRule] {
        guard let value else { return [] }
        let bounds = [
            ("min" + suffix, fallback.map { JSON.int($0.lowerBound) }, low),
            ("max" + suffix, fallback.map { JSON.int($0.upperBound) }, high),
        ]
        return bounds.compactMap { rule, fallback, words in
            guard let written = values[rule] ?? fallback, let limit = read(written) else { return nil }
            let isBroken = rule.hasPrefix("min") ? value < limit : limit < value
            return isBroken ? BrokenRule(rule, words.replacingFirst("$", with: written.string ?? written.description)) : nil
        }
    }

    func numberFaults(_ number: JSONNumber, fallback: ClosedRange<Int>? = nil) -> [BrokenRule] {
        var broken = boundFaults(
            number, "", fallback: fallback, low: "Enter $ or more.", high: "Enter $ or less.", read: { $0.number })
        let start = values["min"]?.number ?? JSONNumber(0)
        if let step, !number.isMultiple(of: step, from: start) {
            let from = start == JSONNumber(0) ? "" : "\(start.text) plus "
            broken.append(BrokenRule("step", "Enter \(from)a multiple of \(step.text)."))
        }
        if let precision, number.digits.exponent < -precision {
            broken.append(BrokenRule("precision", "Use at most \(counted(values["precision"], "decimal", "decimals"))."))
        }
        return broken + optionFault([.number(number)])
    }

    /// Above 0, else it binds nothing.
    var step: JSONNumber? { values["step"]?.number.flatMap { $0 > JSONNumber(0) ? $0 : nil } }

    /// Decimals after the point.
    var precision: Int? { int("precision").flatMap { $0 >= 0 ? $0 : nil } }

    func counted(_ count: JSON?, _ one: String, _ many: String) -> String {
        "\(count ?? 0) \(count?.int == 1 ? one : many)"
    }
}

extension String {
    func replacingFirst(_ mark: Character, with text: String) -> String {
        guard let index = firstIndex(of: mark) else { return self }
        return self[..<index] + text + self[self.index(after: index)...]
    }
}
