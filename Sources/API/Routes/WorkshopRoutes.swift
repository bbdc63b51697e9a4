import Base
package import Catalog
import Identity
import Web

/// What platform teams write documents with.
package struct WorkshopRoutes: Sendable {
    let workshop: Workshop
    let review: CatalogReview
    /// nil where the catalog is no Git repository.
    let publisher: CatalogPublisher?

    package init(workshop: Workshop, review: CatalogReview, publisher: CatalogPublisher?) {
        self.workshop = workshop
        self.review = review
        self.publisher = publisher
    }

    package var endpoints: [Endpoint] {
        [
            .get(
                "/api/v1/catalog/starters/{kind}", .permission(.catalogRead),
                "A commented document to begin with: `item`, `bundle`, `update`, `upgrade` or `flat`", answer: "`{path, text}`"
            ) { call throws(PAOError) in
                guard let starter = Starter(rawValue: call.parameter("kind")) else {
                    throw PAOError(.notFound, "There is no starter \(call.parameter("kind")).")
                }
                return .json(["path": .string("catalog/examples/\(starter.fileName)"), "text": .string(starter.text)])
            },
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
            .change(
                "POST", "/api/v1/catalog/diff", .permission(.catalogRead), "Compare documents with the catalog that is served",
                body: .object([
                    .init("files", .array, required: true, "`[{path, text}]`."),
                    .init("complete", .boolean, "`true`: they are the whole catalog; what is in none of them would be withdrawn."),
                ]), answer: "`{changes: [{kind, id, from, to, details, remarks, impact}], findings, errors, warnings, text}`",
                bodyLimit: 16 << 20, difference),
            .change(
                "POST", "/api/v1/catalog/publish", .permission(.catalogPublish),
                "Check a document, push it to a branch, open a pull request",
                body: .object([
                    .init("path", .string, required: true, "From the root of the catalog, such as `catalog/databases/redis/service.yaml`."),
                    .init("document", .string, "YAML text; without it the document is withdrawn."),
                    .init("title", .string, "Of the commit and the pull request."),
                ]), answer: "`{path, branch, commit, base, owners, pullRequestUrl, warnings}`", status: 201, published),
        ]
    }

    @Sendable private func difference(_ call: Call) async throws(PAOError) -> Response {
        var files: [CatalogReview.File] = []
        for (index, file) in (call.body["files"]?.array ?? []).enumerated() {
            guard let path = file["path"]?.string, let text = file["text"]?.string else {
                throw PAOError(
                    .invalid, "A file has a path and a text.",
                    findings: [.init(field: "files[\(index)]", rule: "required", message: "path and text are texts.")])
            }
            files.append(CatalogReview.File(path: path, text: Array(text.utf8)))
        }
        return .json(try review.difference(files, isWhole: call.body["complete"]?.bool ?? false))
    }

    @Sendable private func published(_ call: Call) async throws(PAOError) -> Response {
        guard let publisher else {
            throw PAOError(
                .conflict, "This catalog is a directory; only a Git repository can be published to.",
                hint: "Set catalog.source to a repository.")
        }
        let change = CatalogPublisher.Change(
            path: try call.required("path"), text: call.text("document").map { Array($0.utf8) }, title: call.text("title"))
        return .json(try await publisher.publish(change, by: call.actor), status: 201)
    }
}
