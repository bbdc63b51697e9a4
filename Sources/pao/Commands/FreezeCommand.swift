import Base
import Identity
import Orchestration
import Web

/// `pao freeze`: freeze windows of the server that runs on a data directory.
enum FreezeCommand: Command {
    static let name = "freeze"
    static let summary = "Hold back what has not begun, and let it go"
    static let usage = """
        Usage: pao freeze list --data DIR
               pao freeze begin --data DIR --reason TEXT [--for DURATION | --from TIME --until TIME --time-zone ZONE]
                                [--items A,B] [--categories A,B] [--teams A,B]
               pao freeze end ID --data DIR

        While it lasts no request starts on what is named, or on anything where nothing is; what runs goes on, approvals go on.

          --data DIR            of the server that runs
          --reason TEXT         shown to whoever waits
          --for DURATION        such as 4h or 2d; until it is ended without it
          --from, --until TIME  an instant (2026-12-20T22:00:00Z), or with a time zone a time by its clocks (2026-12-20T22:00)
          --time-zone ZONE      such as Europe/Berlin
          --items A,B           ids of catalog items and bundles
          --categories A,B      categories of the catalog
          --teams A,B           slugs
        """

    static func run(_ arguments: Arguments) async throws(PAOError) -> Int32 {
        let directory = try arguments.dataDirectory()
        switch (arguments.operands.first, arguments.operands.count) {
        case ("list", 1):
            for window in try call("GET", "/freeze-windows", nil, directory)["data"]?.array ?? [] { print(window) }
        case ("begin", 1): print(try call("POST", "/freeze-windows", try body(arguments), directory))
        case ("end", 2): print(try call("POST", "/freeze-windows/end", ["id": .string(arguments.operands[1])], directory))
        default: throw PAOError(.usage, usage)
        }
        return 0
    }

    private static func call(_ method: String, _ target: String, _ body: JSON?, _ directory: String) throws(PAOError) -> JSON {
        guard let answer = try ControlSocket.call(method, target, body: body, in: directory) else {
            throw PAOError(.unavailable, "No server runs on \(directory).", hint: "Start `pao serve`, or use its API.")
        }
        return answer
    }

    private static func body(_ arguments: Arguments) throws(PAOError) -> JSON {
        func list(_ option: String) -> JSON { .array((arguments[option] ?? "").split(separator: ",").map { .string(String($0).trimmed) }) }
        if let text = arguments["for"], Duration(text: text) == nil {
            throw PAOError(.usage, "--for is a duration such as 4h or 2d, not \(text).\n\(usage)")
        }
        return [
            "reason": .string(try arguments.required("reason")), "for": .optional(arguments["for"]),
            "startsAt": .optional(arguments["from"]), "endsAt": .optional(arguments["until"]),
            "timeZone": .optional(arguments["time-zone"]),
            "items": list("items"),
            "categories": list("categories"), "teams": list("teams"),
        ]
    }

    /// `frz-...  active   until 2026-11-21T10:00:00.000Z  Year end`
    private static func print(_ window: JSON) {
        let until = window["endsAt"]?.string.map { "until \($0)" } ?? "until it is ended"
        let scope = ["catalogItemIds", "categories", "teams"].flatMap { window[$0]?.array?.compactMap(\.string) ?? [] }
        let words = [
            window["id"]?.string ?? "", (window["state"]?.string ?? "").padded(to: 8), until,
            scope.isEmpty ? "everything" : scope.joined(separator: ","), window["reason"]?.string ?? "",
        ]
        Terminal.write(words.joined(separator: "  ") + "\n")
    }
}

extension ControlSocket {
    /// What `pao freeze` asks for; whoever may open the socket owns the data directory.
    static func freezeRoutes(_ windows: FreezeWindows) -> [Route] {
        let actor = Actor.system(correlationID: "pao freeze")
        return [
            Route("GET", "/freeze-windows", .suspended { _ throws(PAOError) in .json(try windows.overview().json) }),
            Route(
                "POST", "/freeze-windows",
                .suspended { request async throws(PAOError) in
                    let body = try JSON.parse(request.body)
                    func texts(_ key: String) -> [String] { body[key]?.array?.compactMap(\.string) ?? [] }
                    let length = body["for"]?.string.flatMap { Duration(text: $0) }
                    let now = TimeSource.system.now()
                    func bound(_ field: String) throws(PAOError) -> Timestamp? {
                        guard let text = body[field]?.string else { return nil }
                        return try FreezeWindow.bound(text, zone: body["timeZone"]?.string, field)
                    }
                    let window = try await windows.declare(
                        reason: body["reason"]?.string ?? "",
                        scope: .init(catalogIDs: texts("items"), categories: texts("categories"), teams: texts("teams")),
                        startsAt: try bound("startsAt"), endsAt: try bound("endsAt") ?? length.map { now + $0 }, by: actor)
                    return .json(window.json(at: window.createdAt))
                }),
            Route(
                "POST", "/freeze-windows/end",
                .suspended { request async throws(PAOError) in
                    let window = try await windows.end(try JSON.parse(request.body)["id"]?.string ?? "", by: actor)
                    return .json(window.json(at: window.endsAt ?? window.createdAt))
                }),
        ]
    }
}
