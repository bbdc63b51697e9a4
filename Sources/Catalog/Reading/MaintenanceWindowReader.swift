import Base
import Documents

extension DocumentDecoder {
    /// `maintenanceWindows: [{days: [sat, sun], from: "22:00", to: "04:00", utcOffset: "+01:00"}]`; every day and UTC where nothing is said.
    func maintenanceWindows(_ map: inout MappingReader) -> [MaintenanceWindow] {
        map.elements("maintenanceWindows").compactMap { node in
            guard var map = MappingReader(node, report) else { return nil }
            let days = self.days(&map)
            let opens = clock("from", &map)
            let closes = clock("to", &map)
            let offset = offset(&map)
            map.finish()
            guard let opens, let closes else { return nil }
            return MaintenanceWindow(days: days, opens: opens, closes: closes, utcOffset: offset)
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

    private func offset(_ map: inout MappingReader) -> Int {
        guard let text = map.text("utcOffset") else { return 0 }
        if let minutes = MaintenanceWindow.offset(text) { return minutes }
        report.error(
            .badValue, "utcOffset is a distance to UTC such as \"+01:00\", not \(text).",
            at: map.node["utcOffset"]?.position ?? map.node.position)
        return 0
    }
}
