/// What the clocks of one place show: a time zone of the IANA database, or a fixed distance to UTC.
package struct WallClock: Sendable, Equatable {
    /// `Europe/Berlin`, `+01:00` or `UTC`.
    package let name: String
    /// Unix seconds, ascending, at which the clocks are set.
    private let changes: [Int]
    /// Seconds east of UTC: the first until the first change, each next one from its change on.
    private let offsets: [Int]
    /// From the last change on; nil: they are set no more.
    private let rule: DaylightRule?

    /// `offsets` has one more element than `changes`.
    init(name: String, changes: [Int], offsets: [Int], rule: DaylightRule?) {
        self.name = name
        self.changes = changes
        self.offsets = offsets
        self.rule = rule
    }

    package static let utc = WallClock(name: "UTC", changes: [], offsets: [0], rule: nil)

    /// Minutes east of UTC.
    package static func fixed(minutes: Int) -> WallClock {
        func digits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let name = (minutes < 0 ? "-" : "+") + digits(abs(minutes) / 60) + ":" + digits(abs(minutes) % 60)
        return minutes == 0 ? .utc : WallClock(name: name, changes: [], offsets: [minutes * 60], rule: nil)
    }

    /// Seconds east of UTC.
    package func offset(at instant: Timestamp) -> Int { offset(at: instant.unixSeconds) }

    private func offset(at seconds: Int) -> Int {
        if let rule, changes.last.map({ seconds >= $0 }) ?? true { return rule.offset(at: seconds) }
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return offsets[low]
    }

    /// When the clocks are set, in order.
    package func changes(after start: Timestamp, through end: Timestamp) -> [Timestamp] {
        let (first, last) = (start.unixSeconds, end.unixSeconds)
        let listed = changes.filter { $0 > first && $0 <= last }
        let ruled = (rule?.changes(around: first...max(first, last)) ?? []).map(\.at).filter { at in
            at > max(first, changes.last ?? .min) && at <= last
        }
        return (listed + ruled).map { Timestamp(milliseconds: $0 * 1000) }
    }

    /// The instants, in order, at which the clocks show a date and a time of day (`second` of that day): none where they are set over it,
    /// two where they are set back over it.
    package func instants(on day: CalendarDate, second: Int) -> [Timestamp] {
        let local = day.daysSince1970 * 86_400 + second
        let (before, after) = (local - 100_000, local + 100_000)
        let changes = changes(after: Timestamp(milliseconds: before * 1000), through: Timestamp(milliseconds: after * 1000))
        let offsets = Set([offset(at: before)] + changes.map { offset(at: $0) })
        return offsets.map { local - $0 }.filter { $0 + offset(at: $0) == local }.sorted().map { Timestamp(milliseconds: $0 * 1000) }
    }

    /// Of `2026-12-20T22:00`, also with seconds: the first or the last instant at which the clocks show it; where they skip it, when they
    /// are set. nil for any other text.
    package func instant(_ local: String, isLast: Bool) -> Timestamp? {
        let text = local.utf8.count == 16 ? local + ":00" : local
        guard text.utf8.count == 19, let shown = Timestamp(text + "Z") else { return nil }
        let instants = instants(on: shown.date, second: shown.unixSeconds.floorModulo(86_400))
        if let instant = isLast ? instants.last : instants.first { return instant }
        let day = Duration.seconds(86_400)
        return changes(after: shown - day - day, through: shown + day).last { $0 + .seconds(offset(at: $0 - .seconds(1))) <= shown }
    }
}

/// When the clocks are set each year, as POSIX writes it in TZ: `CET-1CEST,M3.5.0,M10.5.0/3`, with the hours from -167 to 167 that RFC 8536
/// adds.
struct DaylightRule: Sendable, Equatable {
    /// A day of each year and a time on it, by the clock that is set.
    private enum Day: Equatable {
        /// 1 to 365: 29 February is never counted.
        case julian(Int)
        /// 0 to 365.
        case ordinal(Int)
        /// The `week`th (5: the last) `weekday` (0: Sunday) of the month.
        case weekday(month: Int, week: Int, weekday: Int)
    }

    private struct Setting: Equatable {
        var day: Day
        /// Seconds after midnight.
        var time: Int
    }

    private var standard: Int
    private var daylight: (offset: Int, begins: Setting, ends: Setting)?

    static func == (left: Self, right: Self) -> Bool {
        left.standard == right.standard && left.daylight?.offset == right.daylight?.offset
            && left.daylight?.begins == right.daylight?.begins && left.daylight?.ends == right.daylight?.ends
    }

