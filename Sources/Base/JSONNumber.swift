/// A JSON number, exact: a 64-bit integer, or the decimal text as it was written (RFC 8259 grammar).
package struct JSONNumber: Sendable, Equatable, Comparable {
    private enum Storage: Sendable {
        case integer(Int)
        case decimal(String)
    }

    private let storage: Storage

    package init(_ value: Int) { storage = .integer(value) }

    /// A finite number; what is whole and below 2^53 becomes an integer. NaN and infinities become 0, since JSON has none.
    package init(_ value: Double) {
        let isWhole = value.rounded() == value && abs(value) < 9_007_199_254_740_992
        if !value.isFinite {
            self.init(0)
        } else if isWhole {
            self.init(Int(value))
        } else {
            self.init(checked: "\(value)")
        }
    }

    /// Text that follows the grammar of RFC 8259; nil otherwise, and where the magnitude is above that of a Double.
    package init?(text: String) {
        guard let first = text.utf8.first, let last = text.utf8.last, first > 0x20, last > 0x20 else { return nil }
        var parser = JSONParser(Array(text.utf8)[...])
        guard case .number(let number)? = try? parser.parseDocument() else { return nil }
        self = number
    }

    /// The caller has checked the grammar.
    init(checked text: String) {
        if let value = Int(text), text != "-0" { storage = .integer(value) } else { storage = .decimal(text) }
    }

    package var text: String {
        switch storage {
        case .integer(let value): String(value)
        case .decimal(let text): text
        }
    }

    package var double: Double {
        switch storage {
        case .integer(let value): Double(value)
        case .decimal(let text): Double(text) ?? 0
        }
    }

    package var int: Int? {
        switch storage {
        case .integer(let value): return value
        case .decimal: return digits.int
        }
    }

    package var isInteger: Bool {
        switch storage {
        case .integer: true
        case .decimal: digits.exponent >= 0
        }
    }

    /// Sign, significant digits without zeros at either end, and the power of ten of the last one: `-1.50` is (-, [1, 5], -1).
    package var digits: DecimalDigits { DecimalDigits(text) }

    package static func == (left: JSONNumber, right: JSONNumber) -> Bool {
        if case .integer(let a) = left.storage, case .integer(let b) = right.storage { return a == b }
        return left.digits == right.digits
    }

    package static func < (left: JSONNumber, right: JSONNumber) -> Bool {
        if case .integer(let a) = left.storage, case .integer(let b) = right.storage { return a < b }
        return left.digits < right.digits
    }
}

/// The normal form of a decimal number; equal values have equal digits.
package struct DecimalDigits: Sendable, Equatable, Comparable {
    package let isNegative: Bool
    package let significand: [UInt8]
    package let exponent: Int

    init(_ text: String) {
        var negative = false
        var digits: [UInt8] = []
        var exponent = 0
        var afterPoint = false
        var rest = text.utf8[...]
        if rest.first == UInt8(ascii: "-") {
            negative = true
            rest = rest.dropFirst()
        }
        while let byte = rest.first {
            if byte == UInt8(ascii: ".") {
                afterPoint = true
            } else if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
                exponent += Self.exponent(rest.dropFirst())
                break
            } else {
                digits.append(byte - UInt8(ascii: "0"))
                if afterPoint { exponent -= 1 }
            }
            rest = rest.dropFirst()
        }
        while digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
        let leading = digits.prefix { $0 == 0 }.count
        significand = Array(digits.dropFirst(leading))
        isNegative = negative && !significand.isEmpty
        self.exponent = significand.isEmpty ? 0 : exponent
    }

    /// Held within a thousand millions, far outside of any Double, so that sums of exponents cannot overflow.
    private static func exponent(_ text: Substring.UTF8View) -> Int {
        let isNegative = text.first == UInt8(ascii: "-")
        var value = 0
        for byte in text where byte >= UInt8(ascii: "0") { value = min(value * 10 + Int(byte - UInt8(ascii: "0")), 1_000_000_000) }
        return isNegative ? -value : value
    }

    /// The power of ten of the first digit, for comparing magnitudes.
    private var magnitude: Int { significand.count + exponent }

    /// The value when it is whole and fits 64 bits.
    package var int: Int? {
        guard exponent >= 0, magnitude <= 19 else { return nil }
        var value = 0
        for digit in significand + Array(repeating: 0, count: exponent) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (difference, underflow) = product.subtractingReportingOverflow(Int(digit))
            if overflow || underflow { return nil }
            value = difference
        }
        if isNegative { return value }
        return value == Int.min ? nil : -value
    }

    package static func < (left: Self, right: Self) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        let smaller = left.isNegative ? right.isCloserToZero(than: left) : left.isCloserToZero(than: right)
        return smaller
    }

    private func isCloserToZero(than other: Self) -> Bool {
        if significand.isEmpty || other.significand.isEmpty { return significand.isEmpty && !other.significand.isEmpty }
        if magnitude != other.magnitude { return magnitude < other.magnitude }
        return significand.lexicographicallyPrecedes(other.significand)
    }
}
