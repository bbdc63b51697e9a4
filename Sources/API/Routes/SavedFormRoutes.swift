import Base
import Identity
package import Orchestration
import Web

/// `/drafts` and `/request-templates`.
package struct SavedFormRoutes: Sendable {
    let forms: SavedForms

    package init(forms: SavedForms) { self.forms = forms }

    package var endpoints: [Endpoint] {
        let data = Endpoint.Member("requestData", .object, required: true, "The form's values by field id; secret ones are not kept.")
        return [
            .get(
                "/api/v1/drafts/{itemId}", .permission(.requestsCreate), "Your draft of an item's form",
                answer: "`{requestData, updatedAt}`"
            ) {
                call throws(PAOError) in
                .json(try forms.draft(of: call.parameter("itemId"), by: call.actor))
            },
            .change(
                "PUT", "/api/v1/drafts/{itemId}", .permission(.requestsCreate), "Keep your draft", body: .object([data]),
                answer: "Nothing", status: 204
            ) { call async throws(PAOError) in
                try await forms.keepDraft(call.body["requestData"] ?? [:], of: call.parameter("itemId"), by: call.actor)
                return Response(status: 204)
            },
            .change("DELETE", "/api/v1/drafts/{itemId}", .permission(.requestsCreate), "Drop your draft", answer: "Nothing", status: 204) {
                call async throws(PAOError) in
                try await forms.dropDraft(of: call.parameter("itemId"), by: call.actor)
                return Response(status: 204)
            },
            .get(
                "/api/v1/request-templates", .permission(.requestsRead), "Saved forms of your teams, newest first",
                query: Endpoint.paging + [.init("catalogItemId", "Of one item.")], answer: "A page of templates"
            ) { call throws(PAOError) in
                call.list(try forms.templates(catalogItemID: call.query("catalogItemId"), try call.page(), by: call.actor), \.json)
            },
            .change(
                "POST", "/api/v1/request-templates", .permission(.requestsCreate), "Save a form for your team",
                body: .object([
                    .init("name", .string, required: true, "Unique per team and item."),
                    .init("catalogItemId", .string, required: true, "Id of the item."), data,
                    .init("team", .string, "Slug; the first of your teams without it."),
                ]), answer: "The template", status: 201
            ) { call async throws(PAOError) in
                let template = try await forms.saveTemplate(
                    try call.required("name"), of: try call.required("catalogItemId"), data: call.body["requestData"] ?? [:],
                    team: call.text("team"), by: call.actor)
                return .json(template.json, status: 201)
            },
            .change(
                "DELETE", "/api/v1/request-templates/{id}", .permission(.requestsCreate), "Delete a template", answer: "Nothing",
                status: 204
            ) { call async throws(PAOError) in
                try await forms.deleteTemplate(call.parameter("id"), by: call.actor)
                return Response(status: 204)
            },
        ]
    }
}
