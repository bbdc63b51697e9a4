package import Base
package import Identity
package import Web

/// A request that has passed authentication and the checks of its endpoint.
package struct Call: Sendable {
    package var request: Request
    package var actor: Actor
    /// The parsed JSON body; null where the endpoint takes none.
    package var body: JSON
    let cursors: Cursors
    let endpoint: String

    package func parameter(_ name: String) -> String { request.parameters[name] ?? "" }

    /// The last value of a query parameter; nil when absent or empty.
    package func query(_ name: String) -> String? {
        guard let value = request.query.last(where: { $0.name == name })?.value, !value.isEmpty else { return nil }
        return value
    }

    /// Values separated by commas or given repeatedly.
    package func queryList(_ name: String) -> [String] {
        request.query.filter { $0.name == name }.flatMap { $0.value.split(separator: ",").map { String($0).trimmed } }.filter {
            !$0.isEmpty
        }
    }

    /// `true` or `false`; absent is false. Throws `invalidParameter`.
    package func flag(_ name: String) throws(PAOError) -> Bool {
        switch query(name) {
        case nil, "false"?: return false
        case "true"?: return true
        default: throw PAOError(.invalidParameter, "The parameter \(name) is true or false.")
        }
    }

    /// Values of an enumeration. Throws `invalidParameter` naming what there is.
    package func values<T: RawRepresentable & CaseIterable>(_ name: String, of type: T.Type) throws(PAOError) -> [T]
    where T.RawValue == String {
        var values: [T] = []
        for text in queryList(name) {
            guard let value = T(rawValue: text) else {
                let known = T.allCases.map(\.rawValue).joined(separator: ", ")
                throw PAOError(.invalidParameter, "The parameter \(name) knows no \(text); it is one of \(known).")
            }
            values.append(value)
        }
        return values
    }

    package func instant(_ name: String) throws(PAOError) -> Timestamp? {
        guard let text = query(name) else { return nil }
        guard let instant = Timestamp(text) else {
            throw PAOError(.invalidParameter, "The parameter \(name) is an instant such as 2026-11-21T10:00:00Z.")
        }
        return instant
    }

    package func integer(_ name: String, in range: ClosedRange<Int>, default standard: Int) throws(PAOError) -> Int {
        guard let value = request.query.last(where: { $0.name == name })?.value else { return standard }
        guard let number = Int(value), range.contains(number) else {
            throw PAOError(.invalidParameter, "The parameter \(name) is a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    // MARK: Lists

    /// `limit`, `cursor` and `count`; a cursor of other filters is refused.
    package func page() throws(PAOError) -> PageRequest {
        PageRequest(
            limit: try integer("limit", in: 1...200, default: 50),
            after: try query("cursor").map { (text) throws(PAOError) in try cursors.open(text, filters: filters) },
            countsTotal: try flag("count"))
    }

    /// What a cursor is bound to: the endpoint, the caller and every filter.
    private var filters: String {
        let relevant = request.query.filter { !["cursor", "limit", "count"].contains($0.name) }
        return ([endpoint, actor.userID] + relevant.map { "\($0.name)=\($0.value)" }.sorted()).joined(separator: "&")
    }

    /// `{"data": [...], "pagination": {...}}`, and what else belongs to the answer.
    package func list<T: Sendable>(_ page: Page<T>, adding extra: [String: JSON] = [:], _ json: (T) -> JSON) -> Response {
        var pagination: JSON = [
            "has_more": .bool(page.next != nil), "next_cursor": .string(page.next.map { cursors.seal($0, filters: filters) } ?? ""),
        ]
        if let total = page.total { pagination["total_count"] = .int(total) }
        var answer: JSON = ["data": .array(page.map(json)), "pagination": pagination]
        for (name, value) in extra { answer[name] = value }
        return .json(answer)
    }

    // MARK: Bodies

    package func text(_ name: String) -> String? { body[name]?.string }

    /// A string member that is not blank. Throws `invalid`.
    package func required(_ name: String) throws(PAOError) -> String {
        guard let text = text(name), !text.trimmed.isEmpty else {
            throw PAOError(
                .invalid, "\(name) is missing.", findings: [.init(field: name, rule: "required", message: "\(name) is missing.")])
        }
        return text
    }

    /// An instant of the body; nil where it is absent. Throws `invalid`.
    package func bodyInstant(_ name: String) throws(PAOError) -> Timestamp? {
        guard let value = body[name], !value.isNull else { return nil }
        if let instant = value.string.flatMap({ Timestamp($0) }) { return instant }
        let message = "\(name) must be an instant such as 2026-11-21T10:00:00Z."
        throw PAOError(.invalid, message, findings: [.init(field: name, rule: "type", message: message)])
    }

    /// A list of texts of the body; empty where it is absent. Throws `invalid`.
    package func texts(_ name: String) throws(PAOError) -> [String] {
        let elements = body[name]?.array ?? []
        let texts = elements.compactMap(\.string)
        if texts.count == elements.count { return texts }
        let message = "\(name) must be a list of texts."
        throw PAOError(.invalid, message, findings: [.init(field: name, rule: "type", message: message)])
    }
}

/// Cursors: base64url of JSON, authenticated and bound to their filters, so that the server keeps nothing and trusts nothing.
package struct Cursors: Sendable {
    private let key: [UInt8]

    /// The key lives as long as cursors should: at least as long as the process.
    package init(key: [UInt8]) { self.key = key }

    func seal(_ keys: [String], filters: String) -> String {
        let content: JSON = ["k": .array(keys.map(JSON.string)), "m": .string(mac(keys, filters))]
        return Base64.encodeURL(content.bytes)
    }

    /// Throws `invalidParameter` for whatever was not made by `seal` with the same filters.
    func open(_ text: String, filters: String) throws(PAOError) -> [String] {
        guard let bytes = Base64.decode(text), let content = try? JSON.parse(bytes), let keys = content["k"]?.array?.compactMap(\.string),
            let given = content["m"]?.string, Hash.equal(Array(given.utf8), Array(mac(keys, filters).utf8))
        else {
            throw PAOError(.invalidParameter, "The cursor is damaged or belongs to a list with other filters; start again without it.")
        }
        return keys
    }

    private func mac(_ keys: [String], _ filters: String) -> String {
        let text = JSON.array(keys.map(JSON.string)).description + filters
        return Base64.encodeURL(Array(Hash.hmacSHA256(key: key, Array(text.utf8)).prefix(16)))
    }
}
