import Base
import Testing

@testable import Catalog

@Suite struct MaintenanceWindowTests {
    private static let weekend = MaintenanceWindow(days: [5, 6], opens: 22 * 60, closes: 4 * 60, clock: .fixed(minutes: 60))
    private static let nightly = MaintenanceWindow(days: Set(0..<7), opens: 60, closes: 180, clock: .utc)
    private static let wholeDay = MaintenanceWindow(days: [2], opens: 0, closes: 0, clock: .fixed(minutes: -300))

    @Test(
        "a window is open now, or says when it opens next",
        arguments: [
            // 2026-11-21 is a Saturday; 22:00+01:00 is 21:00 UTC.
            (weekend, "2026-11-21T20:59:59.999Z", "2026-11-21T21:00:00.000Z"), (weekend, "2026-11-21T21:00:00.000Z", nil),
            (weekend, "2026-11-22T02:59:59.999Z", nil), (weekend, "2026-11-22T03:00:00.000Z", "2026-11-22T21:00:00.000Z"),
            (weekend, "2026-11-23T02:00:00.000Z", nil), (weekend, "2026-11-23T03:00:00.000Z", "2026-11-28T21:00:00.000Z"),
            (nightly, "2026-02-28T03:00:00.000Z", "2026-03-01T01:00:00.000Z"), (nightly, "1969-12-31T02:00:00.000Z", nil),
            (wholeDay, "2026-11-25T04:59:00.000Z", "2026-11-25T05:00:00.000Z"), (wholeDay, "2026-11-26T04:59:00.000Z", nil),
            (wholeDay, "2026-11-26T05:00:00.000Z", "2026-12-02T05:00:00.000Z"),
        ] as [(MaintenanceWindow, String, String?)])
    func opening(_ window: MaintenanceWindow, _ now: String, _ opens: String?) throws {
        let now = try #require(Timestamp(now))
        #expect(window.opening(from: now).description == opens ?? now.description)
    }

    private static func berlin(_ days: Set<Int>, _ opens: Int, _ closes: Int) throws -> MaintenanceWindow {
        MaintenanceWindow(days: days, opens: opens, closes: closes, clock: try WallClock.named("Europe/Berlin"))
    }

    @Test(
        "in a time zone it is open while a clock there shows one of its times",
        arguments: [
            // Clocks go from 2:00 to 3:00 at 01:00Z of 2026-03-29, and from 3:00 back to 2:00 at 01:00Z of 2026-10-25: both Sundays.
            ("22:00-04:00", "2026-03-28T20:59:59.999Z", "2026-03-28T21:00:00.000Z"), ("22:00-04:00", "2026-03-29T01:59:59.999Z", nil),
            ("22:00-04:00", "2026-03-29T02:00:00.000Z", "2026-03-29T20:00:00.000Z"), ("22:00-04:00", "2026-10-25T02:59:59.999Z", nil),
            ("22:00-04:00", "2026-10-25T03:00:00.000Z", "2026-10-25T21:00:00.000Z"),
            // Skipped in part: it opens with the change; skipped wholly: it opens the next day.
            ("02:30-03:15", "2026-03-29T00:59:59.999Z", "2026-03-29T01:00:00.000Z"), ("02:30-03:15", "2026-03-29T01:14:59.999Z", nil),
            ("02:30-03:15", "2026-03-29T01:15:00.000Z", "2026-03-30T00:30:00.000Z"),
            ("02:15-02:45", "2026-03-29T00:00:00.000Z", "2026-03-30T00:15:00.000Z"),
            // Shown twice: open twice.
            ("02:15-02:45", "2026-10-25T00:00:00.000Z", "2026-10-25T00:15:00.000Z"),
            ("02:15-02:45", "2026-10-25T00:45:00.000Z", "2026-10-25T01:15:00.000Z"),
            ("02:15-02:45", "2026-10-25T01:45:00.000Z", "2026-10-26T01:15:00.000Z"),
            ("01:00-02:30", "2026-10-25T00:30:00.000Z", "2026-10-25T01:00:00.000Z"),
            // Beyond the changes that the file lists.
            ("02:30-03:15", "2061-03-27T00:00:00.000Z", "2061-03-27T01:00:00.000Z"), ("00:00-00:00", "2026-03-29T12:00:00.000Z", nil),
        ] as [(String, String, String?)])
    func zones(_ times: String, _ now: String, _ opens: String?) throws {
        let minutes = times.split(separator: "-").compactMap { MaintenanceWindow.minutes(String($0)) }
        let now = try #require(Timestamp(now))
        let window = try Self.berlin(Set(0..<7), minutes[0], minutes[1])
        #expect(window.opening(from: now).description == opens ?? now.description)
        // A week's only window may be skipped: then it is the one of the week after.
        let sundays = try Self.berlin([6], 135, 165)
        #expect(sundays.opening(from: Timestamp("2026-03-23T00:00:00Z")!).description == "2026-04-05T00:15:00.000Z")
    }

    @Test("is read from both dialects, days and offset left out")
    func reading() throws {
        let written = """
            name: patching
            version: 1.0.0
            description: Patches a machine at a time when nobody needs it, and tells who works on it.
            owner: team
            presentation: {fields: []}
            fulfillment:
              maintenance_windows: [{days: [Sat, sunday], from: "22:00", to: "04:00", utc_offset: "+01:00"}, {from: "01:00", to: "03:00"},
                {from: "02:00", to: "03:00", time_zone: America/New_York}]
              manual: {system: jira, template: {project: OPS, summary: Patch}}
            """
        let reading = DocumentReader.read(Array(written.utf8), path: "catalog/compute/patching.yaml")
        #expect(reading.findings.filter(\.isError).isEmpty)
        #expect(reading.documents.first?.fulfillment.maintenanceWindows.dropLast() == [Self.weekend, Self.nightly])
        #expect(reading.documents.first?.fulfillment.maintenanceWindows.last?.text == "daily 02:00-03:00 America/New_York")
        #expect(Self.weekend.text == "sat, sun 22:00-04:00 +01:00" && Self.nightly.text == "daily 01:00-03:00 UTC")
    }

    @Test(
        "what is no day, time or offset is said at its place",
        arguments: [
            (#"{days: [someday], from: "22:00", to: "04:00"}"#, "A day is one of"),
            (#"{from: "24:00", to: "04:00"}"#, "from is a time of day"),
            (#"{from: "22:00", to: "04:00", timeZone: Europe/Berlim}"#, "There is no time zone Europe/Berlim"),
            (#"{from: "22:00", to: "04:00", timeZone: ../../etc/passwd}"#, "There is no time zone"),
            (#"{from: "22:00", to: "04:00", timeZone: UTC, utcOffset: "+01:00"}"#, "not both"), (#"{from: "22:00"}"#, "to is missing"),
            (#"{from: "22:00", to: "04:00", utcOffset: CET}"#, "utcOffset is a distance"),
        ])
    func faults(_ window: String, _ message: String) {
        let written = """
            kind: CatalogItem
            metadata: {id: patching, name: Patching, version: 1.0.0, category: tests, owner: {team: t},
              description: Patches a machine at a time when nobody needs it, and tells who works on it.}
            presentation: {form: {groups: []}}
            fulfillment:
              maintenanceWindows: [\(window)]
              manual: {actions: [{id: a, type: manual-task, config: {title: Do}}]}
            """
        let errors = DocumentReader.read(Array(written.utf8), path: "catalog/tests/patching.yaml").findings.filter(\.isError)
        #expect(errors.contains { $0.message.contains(message) && $0.line == 6 }, "\(errors.map(\.message))")
    }
}
