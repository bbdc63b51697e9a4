import Base
import Web

/// ServiceNow's Table API. Every table exists; all values are texts, as there. A record is counted under its `correlation_id`.
struct ServiceNowStandIn: Sendable {
    private var records: [String: [JSONObject]] = [:]

    mutating func answer(_ call: Call, _ ledger: inout Ledger, _ minter: inout Minter) -> Response {
        switch call {
        case "POST /api/now/table/*": create(call, &ledger, &minter)
        case "GET /api/now/table/*": list(call)
        case "GET /api/now/table/*/*": index(call).map { Self.result(records[call.path[3]]?[$0]) } ?? Self.noRecord
        case "PATCH /api/now/table/*/*", "PUT /api/now/table/*/*": edit(call)
        case "DELETE /api/now/table/*/*": remove(call)
        default: Self.fault(400, "Requested URI does not represent any resource", "\(call.rawPath)")
        }
    }

    /// State 6 is Resolved, 7 Closed; a failure ends as 8, Canceled.
    mutating func advance(_ step: Advance) -> [String] {
        var moved: [String] = []
        for (table, rows) in records.sorted(by: { $0.key < $1.key }) {
            for (index, row) in rows.enumerated() where !Self.isEnded(row) {
                let names = ["number", "correlation_id", "sys_id"].compactMap { row[$0]?.string }
                guard step.means(names: names, texts: [row["short_description"]?.string ?? ""]) else { continue }
                records[table]?[index]["state"] = .string(step.succeeds ? "6" : "8")
                records[table]?[index]["active"] = "false"
                records[table]?[index]["sys_updated_on"] = .string(Self.text(step.at))
                moved.append(row["number"]?.string ?? "")
            }
        }
        return moved
    }

    private static func isEnded(_ row: JSONObject) -> Bool { ["6", "7", "8"].contains(row["state"]?.string) }

    var state: JSON { .object(JSONObject(records.sorted { $0.key < $1.key }.map { ($0.key, .array($0.value.map(JSON.object))) })) }

    private static func result(_ row: JSONObject?, status: Int = 200) -> Response {
        .json(["result": row.map(JSON.object) ?? .null], status: status)
    }

    private static func fault(_ status: Int, _ message: String, _ detail: String) -> Response {
        .json(["error": ["message": .string(message), "detail": .string(detail)], "status": "failure"], status: status)
    }

    private static let noRecord = fault(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")

    /// `2026-11-21 10:00:00`
    private static func text(_ time: Timestamp) -> String { String(time.description.prefix(19).map { $0 == "T" ? " " : $0 }) }

    private static let prefixes = [
        "incident": "INC", "sc_request": "REQ", "sc_req_item": "RITM", "sc_task": "SCTASK", "change_request": "CHG", "problem": "PRB",
    ]

    private func index(_ call: Call) -> Int? { records[call.path[3]]?.firstIndex { $0["sys_id"]?.string == call.path[4] } }

    private static func texts(_ call: Call) -> [(String, JSON)] {
        (call.json?.object ?? JSONObject()).map { ($0.key, .string($0.value.string ?? ($0.value.isNull ? "" : $0.value.description))) }
    }

    private mutating func create(_ call: Call, _ ledger: inout Ledger, _ minter: inout Minter) -> Response {
        guard call.json?.object != nil else { return Self.fault(400, "Exception while reading request", "The payload is not valid JSON.") }
        let table = call.path[3]
        var row = JSONObject(Self.texts(call))
        let number = "\(minter.number(from: 10_000))"
        row["sys_id"] = .string(minter.hex(32))
        row["number"] = .string((Self.prefixes[table] ?? "REC") + String(repeating: "0", count: max(0, 7 - number.count)) + number)
        if !row.contains("state") { row["state"] = "1" }
        if case .object(let filled) = call.hints.filled(.object(row), id: number) { row = filled }
        row["active"] = "true"
        row["sys_created_on"] = .string(Self.text(call.at))
        row["sys_updated_on"] = .string(Self.text(call.at))
        records[table, default: []].append(row)
        let correlation = row["correlation_id"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        ledger.count(correlation.map { Call.carriedKey(in: [$0]) ?? $0 })
        var response = Self.result(row, status: 201)
        response.headers["Location"] = "\(call.origin)/api/now/table/\(table)/\(row["sys_id"]?.string ?? "")"
        return response
    }

    private mutating func edit(_ call: Call) -> Response {
        guard let index = index(call) else { return Self.noRecord }
        for (name, value) in Self.texts(call) where name != "sys_id" { records[call.path[3]]?[index][name] = value }
        records[call.path[3]]?[index]["sys_updated_on"] = .string(Self.text(call.at))
        return Self.result(records[call.path[3]]?[index])
    }

    private mutating func remove(_ call: Call) -> Response {
        guard let index = index(call) else { return Self.noRecord }
        records[call.path[3]]?.remove(at: index)
        return Response(status: 204)
    }

    private func list(_ call: Call) -> Response {
        let terms = (call.parameter("sysparm_query") ?? "").split(separator: "^").map { String($0) }
        let found = (records[call.path[3]] ?? []).filter { row in terms.allSatisfy { Self.matches(row, $0) } }
        let limit = min(10_000, max(1, call.parameter("sysparm_limit").flatMap { Int($0) } ?? 10_000))
        let offset = max(0, call.parameter("sysparm_offset").flatMap { Int($0) } ?? 0)
        let fields = call.parameter("sysparm_fields").map { Set($0.split(separator: ",").map { String($0) }) }
        let page = found.dropFirst(offset).prefix(limit).map { row -> JSON in
            .object(fields.map { fields in JSONObject(row.filter { fields.contains($0.key) }.map { ($0.key, $0.value) }) } ?? row)
        }
        return .json(["result": .array(Array(page))], headers: ["X-Total-Count": "\(found.count)"])
    }

    /// One term of an encoded query: `field=value`, `field!=value`, `fieldLIKEvalue`; the order of rows is passed over.
    private static func matches(_ row: JSONObject, _ term: String) -> Bool {
        if term.hasPrefix("ORDERBY") { return true }
        for (mark, test) in operators {
            guard let range = term.firstRange(of: mark) else { continue }
            return test(row[String(term[..<range.lowerBound])]?.string ?? "", String(term[range.upperBound...]))
        }
        return false
    }

    private static let operators: [(String, @Sendable (String, String) -> Bool)] = [
        ("!=", { $0 != $1 }), ("=", { $0 == $1 }), ("LIKE", { $0.contains($1) }), ("STARTSWITH", { $0.hasPrefix($1) }),
    ]
}
