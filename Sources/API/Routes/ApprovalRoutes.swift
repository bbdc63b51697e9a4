import Base
import Identity
package import Orchestration
import Web

/// `/approvals`: what people have to agree to.
package struct ApprovalRoutes: Sendable {
    let requests: Requests

    package init(requests: Requests) { self.requests = requests }

    package var endpoints: [Endpoint] {
        let reason = Endpoint.Member("reason", .string, "Kept with the decision.")
        return [
            .get(
                "/api/v1/approvals", .permission(.requestsApprove), "What you can decide now, oldest first", query: Endpoint.paging,
                answer: "A page of approvals with their requests"
            ) { call throws(PAOError) in
                call.list(try requests.approvalInbox(try call.page(), by: call.actor), \.json)
            },
            .change(
                "POST", "/api/v1/approvals/{id}/approve", .permission(.requestsApprove), "Agree", body: .object([reason]),
                answer: "The approval"
            ) { call async throws(PAOError) in try await decide(.approve, call, reason: call.text("reason") ?? "") },
            .change(
                "POST", "/api/v1/approvals/{id}/reject", .permission(.requestsApprove), "Refuse; the request is rejected",
                body: .object([.init("reason", .string, required: true, "Told to the requester.")]), answer: "The approval"
            ) { call async throws(PAOError) in try await decide(.reject, call, reason: try call.required("reason")) },
            .change(
                "POST", "/api/v1/approvals/{id}/delegate", .permission(.requestsApprove), "Hand your decision to somebody else",
                body: .object([.init("userId", .string, required: true, "Login of who decides in your place."), reason]),
                answer: "Nothing", status: 204
            ) { call async throws(PAOError) in
                try await requests.delegate(
                    call.parameter("id"), to: try call.required("userId"), reason: call.text("reason") ?? "", by: call.actor)
                return Response(status: 204)
            },
        ]
    }

    private func decide(_ decision: Decision, _ call: Call, reason: String) async throws(PAOError) -> Response {
        .json(try await requests.decide(decision, on: call.parameter("id"), reason: reason, by: call.actor).json)
    }
}
