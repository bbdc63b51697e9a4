package import Base

extension JSONNumber {
    /// Exact, in decimals: 0.3 is a multiple of 0.1.
    package func isMultiple(of step: JSONNumber) -> Bool {
        let (value, step) = (digits, step.digits)
        guard !value.significand.isEmpty else { return true }
        // Neither significand ends in 0: a step with more zeros at its end cannot divide the value.
        let zeros = value.exponent - step.exponent
        guard zeros >= 0, !step.significand.isEmpty else { return false }
        return DecimalDivision.remainderIsZero(value.significand, zeros: zeros, by: step.significand)
    }
}

extension JSONNumber {
    /// Whether `start` and so many steps make it; exact too. Numbers of more than some hundred digits between their ends are none.
    package func isMultiple(of step: JSONNumber, from start: JSONNumber) -> Bool {
        if start == JSONNumber(0) { return isMultiple(of: step) }
        return minus(start)?.isMultiple(of: step) ?? false
    }

    /// This number and what lies whole steps above it; nil where these are more than `most`.
    package func steps(of step: JSONNumber, through end: JSONNumber, atMost most: Int) -> [JSONNumber]? {
        guard step > JSONNumber(0), let back = JSONNumber(0).minus(step) else { return nil }
        var numbers: [JSONNumber] = []
        var next = self
        while next <= end {
            guard numbers.count < most, let sum = next.minus(back) else { return nil }
            numbers.append(next)
            next = sum
        }
        return numbers
    }

    package var half: JSONNumber? {
        let (digits, number) = (digits, digits.significand)
        let fivefold = (0..<5).reduce(into: []) { sum, _ in sum = DigitArithmetic.sum(sum, number) }
        return JSONNumber(fivefold, isNegative: digits.isNegative, exponent: digits.exponent - 1)
    }

    /// nil where the difference has more than 700 digits.
    func minus(_ other: JSONNumber) -> JSONNumber? {
        let (left, right) = (digits, other.digits)
        let exponent = min(left.exponent, right.exponent)
        guard let first = left.magnitude(downTo: exponent), let second = right.magnitude(downTo: exponent) else { return nil }
        let sum: (isNegative: Bool, digits: [UInt8])
        if left.isNegative != right.isNegative {
            sum = (left.isNegative, DigitArithmetic.sum(first, second))
        } else if DigitArithmetic.isAtLeast(first, second) {
            sum = (left.isNegative, DigitArithmetic.difference(first, second))
        } else {
            sum = (!left.isNegative, DigitArithmetic.difference(second, first))
        }
        return JSONNumber(sum.digits, isNegative: sum.isNegative, exponent: exponent)
    }

    /// Written without an exponent where that is short.
    private init?(_ digits: [UInt8], isNegative: Bool, exponent: Int) {
        if digits.isEmpty {
            self.init(0)
            return
        }
        var text = digits.map(String.init).joined()
        if exponent > 0 {
            text += "e\(exponent)"
        } else if exponent < 0 {
            text = String(repeating: "0", count: max(0, 1 - exponent - digits.count)) + text
            text.insert(".", at: text.index(text.endIndex, offsetBy: exponent))
        }
        self.init(text: (isNegative ? "-" : "") + text)
    }
}

extension DecimalDigits {
    /// The digits as a whole number of that power of ten.
    fileprivate func magnitude(downTo power: Int) -> [UInt8]? {
        let zeros = significand.isEmpty ? 0 : exponent - power
        return significand.count + zeros <= 700 ? significand + Array(repeating: 0, count: zeros) : nil
    }
}

/// Whole numbers as their decimal digits, without zeros in front.
private enum DigitArithmetic {
    static func isAtLeast(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count != right.count ? left.count > right.count : !left.lexicographicallyPrecedes(right)
    }

    /// Of a number and one that is not greater.
    static func difference(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        var left = left
        var borrow: UInt8 = 0
        for offset in 0..<left.count {
            let place = left.count - 1 - offset
            let taken = (offset < right.count ? right[right.count - 1 - offset] : 0) + borrow
            borrow = left[place] < taken ? 1 : 0
            left[place] = left[place] + 10 * borrow - taken
        }
        return Array(left.drop { $0 == 0 })
    }

    static func sum(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        var reversed: [UInt8] = []
        var carry: UInt8 = 0
        for offset in 0..<max(left.count, right.count) {
            let digit = [left, right].reduce(carry) { $0 + (offset < $1.count ? $1[$1.count - 1 - offset] : 0) }
            reversed.append(digit % 10)
            carry = digit / 10
        }
        if carry > 0 { reversed.append(carry) }
        return reversed.reversed()
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
            while DigitArithmetic.isAtLeast(remainder, divisor) { remainder = DigitArithmetic.difference(remainder, divisor) }
        }
        return remainder.isEmpty
    }
}
