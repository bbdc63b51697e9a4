import Base

extension SchemaEvaluator {
    /// Whether the instance keeps one keyword; adds to `evaluated` what the keyword looked at.
    mutating func apply(_ keyword: SchemaKeyword, _ instance: JSON, _ evaluated: inout EvaluatedMembers, isValidSoFar: Bool) -> Bool {
        switch instance {
        case .array(let elements):
            if let result = applyToItems(keyword, elements, &evaluated, isValidSoFar: isValidSoFar) { return result }
        case .object(let object):
            if let result = applyToMembers(keyword, object, &evaluated, isValidSoFar: isValidSoFar) { return result }
        case .number(let number):
            if let fault = Self.numberFault(keyword, number) { return fail(fault) }
        case .string(let text):
            if let fault = Self.textFault(keyword, text) { return fail(fault) }
        case .null, .bool: break
        }
        return applyToAny(keyword, instance, &evaluated)
    }

    struct Fault {
        var keyword: String
        var message: String
        var suggestion: String?
    }

    private mutating func fail(_ fault: @autoclosure () -> Fault) -> Bool {
        guard isCollecting else { return false }
        let fault = fault()
        report(fault.keyword, fault.message, suggestion: fault.suggestion)
        return false
    }

    private mutating func applyToAny(_ keyword: SchemaKeyword, _ instance: JSON, _ evaluated: inout EvaluatedMembers) -> Bool {
        switch keyword {
        case .type(let names):
            if names.contains(instance.typeName) || (names.contains("number") && instance.number != nil) { return true }
            return fail(Fault(keyword: "type", message: "must be \(Self.typeText(names)), not \(Self.valueText(instance))"))
        case .enumeration(let values):
            if values.contains(instance) { return true }
            return fail(Self.enumFault(values, instance))
        case .const(let value):
            if value == instance { return true }
            return fail(Fault(keyword: "const", message: "must be \(Self.valueText(value))"))
        default: return applyInPlace(keyword, instance, &evaluated)
        }
    }

    private static func enumFault(_ values: [JSON], _ instance: JSON) -> Fault {
        let shown = values.prefix(12).map(valueText).joined(separator: ", ") + (values.count > 12 ? ", ..." : "")
        let near = instance.string.flatMap { NearestName.suggestion(for: $0, among: values.compactMap(\.string)) }
        return Fault(keyword: "enum", message: "must be one of \(shown), not \(valueText(instance))", suggestion: near)
    }

    private static func typeText(_ names: [String]) -> String {
        let articles = ["array": "a list", "object": "an object", "integer": "a whole number", "null": "null"]
        return names.map { articles[$0] ?? "a \($0)" }.joined(separator: " or ")
    }

    static func valueText(_ value: JSON) -> String {
        let text = value.description
        return text.unicodeScalars.count <= 60 ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(57))) + "..."
    }

    private static func numberFault(_ keyword: SchemaKeyword, _ number: JSONNumber) -> Fault? {
        switch keyword {
        case .minimum(let limit) where number < limit: Fault(keyword: "minimum", message: "must be at least \(limit.text)")
        case .maximum(let limit) where number > limit: Fault(keyword: "maximum", message: "must be at most \(limit.text)")
        case .exclusiveMinimum(let limit) where number <= limit:
            Fault(keyword: "exclusiveMinimum", message: "must be greater than \(limit.text)")
        case .exclusiveMaximum(let limit) where number >= limit:
            Fault(keyword: "exclusiveMaximum", message: "must be less than \(limit.text)")
        case .multipleOf(let step) where !number.isMultiple(of: step):
            Fault(keyword: "multipleOf", message: "must be a multiple of \(step.text)")
        default: nil
        }
    }

    private static func textFault(_ keyword: SchemaKeyword, _ text: String) -> Fault? {
        switch keyword {
        case .minLength(let limit) where text.unicodeScalars.count < limit:
            Fault(keyword: "minLength", message: "must have at least \(limit) character\(limit == 1 ? "" : "s")")
        case .maxLength(let limit) where text.unicodeScalars.count > limit:
            Fault(keyword: "maxLength", message: "must have at most \(limit) character\(limit == 1 ? "" : "s")")
        case .pattern(let pattern):
            switch pattern.search(text) {
            case .match: nil
            case .noMatch: Fault(keyword: "pattern", message: "must match the pattern \(pattern.source)")
            case .tooCostly:
                Fault(keyword: "pattern", message: "cannot be checked against the pattern \(pattern.source): it takes too long")
            }
        case .format(let name, let format) where !format.accepts(text):
            Fault(keyword: "format", message: "must be \(format.description ?? "of the format \(name)")")
        default: nil
        }
    }
}

extension JSONNumber {
    /// Exact, in decimals: 0.3 is a multiple of 0.1.
    func isMultiple(of step: JSONNumber) -> Bool {
        let (value, step) = (digits, step.digits)
        guard !value.significand.isEmpty else { return true }
        // Neither significand ends in 0: a step with more zeros at its end cannot divide the value.
        let zeros = value.exponent - step.exponent
        guard zeros >= 0, !step.significand.isEmpty else { return false }
        return DecimalDivision.remainderIsZero(value.significand, zeros: zeros, by: step.significand)
    }
}

/// Long division of digits.
private enum DecimalDivision {
    static func remainderIsZero(_ digits: [UInt8], zeros: Int, by divisor: [UInt8]) -> Bool {
        guard divisor.count <= 18 else { return longRemainderIsZero(digits, zeros: zeros, by: divisor) }
        let modulus = divisor.reduce(UInt64(0)) { $0 * 10 + UInt64($1) }
        var remainder = digits.reduce(UInt64(0)) { ($0 * 10 + UInt64($1)) % modulus }
        // Powers of ten by squaring, since the exponent may be a billion.
        var (factor, rest) = (10 % modulus, zeros)
        while rest > 0, remainder != 0 {
            if rest & 1 == 1 { remainder = multiply(remainder, factor, modulus) }
            factor = multiply(factor, factor, modulus)
            rest >>= 1
        }
        return remainder == 0
    }

    private static func multiply(_ left: UInt64, _ right: UInt64, _ modulus: UInt64) -> UInt64 {
        modulus.dividingFullWidth(left.multipliedFullWidth(by: right)).remainder
    }

    /// For divisors above 64 bits: at most nine subtractions for each digit. What is longer than any Double writes is not divided.
    private static func longRemainderIsZero(_ digits: [UInt8], zeros: Int, by divisor: [UInt8]) -> Bool {
        guard digits.count + zeros <= 2000 else { return false }
        var remainder: [UInt8] = []
        for digit in digits + Array(repeating: 0, count: zeros) {
            if !remainder.isEmpty || digit != 0 { remainder.append(digit) }
            while isAtLeast(remainder, divisor) { subtract(divisor, from: &remainder) }
        }
        return remainder.isEmpty
    }

    private static func isAtLeast(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count != right.count ? left.count > right.count : !left.lexicographicallyPrecedes(right)
    }

    private static func subtract(_ right: [UInt8], from left: inout [UInt8]) {
        var borrow: UInt8 = 0
        for offset in 0..<left.count {
            let place = left.count - 1 - offset
            let taken = (offset < right.count ? right[right.count - 1 - offset] : 0) + borrow
            borrow = left[place] < taken ? 1 : 0
            left[place] = left[place] + 10 * borrow - taken
        }
        left = Array(left.drop { $0 == 0 })
    }
}
