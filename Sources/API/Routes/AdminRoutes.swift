import Base
package import Identity
package import Orchestration
import Web

/// `/audit`, `/admin/jobs` and `/secrets`.
package struct AdminRoutes: Sendable {
    let trail: AuditTrail
    let queue: QueueOffice
    let secrets: Secrets

    package init(trail: AuditTrail, queue: QueueOffice, secrets: Secrets) {
        self.trail = trail
        self.queue = queue
        self.secrets = secrets
    }

    package var endpoints: [Endpoint] {
        [
            .get(
                "/api/v1/audit", .permission(.auditRead), "The audit trail, newest first",
                query: Endpoint.paging + [
                    .init("actor", "Login."), .init("action", "Verb."), .init("entityType", "Kind of thing."), .init("entityId", "Its id."),
                    .init("requestId", "Of one request."), .init("correlationId", "Of one call."), .init("from", "From this instant."),
                    .init("until", "Before this instant."),
                ], answer: "A page of rows", audit),
            .get("/api/v1/admin/jobs", .permission(.adminJobs), "The queue and its dead letters", answer: "`{queue, dead}`") {
                call throws(PAOError) in
                .json(try queue.overview(by: call.actor))
            },
            .change(
                "POST", "/api/v1/admin/jobs/{id}/redrive", .permission(.adminJobs), "Queue a dead job again", answer: "Nothing", status: 204
            ) {
                call async throws(PAOError) in
                try await queue.redrive(call.parameter("id"), by: call.actor)
                return Response(status: 204)
            },
            .get("/api/v1/secrets", .permission(.adminSecrets), "Names and dates of the secrets", answer: "`{data: [...]}`") {
                call throws(PAOError) in
                .json(["data": .array(try secrets.list(by: call.actor).map(\.json))])
            },
            .change(
                "PUT", "/api/v1/secrets/{name}", .permission(.adminSecrets), "Set a secret; it is never shown again",
                body: .object([.init("value", .string, required: true, "At most 64 KiB.")]), answer: "Nothing", status: 204
            ) { call async throws(PAOError) in
                try await secrets.set(call.parameter("name"), to: call.text("value") ?? "", by: call.actor)
                return Response(status: 204)
            },
            .change("DELETE", "/api/v1/secrets/{name}", .permission(.adminSecrets), "Remove a secret", answer: "Nothing", status: 204) {
                call async throws(PAOError) in
                try await secrets.remove(call.parameter("name"), by: call.actor)
                return Response(status: 204)
            },
        ]
    }

    @Sendable private func audit(_ call: Call) throws(PAOError) -> Response {
        var query = AuditQuery()
        query.actorLogin = call.query("actor")
        query.action = call.query("action")
        query.entityType = call.query("entityType")
        query.entityID = call.query("entityId")
        query.requestID = call.query("requestId")
        query.correlationID = call.query("correlationId")
        query.from = try call.instant("from")
        query.until = try call.instant("until")
        return call.list(try trail.list(query, try call.page(), by: call.actor), \.json)
    }
}

extension AuditRecord {
    var json: JSON {
        [
            "sequence": .int(sequence), "at": .string(at), "actor": .string(actorLogin), "actorKind": .string(actorKind),
            "action": .string(action), "eventType": .string(eventType), "result": .string(result),
            "entity": ["type": .string(entityType), "id": .string(entityID)], "team": .optional(team), "requestId": .optional(requestID),
            "old": old.flatMap { try? JSON.parse($0) } ?? .null, "new": new.flatMap { try? JSON.parse($0) } ?? .null,
            "correlationId": .string(correlationID), "address": .optional(address), "agent": .optional(agent), "hash": .string(hash.hex),
        ]
    }
}

extension SecretEntry {
    var json: JSON {
        [
            "name": .string(name), "version": .int(version), "createdAt": .string(createdAt.description),
            "updatedAt": .string(updatedAt.description), "updatedBy": .string(updatedBy),
        ]
    }
}
