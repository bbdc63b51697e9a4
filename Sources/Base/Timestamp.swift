/// An instant in UTC, in milliseconds since 1970-01-01. Text is fixed to 24 characters (`2026-11-21T10:00:00.000Z`), so that text
/// order is time order.
package struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let milliseconds: Int

    /// Held within the years 0 to 9999, which the text can show.
    package init(milliseconds: Int) {
        self.milliseconds = min(max(milliseconds, Self.earliest), Self.latest)
    }

    private static let earliest = -62_167_219_200_000
    private static let latest = 253_402_300_799_999

    package static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

    package static func + (instant: Self, duration: Duration) -> Self {
        let (sum, overflow) = instant.milliseconds.addingReportingOverflow(duration.milliseconds)
        return Self(milliseconds: overflow ? (duration > .zero ? .max : .min) : sum)
    }

    package static func - (instant: Self, duration: Duration) -> Self {
        let (difference, overflow) = instant.milliseconds.subtractingReportingOverflow(duration.milliseconds)
        return Self(milliseconds: overflow ? (duration > .zero ? .min : .max) : difference)
    }

    package static func - (left: Self, right: Self) -> Duration {
        .milliseconds(left.milliseconds - right.milliseconds)
    }

    /// Whole seconds since 1970.
    package var unixSeconds: Int { milliseconds.floorDivided(by: 1000) }

    package var description: String {
        let (date, clock) = (self.date, milliseconds.floorModulo(86_400_000))
        return String(unsafeUninitializedCapacity: 24) { text in
            text.put(date)
            text[10] = UInt8(ascii: "T")
            text.put(digits: clock / 3_600_000, at: 11, width: 2)
            text[13] = UInt8(ascii: ":")
            text.put(digits: clock / 60_000 % 60, at: 14, width: 2)
            text[16] = UInt8(ascii: ":")
            text.put(digits: clock / 1000 % 60, at: 17, width: 2)
            text[19] = UInt8(ascii: ".")
            text.put(digits: clock % 1000, at: 20, width: 3)
            text[23] = UInt8(ascii: "Z")
            return 24
        }
    }

    /// The UTC calendar date.
    package var date: CalendarDate { CalendarDate(daysSince1970: milliseconds.floorDivided(by: 86_400_000)) }

    /// Reads RFC 3339 with any offset (`2026-11-21T12:00:00+02:00`); nil where it is not one, or not of the years 0 to 9999 in UTC.
    package init?(_ text: String) {
        if let milliseconds = text.utf8.withContiguousStorageIfAvailable(Self.fixedForm) ?? nil {
            self.milliseconds = milliseconds
            return
        }
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t"),
            let date = CalendarDate(String(decoding: bytes[0..<10], as: UTF8.self)),
            let clock = ClockReading(bytes[11...])
        else { return nil }
        let instant = date.daysSince1970 * 86_400_000 + clock.milliseconds - clock.offsetMinutes * 60_000
        guard (Self.earliest...Self.latest).contains(instant) else { return nil }
        milliseconds = instant
    }
}

