import Base
import Catalog
import Identity
package import Orchestration
import Web

/// `/requests` and `/validate/request`.
package struct RequestRoutes: Sendable {
    let requests: Requests

    package init(requests: Requests) { self.requests = requests }

    static let submission: [Endpoint.Member] = [
        .init("catalogItemId", .string, "Id of a catalog item; or catalogBundleId."),
        .init("catalogBundleId", .string, "Id of a bundle."),
        .init("requestData", .object, "The form's values by field id."),
        .init("components", .object, "Of a bundle: `{\"<component id>\": {\"enabled\": true}}`."),
        .init("team", .string, "Slug of the team it is for; the first of your teams without it."),
        .init("startAfter", .string, "Not before this instant."),
    ]

    package var endpoints: [Endpoint] {
        [
            .change(
                "POST", "/api/v1/validate/request", .permission(.requestsCreate), "Check a request without submitting it",
                body: .object(Self.submission), answer: "`{valid, errors, warnings}`", validate),
            .change(
                "POST", "/api/v1/requests", .permission(.requestsCreate), "Submit a request",
                query: [.init("dryRun", "`true` answers the plan and stores nothing.")], body: .object(Self.submission),
                answer: "The request, durable; with dryRun `{plan}`", status: 201, submit),
            .get(
                "/api/v1/requests", .permission(.requestsRead), "List requests, newest first",
                query: Endpoint.paging + [
                    .init("status", "One or several, separated by commas."), .init("catalogItemId", "Of one item."),
                    .init("catalogBundleId", "Of one bundle."), .init("team", "Slug."), .init("userId", "Login of who asked."),
                    .init("mine", "`true`: only one's own."),
                    .init("search", "Part of the id or of the instance's name."), .init("createdAfter", "From this instant."),
                    .init("createdBefore", "Before this instant."),
                    .init("failedAction", "With an action of this id that failed at least once."),
                ], answer: "A page of requests without attempts", list),
            .get("/api/v1/requests/{id}", .permission(.requestsRead), "One request with its actions", answer: "The request", get),
            .get(
                "/api/v1/requests/{id}/status", .permission(.requestsRead), "How far it is",
                answer: "`{id, status, currentAction, progress, updatedAt}`", status),
            .get(
                "/api/v1/requests/{id}/effects", .permission(.requestsRead), "Its calls to the outside and their fate",
                answer: "`{data: [...]}`", effects),
            .get(
                "/api/v1/requests/{id}/explain", .permission(.requestsRead),
                "Why each action was skipped, waits, was tried again or failed",
                answer: "`{id, status, reason, actions: [{id, status, reason, expression, values, source}]}`", explain),
            .get(
                "/api/v1/requests/{id}/approvals", .permission(.requestsRead), "Its approvals and who decided what",
                answer: "`{data: [...]}`", approvals),
            .get(
                "/api/v1/requests/{id}/escalation", .permission(.requestsRead), "Its escalation",
                answer: "`{ticketId, escalatedAt, errorContext}`", escalation),
            .change(
                "POST", "/api/v1/requests/{id}/clone", .permission(.requestsCreate), "Submit the same again, with changed values",
                body: .object([.init("requestData", .object, "Values that differ.")]), answer: "The new request", status: 201, clone),
            .change(
                "POST", "/api/v1/requests/batch", .permission(.requestsCreate), "Submit several requests, all checked first",
                body: .object([
                    .init("requests", .array, required: true, "Bodies as of `POST /requests`, 1 to 100."),
                    .init("atomic", .boolean, "`true`, as without it: all or none; `false`: the valid ones."),
                ]), answer: "`{data: [...]}`: each the request or `{errors}`", status: 201, batch
            ).alsoYAML,
            .get(
                "/api/v1/requests/{id}/steps/{stepId}", .permission(.requestsRead), "One action with its attempts", answer: "The action",
                step),
            .change(
                "POST", "/api/v1/requests/{id}/retry", .permission(.requestsCreate), "Try a failed action again",
                body: .object([
                    .init("actionId", .string, "The failed action; the first without it."),
                    .init("requestData", .object, "Changed values; the call then gets a new key."),
                    .init("skipVerification", .boolean, "Needs requests.operate."),
                ]), answer: "The request", retry),
            .change(
                "POST", "/api/v1/requests/{id}/abort", .permission(.requestsCreate), "End a request; what runs comes to its end",
                body: .object([
                    .init("reason", .string, required: true, "Kept with the request."),
                    .init("createCleanupTicket", .boolean, "Open a ticket that lists what to clean up."),
                    .init("createCompletionTicket", .boolean, "Open a ticket that lists what is left to do, for a person to do it."),
                ]), answer: "The request", abort),
            .change(
                "POST", "/api/v1/requests/{id}/cancel", .permission(.requestsCreate), "End a request that has not begun",
                body: .object([.init("reason", .string, "Kept with the request.")]), answer: "The request", cancel),
            .change(
                "POST", "/api/v1/requests/{id}/override", .permission(.requestsOperate),
                "Start a request now that waits for its time, its maintenance window or, with admin.settings, the end of a freeze",
                body: .object([.init("reason", .string, required: true, "Kept in the audit trail.")]), answer: "The request", startNow),
            .change(
                "POST", "/api/v1/requests/{id}/escalate", .permission(.requestsCreate), "Open an incident ticket for a failed request",
                body: .object([
                    .init("reason", .string, required: true, "Why."), .init("priority", .string, "Of the ticket; High without it."),
                ]), answer: "The request", escalate),
            .change(
                "POST", "/api/v1/requests/{id}/steps/{stepId}/skip", .permission(.requestsOperate), "Go on without a failed action",
                body: .object([.init("reason", .string, required: true, "Kept with the action.")]), answer: "The request", skip),
            .change(
                "POST", "/api/v1/requests/{id}/steps/{stepId}/complete", .permission(.requestsOperate), "A failed action was done by hand",
                body: .object([
                    .init("outputs", .object, "Values of its declared outputs."),
                    .init("reason", .string, required: true, "Kept with the action."),
                ]), answer: "The request", complete),
        ]
    }

    // MARK: Submitting

    private func submission(_ call: Call) throws(PAOError) -> Submission {
        var submission = try Self.submission(call.body)
        if let key = call.request.headers["Idempotency-Key"] { submission.idempotency = (key, Hash.sha256(call.request.body)) }
        return submission
    }

    private static func submission(_ body: JSON) throws(PAOError) -> Submission {
        let (item, bundle) = (body["catalogItemId"]?.string, body["catalogBundleId"]?.string)
        guard let id = item ?? bundle, item == nil || bundle == nil else {
            let message = "Give catalogItemId or catalogBundleId, and only one of them."
            throw PAOError(.invalid, message, findings: [.init(field: "catalogItemId", rule: "required", message: message)])
        }
        var submission = Submission(
            catalogID: id, kind: item == nil ? .bundle : .item, data: body["requestData"] ?? [:], team: body["team"]?.string)
        submission.components = body["components"] ?? [:]
        if let text = body["startAfter"]?.string {
            guard let instant = Timestamp(text) else {
                let message = "startAfter must be an instant such as 2026-11-21T10:00:00Z."
                throw PAOError(.invalid, message, findings: [.init(field: "startAfter", rule: "type", message: message)])
            }
            submission.startAfter = instant
        }
        return submission
    }

    @Sendable private func validate(_ call: Call) async throws(PAOError) -> Response {
        let findings = try requests.findings(try submission(call), by: call.actor)
        return .json(["valid": .bool(findings.isEmpty), "errors": .array(findings.map(\.json)), "warnings": []])
    }

    @Sendable private func submit(_ call: Call) async throws(PAOError) -> Response {
        let submission = try submission(call)
        if try call.flag("dryRun") { return .json(try requests.plan(submission, by: call.actor)) }
        switch try await requests.submit(submission, by: call.actor) {
        case .accepted(let request):
            return .json(request.json, status: 201, headers: ["Location": "/api/v1/requests/\(request.id)"])
        case .replayed(let status, let location, let body):
            var response = Response.json(bytes: body, status: status)
            response.headers["Location"] = location
            response.headers["Idempotency-Replayed"] = "true"
            return response
        }
    }

    // MARK: Reading

    @Sendable private func list(_ call: Call) throws(PAOError) -> Response {
        var filter = RequestFilter()
        filter.statuses = try call.values("status", of: RequestStatus.self)
        filter.catalogItemID = call.query("catalogItemId")
        filter.catalogBundleID = call.query("catalogBundleId")
        filter.team = call.query("team")
        filter.requester = try call.flag("mine") ? call.actor.login : call.query("userId")
        filter.search = call.query("search")
        filter.failedAction = call.query("failedAction")
        filter.createdAfter = try call.instant("createdAfter")
        filter.createdBefore = try call.instant("createdBefore")
        return call.list(try requests.list(filter, try call.page(), by: call.actor), \.summaryJSON)
    }

    @Sendable private func get(_ call: Call) throws(PAOError) -> Response {
        .json(try requests.request(call.parameter("id"), by: call.actor).json)
    }

    @Sendable private func status(_ call: Call) throws(PAOError) -> Response {
        .json(try requests.status(call.parameter("id"), by: call.actor))
    }

    @Sendable private func effects(_ call: Call) throws(PAOError) -> Response {
        .json(["data": .array(try requests.effects(call.parameter("id"), by: call.actor).map(\.json))])
    }

    @Sendable private func explain(_ call: Call) throws(PAOError) -> Response {
        .json(try requests.explanation(call.parameter("id"), by: call.actor))
    }

    @Sendable private func approvals(_ call: Call) throws(PAOError) -> Response {
        .json(["data": .array(try requests.approvalHistory(call.parameter("id"), by: call.actor))])
    }

    @Sendable private func escalation(_ call: Call) throws(PAOError) -> Response {
        .json(try requests.request(call.parameter("id"), by: call.actor).escalationJSON)
    }

    @Sendable private func clone(_ call: Call) async throws(PAOError) -> Response {
        let request = try await requests.clone(call.parameter("id"), changes: call.body["requestData"] ?? [:], by: call.actor)
        return .json(request.json, status: 201, headers: ["Location": "/api/v1/requests/\(request.id)"])
    }

    @Sendable private func batch(_ call: Call) async throws(PAOError) -> Response {
        let bodies = call.body["requests"]?.array ?? []
        var submissions: [Submission] = []
        for body in bodies { submissions.append(try Self.submission(body)) }
        let results = try await requests.submit(batch: submissions, atomic: call.body["atomic"]?.bool ?? true, by: call.actor)
        return .json(["data": .array(results)], status: 201)
    }

    @Sendable private func step(_ call: Call) throws(PAOError) -> Response {
        let request = try requests.request(call.parameter("id"), by: call.actor)
        guard let step = request.steps.first(where: { $0.id == call.parameter("stepId") }) else {
            throw PAOError(.notFound, "The request has no action \(call.parameter("stepId")).")
        }
        return .json(step.json)
    }

    // MARK: Operating

    @Sendable private func retry(_ call: Call) async throws(PAOError) -> Response {
        .json(
            try await requests.retry(
                call.parameter("id"), actionID: call.text("actionId"),
                changedData: call.body["requestData"].flatMap { $0.isNull ? nil : $0 },
                skipVerification: call.body["skipVerification"]?.bool ?? false, by: call.actor
            ).json)
    }

    @Sendable private func abort(_ call: Call) async throws(PAOError) -> Response {
        .json(
            try await requests.abort(
                call.parameter("id"), reason: try call.required("reason"),
                createCleanupTicket: call.body["createCleanupTicket"]?.bool ?? false,
                createCompletionTicket: call.body["createCompletionTicket"]?.bool ?? false, by: call.actor
            ).json)
    }

    @Sendable private func cancel(_ call: Call) async throws(PAOError) -> Response {
        .json(try await requests.cancel(call.parameter("id"), reason: call.text("reason") ?? "", by: call.actor).json)
    }

    @Sendable private func startNow(_ call: Call) async throws(PAOError) -> Response {
        .json(try await requests.startNow(call.parameter("id"), reason: try call.required("reason"), by: call.actor).json)
    }

    @Sendable private func escalate(_ call: Call) async throws(PAOError) -> Response {
        .json(
            try await requests.escalate(
                call.parameter("id"), reason: try call.required("reason"), priority: call.text("priority"), by: call.actor
            ).json)
    }

    @Sendable private func skip(_ call: Call) async throws(PAOError) -> Response {
        .json(
            try await requests.skip(
                call.parameter("id"), actionID: call.parameter("stepId"), reason: try call.required("reason"), by: call.actor
            ).json)
    }

    @Sendable private func complete(_ call: Call) async throws(PAOError) -> Response {
        .json(
            try await requests.complete(
                call.parameter("id"), actionID: call.parameter("stepId"), outputs: call.body["outputs"] ?? [:],
                reason: try call.required("reason"), by: call.actor
            ).json)
    }
}
