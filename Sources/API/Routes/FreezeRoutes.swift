import Base
import Identity
package import Orchestration
import Web

/// `/admin/freeze-windows`.
package struct FreezeRoutes: Sendable {
    let windows: FreezeWindows

    package init(windows: FreezeWindows) { self.windows = windows }

    package var endpoints: [Endpoint] {
        [
            .get(
                "/api/v1/admin/freeze-windows", .permission(.requestsRead), "Freeze windows, the newest first",
                answer: "`{data: [...], waiting}`: how many requests wait for one now"
            ) { _ throws(PAOError) in
                .json(try windows.overview().json)
            },
            .change(
                "POST", "/api/v1/admin/freeze-windows", .permission(.adminSettings), "Freeze: nothing starts on what is named",
                body: .object([
                    .init("reason", .string, required: true, "Shown to whoever waits."),
                    .init("startsAt", .string, "Instant, or a time by the clocks of `timeZone`; now without it."),
                    .init("endsAt", .string, "The same; until it is ended without it."),
                    .init("timeZone", .string, "A name of the IANA database, such as Europe/Berlin."),
                    .init("catalogItemIds", .array, "Only these items and bundles."), .init("categories", .array, "Only these categories."),
                    .init("teams", .array, "Only requests for these teams."),
                ]), answer: "The window", status: 201, declare),
            .change(
                "POST", "/api/v1/admin/freeze-windows/{id}/end", .permission(.adminSettings), "End a freeze now; what waited goes on",
                answer: "The window", end),
        ]
    }

    @Sendable private func declare(_ call: Call) async throws(PAOError) -> Response {
        let scope = FreezeWindow.Scope(
            catalogIDs: try call.texts("catalogItemIds"), categories: try call.texts("categories"), teams: try call.texts("teams"))
        let window = try await windows.declare(
            reason: try call.required("reason"), scope: scope, startsAt: try bound("startsAt", call),
            endsAt: try bound("endsAt", call), by: call.actor)
        return .json(
            window.json(at: window.createdAt), status: 201, headers: ["Location": "/api/v1/admin/freeze-windows/\(window.id)"])
    }

    private func bound(_ field: String, _ call: Call) throws(PAOError) -> Timestamp? {
        guard let value = call.body[field], !value.isNull else { return nil }
        return try FreezeWindow.bound(value.string ?? value.description, zone: call.text("timeZone"), field)
    }

    @Sendable private func end(_ call: Call) async throws(PAOError) -> Response {
        let window = try await windows.end(call.parameter("id"), by: call.actor)
        return .json(window.json(at: window.endsAt ?? window.createdAt))
    }
}
