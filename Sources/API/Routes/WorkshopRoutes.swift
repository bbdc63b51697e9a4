import Base
package import Catalog
import Identity
import Web

/// What platform teams write documents with.
package struct WorkshopRoutes: Sendable {
    let workshop: Workshop

    package init(workshop: Workshop) { self.workshop = workshop }

    package var endpoints: [Endpoint] {
        [
            .change(
                "POST", "/api/v1/validate/catalog-item", .permission(.catalogRead), "Check a document (YAML or JSON text)", body: .text,
                answer: "`{valid, findings}`"
            ) { call async throws(PAOError) in .json(workshop.validate(call.request.body)) },
            .change(
                "POST", "/api/v1/preview/form", .permission(.catalogRead), "The form of a document (YAML or JSON text)", body: .text,
                answer: "As `/catalog/items/{id}/schema`"
            ) { call async throws(PAOError) in .json(try workshop.form(call.request.body)) },
            .change(
                "POST", "/api/v1/test/variables", .permission(.catalogRead), "Render every template of a document with sample values",
                body: .object([
                    .init("document", .string, required: true, "YAML or JSON text."), .init("requestData", .object, "Form values."),
                    .init("scope", .object, "Further scopes: `{\"outputs\": {...}}`."),
                ]), answer: "`{renderings: [{path, template, value, missing}]}`"
            ) { call async throws(PAOError) in
                .json(
                    try workshop.renderings(
                        Array((call.text("document") ?? "").utf8), data: call.body["requestData"] ?? [:], scope: call.body["scope"] ?? [:]))
            },
        ]
    }
}
