import Base
import Documents

extension DocumentDecoder {
    /// `maintenanceWindows: [{days: [sat, sun], from: "22:00", to: "04:00", timeZone: Europe/Berlin}]`; every day and UTC where nothing is
    /// said.
    func maintenanceWindows(_ map: inout MappingReader) -> [MaintenanceWindow] {
        map.elements("maintenanceWindows").compactMap { node in
            guard var map = MappingReader(node, report) else { return nil }
            let days = self.days(&map)
            let opens = clock("from", &map)
            let closes = clock("to", &map)
            let clock = wallClock(&map)
            map.finish()
            guard let opens, let closes, let clock else { return nil }
            return MaintenanceWindow(days: days, opens: opens, closes: closes, clock: clock)
        }
    }

    private func days(_ map: inout MappingReader) -> Set<Int> {
        var days: Set<Int> = []
        for node in map.elements("days") {
            let name = node.text?.lowercased().prefix(3) ?? ""
            if let day = MaintenanceWindow.dayNames.firstIndex(where: { $0 == name }) {
                days.insert(day)
            } else {
                report.error(
                    .badValue, "A day is one of \(MaintenanceWindow.dayNames.joined(separator: ", ")), not \(node.text ?? "a map").",
                    at: node.position)
            }
        }
        return days.isEmpty ? Set(0..<7) : days
    }

    private func clock(_ key: String, _ map: inout MappingReader) -> Int? {
        guard let text = map.requiredText(key) else { return nil }
        if let minutes = MaintenanceWindow.minutes(text) { return minutes }
        report.error(.badValue, "\(key) is a time of day such as \"22:00\", not \(text).", at: map.node[key]?.position ?? map.node.position)
        return nil
    }

    /// nil, reported, for clocks that nobody knows.
    private func wallClock(_ map: inout MappingReader) -> WallClock? {
        let (zone, offset) = (map.text("timeZone"), map.text("utcOffset"))
        if let zone, let place = map.node["timeZone"]?.position {
            if offset != nil { report.error(.badValue, "A window has a timeZone or a utcOffset, not both.", at: place) }
            return named(zone, at: place)
        }
        guard let offset else { return .utc }
        if let minutes = MaintenanceWindow.offset(offset) { return .fixed(minutes: minutes) }
        report.error(
            .badValue, "utcOffset is a distance to UTC such as \"+01:00\", not \(offset).",
            at: map.node["utcOffset"]?.position ?? map.node.position)
        return nil
    }

    private func named(_ zone: String, at place: Position) -> WallClock? {
        do throws(WallClock.Unknown) {
            return try WallClock.named(zone)
        } catch {
            let message =
                switch error {
                case .noSuchZone: "There is no time zone \(zone). Its name is one of the IANA database, such as Europe/Berlin."
                case .noDatabase: "This machine knows no time zones: its package tzdata is missing. Only utcOffset can be used."
                }
            report.error(.badValue, message, at: place)
            return nil
        }
    }
}