    /// nil for what is no such text.
    init?(_ text: String) {
        var reader = RuleReader(text)
        guard reader.name(), let standard = reader.offset() else { return nil }
        self.standard = -standard
        if reader.isAtEnd { return }
        guard reader.name() else { return nil }
        let offset = reader.next == UInt8(ascii: ",") ? self.standard + 3600 : reader.offset().map { -$0 }
        guard let offset, let begins = Self.setting(&reader), let ends = Self.setting(&reader), reader.isAtEnd else { return nil }
        daylight = (offset, begins, ends)
    }

    private static func setting(_ reader: inout RuleReader) -> Setting? {
        guard reader.take(","), let day = day(&reader) else { return nil }
        guard reader.take("/") else { return Setting(day: day, time: 7200) }
        return reader.offset().map { Setting(day: day, time: $0) }
    }

    private static func day(_ reader: inout RuleReader) -> Day? {
        if reader.take("J") { return reader.number(1...365).map(Day.julian) }
        guard reader.take("M") else { return reader.number(0...365).map(Day.ordinal) }
        guard let month = reader.number(1...12), reader.take("."), let week = reader.number(1...5), reader.take("."),
            let weekday = reader.number(0...6)
        else { return nil }
        return .weekday(month: month, week: week, weekday: weekday)
    }

    /// Unix seconds.
    func offset(at seconds: Int) -> Int { changes(around: seconds...seconds).last { $0.at <= seconds }?.offset ?? standard }

    /// All of the years that the range touches, and of one more on either side; in order.
    func changes(around range: ClosedRange<Int>) -> [(at: Int, offset: Int)] {
        guard let daylight else { return [] }
        func year(_ seconds: Int) -> Int { Timestamp(milliseconds: seconds * 1000).date.year }
        var changes: [(at: Int, offset: Int)] = []
        for year in max(1, year(range.lowerBound) - 1)...min(9998, year(range.upperBound) + 1) {
            let begins = Self.seconds(of: daylight.begins, in: year) - standard
            let ends = Self.seconds(of: daylight.ends, in: year) - daylight.offset
            changes += [(begins, daylight.offset), (ends, standard)]
        }
        // Where one year's end is the next year's begin, the clocks are not set.
        return changes.sorted { ($0.at, $0.offset == standard ? 0 : 1) < ($1.at, $1.offset == standard ? 0 : 1) }
    }

    /// By the clock that is set, as if it showed UTC.
    private static func seconds(of setting: Setting, in year: Int) -> Int {
        day(of: setting.day, in: year) * 86_400 + setting.time
    }

    private static func day(of day: Day, in year: Int) -> Int {
        func first(_ month: Int) -> Int { CalendarDate(year: year, month: month, day: 1)?.daysSince1970 ?? 0 }
        switch day {
        case .ordinal(let number): return first(1) + number
        case .julian(let number): return first(1) + number - 1 + (number > 59 && CalendarDate.days(in: 2, of: year) == 29 ? 1 : 0)
        case .weekday(let month, let week, let weekday):
            let start = first(month)
            // 1970-01-01 was a Thursday.
            let day = start + (weekday - start - 4).floorModulo(7) + (week - 1) * 7
            return day < start + CalendarDate.days(in: month, of: year) ? day : day - 7
        }
    }
}

/// Reads a rule from left to right.
private struct RuleReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { position == bytes.count }
    var next: UInt8? { isAtEnd ? nil : bytes[position] }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// Three letters or more, or anything in angle brackets; what the zone is called does not matter here.
    mutating func name() -> Bool {
        let isQuoted = take("<")
        let start = position
        while let byte = next, isQuoted ? byte != UInt8(ascii: ">") : Self.isLetter(byte) { position += 1 }
        return position - start >= 3 && (!isQuoted || take(">"))
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }

    mutating func number(_ range: ClosedRange<Int>) -> Int? {
        var value: Int?
        while let byte = next, (0x30...0x39).contains(byte), (value ?? 0) < 1000 {
            value = (value ?? 0) * 10 + Int(byte) - 0x30
            position += 1
        }
        return value.flatMap { range.contains($0) ? $0 : nil }
    }

    /// Seconds of `[+|-]hh[:mm[:ss]]`.
    mutating func offset() -> Int? {
        let isNegative = take("-")
        if !isNegative { _ = take("+") }
        guard var seconds = number(0...167).map({ $0 * 3600 }) else { return nil }
        for unit in [60, 1] where take(":") {
            guard let part = number(0...59) else { return nil }
            seconds += part * unit
        }
        return isNegative ? -seconds : seconds
    }
}
