import Base
import Testing

@testable import Catalog

@Suite struct MaintenanceWindowTests {
    private static let weekend = MaintenanceWindow(days: [5, 6], opens: 22 * 60, closes: 4 * 60, utcOffset: 60)
    private static let nightly = MaintenanceWindow(days: Set(0..<7), opens: 60, closes: 180, utcOffset: 0)
    private static let wholeDay = MaintenanceWindow(days: [2], opens: 0, closes: 0, utcOffset: -300)

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

    @Test("is read from both dialects, days and offset left out")
    func reading() throws {
        let written = """
            name: patching
            version: 1.0.0
            description: Patches a machine at a time when nobody needs it, and tells who works on it.
            owner: team
            presentation: {fields: []}
            fulfillment:
              maintenance_windows: [{days: [Sat, sunday], from: "22:00", to: "04:00", utc_offset: "+01:00"}, {from: "01:00", to: "03:00"}]
              manual: {system: jira, template: {project: OPS, summary: Patch}}
            """
        let reading = DocumentReader.read(Array(written.utf8), path: "catalog/compute/patching.yaml")
        #expect(reading.findings.filter(\.isError).isEmpty)
        #expect(reading.documents.first?.fulfillment.maintenanceWindows == [Self.weekend, Self.nightly])
        #expect(Self.weekend.text == "sat, sun 22:00-04:00 +01:00" && Self.nightly.text == "daily 01:00-03:00 UTC")
    }

    @Test(
        "what is no day, time or offset is said at its place",
        arguments: [
            (#"{days: [someday], from: "22:00", to: "04:00"}"#, "A day is one of"),
            (#"{from: "24:00", to: "04:00"}"#, "from is a time of day"),
            (#"{from: "22:00"}"#, "to is missing"), (#"{from: "22:00", to: "04:00", utcOffset: CET}"#, "utcOffset is a distance"),
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
