import Base

@testable import Catalog
@testable import Integrations

extension FuzzTarget {
    static let timeTargets = [
        FuzzTarget(
            "duration", texts: ["1h30m", "250ms", "90d", "999999999w", "5min"],
            words: ["ms", "s", "m", "min", "h", "d", "w", "999999999", "0"], duration),
        FuzzTarget(
            "time",
            texts: [
                "2026-11-21T10:00:00Z", "2016-12-31T23:59:60Z", "0000-01-01T00:00:00.5-00:30", "2024-02-29",
                "Sun, 06 Nov 1994 08:49:37 GMT",
                "22:00-04:00", "+05:30", "9999-12-31T23:59:59+14:00",
            ], words: ["T", "Z", ":", "-", "+", ".", "60", "24", "Nov", " GMT", "9999", "-9223372036854775808"], time),
    ]

    private static func duration(_ input: [UInt8]) throws {
        guard let duration = Duration(text: input.text) else { return }
        try demand(duration >= .zero, "is negative")
        try demand(Duration(text: duration.text) == duration, "\(input.text) is written \(duration.text)")
    }

    private static func time(_ input: [UInt8]) throws {
        let text = input.text
        for instant in [Timestamp(text), Timestamp(httpDate: text)] {
            guard let instant else { continue }
            try demand(Timestamp(instant.description) == instant, "\(text) is written \(instant)")
            try demand(CalendarDate(daysSince1970: instant.date.daysSince1970) == instant.date, "\(text) has no date")
        }
        if let date = CalendarDate(text) { try demand(date.description == text, "\(text) is written \(date)") }
        if let clock = ClockReading(text) { try demand((0...86_400_999).contains(clock.milliseconds), "\(text) is at no time of day") }
        if let minutes = MaintenanceWindow.minutes(text) { try demand((0..<1440).contains(minutes), "\(text) is at no time of day") }
        if let minutes = MaintenanceWindow.offset(text) { try demand(abs(minutes) <= 840, "\(text) is no offset") }
        let answer = HTTPResponse(status: 503, headers: [("Retry-After", text)], body: [])
        if let seconds = answer.retryAfter(now: Timestamp(milliseconds: 0)) {
            try demand((0...86_400).contains(seconds), "waits \(seconds)")
        }
    }
}