extension Timestamp {
    /// The 24 characters of `description`, which most texts are; nil for any other.
    private static func fixedForm(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
        guard text.count == 24, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"), text[10] == UInt8(ascii: "T"),
            text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"), text[19] == UInt8(ascii: "."), text[23] == UInt8(ascii: "Z"),
            let year = text.number(0, 4), let month = text.number(5, 2), let day = text.number(8, 2), let hour = text.number(11, 2),
            let minute = text.number(14, 2), let second = text.number(17, 2), let fraction = text.number(20, 3),
            hour < 24, minute < 60, second < 60, let date = CalendarDate(year: year, month: month, day: day)
        else { return nil }
        return date.daysSince1970 * 86_400_000 + hour * 3_600_000 + minute * 60_000 + second * 1000 + fraction
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// nil where one of the bytes is no digit.
    fileprivate func number(_ start: Int, _ width: Int) -> Int? {
        var value = 0
        for index in start..<start + width {
            let digit = Int(self[index]) - 0x30
            guard digit >= 0, digit < 10 else { return nil }
            value = value * 10 + digit
        }
        return value
    }
}

extension UnsafeMutableBufferPointer<UInt8> {
    fileprivate func put(digits value: Int, at start: Int, width: Int) {
        var rest = value
        for index in stride(from: start + width - 1, through: start, by: -1) {
            self[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// In the first ten bytes.
    fileprivate func put(_ date: CalendarDate) {
        put(digits: date.year, at: 0, width: 4)
        self[4] = UInt8(ascii: "-")
        put(digits: date.month, at: 5, width: 2)
        self[7] = UInt8(ascii: "-")
        put(digits: date.day, at: 8, width: 2)
    }
}

/// A date of the proleptic Gregorian calendar, years 0 to 9999.
package struct CalendarDate: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let year: Int
    package let month: Int
    package let day: Int

    package init?(year: Int, month: Int, day: Int) {
        guard (0...9999).contains(year), (1...12).contains(month), day >= 1, day <= Self.days(in: month, of: year) else {
            return nil
        }
        (self.year, self.month, self.day) = (year, month, day)
    }

    /// Reads `2026-11-21` only.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = decimal(bytes[0..<4]), let month = decimal(bytes[5..<7]), let day = decimal(bytes[8..<10])
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// Howard Hinnant's civil_from_days.
    package init(daysSince1970 days: Int) {
        let shifted = days + 719_468
        let era = shifted.floorDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Howard Hinnant's days_from_civil.
    package var daysSince1970: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.floorDivided(by: 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    package static func < (left: Self, right: Self) -> Bool { left.daysSince1970 < right.daysSince1970 }

    package var description: String {
        String(unsafeUninitializedCapacity: 10) { text in
            text.put(self)
            return 10
        }
    }

    static func days(in month: Int, of year: Int) -> Int {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (leap ? 29 : 28) : ([4, 6, 9, 11].contains(month) ? 30 : 31)
    }
}

/// The clock part of RFC 3339: `10:00:00.5+02:00`. A leap second is read as second 60 only at 23:59 UTC.
package struct ClockReading: Sendable {
    package let milliseconds: Int
    package let offsetMinutes: Int

    package init?(_ text: String) { self.init(Array(text.utf8)[...]) }

    init?(_ bytes: ArraySlice<UInt8>) {
        let base = bytes.startIndex
        guard bytes.count >= 9, bytes[base + 2] == UInt8(ascii: ":"), bytes[base + 5] == UInt8(ascii: ":"),
            let hour = decimal(bytes[base..<base + 2]), let minute = decimal(bytes[base + 3..<base + 5]),
            let second = decimal(bytes[base + 6..<base + 8]), hour < 24, minute < 60, second < 61
        else { return nil }
        var rest = bytes[(base + 8)...]
        var fraction = 0
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            guard !digits.isEmpty else { return nil }
            let padded = Array(digits.prefix(3)) + Array(repeating: UInt8(ascii: "0"), count: max(0, 3 - digits.count))
            fraction = decimal(padded[...]) ?? 0
            rest = rest.dropFirst(1 + digits.count)
        }
        guard let offset = Self.offset(rest) else { return nil }
        if second == 60 {
            let utc = (hour * 60 + minute - offset).floorModulo(1440)
            guard utc == 23 * 60 + 59 else { return nil }
        }
        milliseconds = (hour * 3600 + minute * 60 + second) * 1000 + fraction
        offsetMinutes = offset
    }

    private static func offset(_ bytes: ArraySlice<UInt8>) -> Int? {
        if bytes.count == 1, bytes.first == UInt8(ascii: "Z") || bytes.first == UInt8(ascii: "z") { return 0 }
        let base = bytes.startIndex
        guard bytes.count == 6, bytes[base + 3] == UInt8(ascii: ":"), let hour = decimal(bytes[base + 1..<base + 3]),
            let minute = decimal(bytes[base + 4..<base + 6]), hour < 24, minute < 60
        else { return nil }
        switch bytes[base] {
        case UInt8(ascii: "+"): return hour * 60 + minute
        case UInt8(ascii: "-"): return -(hour * 60 + minute)
        default: return nil
        }
    }
}

private func decimal(_ bytes: ArraySlice<UInt8>) -> Int? {
    var value = 0
    for byte in bytes {
        guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        value = value * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return bytes.isEmpty ? nil : value
}

extension Int {
    package func floorDivided(by divisor: Int) -> Int { (self >= 0 ? self : self - divisor + 1) / divisor }
    package func floorModulo(_ divisor: Int) -> Int { self - floorDivided(by: divisor) * divisor }
}
