package import Base
import Documents

/// A software template of Backstage (`scaffolder.backstage.io/v1beta3`) as a CatalogItem: its parameters become the form, its steps
/// actions where there is an equivalent and tasks for people where there is none. Nothing is left out in silence.
package struct BackstageImport: Sendable {
    package let document: JSON
    /// What was not carried over or has to be looked at, with its place in the template.
    package let report: [String]

    /// Throws `malformed` for what is no YAML, `invalid` for what is no such template.
    package init(_ text: [UInt8]) throws(PAOError) {
        let template = try YAML.parse(text).documents.map(\.json).first { $0["kind"]?.string == "Template" }
        guard let template, template["apiVersion"]?.string == "scaffolder.backstage.io/v1beta3" else {
            throw PAOError(.invalid, "The file holds no template of scaffolder.backstage.io/v1beta3.")
        }
        let report = BackstageReport()
        let form = BackstageForm(template["spec"]?["parameters"], report)
        let translation = BackstageTranslation(fields: form.fieldIDs, repositories: form.repositories, report: report)
        let steps = BackstageSteps(template["spec"]?["steps"]?.array ?? [], translation, report)
        let metadata = Self.metadata(template, report)
        let instance = Self.instance(template["spec"]?["output"], form, translation, report)
        var document: JSON = ["kind": "CatalogItem", "metadata": metadata]
        document["presentation"] = ["form": ["groups": form.groups]]
        document["fulfillment"] = steps.fulfillment(of: metadata["name"]?.string ?? "")
        document["instance"] = instance
        self.document = document
        self.report = report.lines
    }

    package var yaml: String { YAML.write(document) }

    private static func metadata(_ template: JSON, _ report: BackstageReport) -> JSON {
        let (given, spec) = (template["metadata"] ?? [:], template["spec"] ?? [:])
        let name = given["name"]?.string ?? "template"
        var metadata: JSON = [
            "id": .string(Identifiers.kebabCase(name)), "name": .string(given["title"]?.string ?? Identifiers.title(name)),
        ]
        metadata["description"] = given["description"].map { .string(($0.string ?? "").trimmed) }
        metadata["version"] = "1.0.0"
        report.add("metadata", "templates have no version; this one begins at 1.0.0")
        if let type = spec["type"]?.string { metadata["category"] = .string(Identifiers.kebabCase(type)) }
        metadata["owner"] = owner(spec["owner"]?.string, report)
        metadata["tags"] = given["tags"]
        for key in given.object?.keys ?? [] where !["name", "title", "description", "tags"].contains(key) {
            report.add("metadata.\(key)", "not carried over")
        }
        for key in spec.object?.keys ?? [] where !["owner", "type", "parameters", "steps", "output"].contains(key) {
            report.add("spec.\(key)", "not carried over")
        }
        return metadata
    }

    /// `group:default/platform` is the team `platform`.
    private static func owner(_ reference: String?, _ report: BackstageReport) -> JSON? {
        guard let reference, !reference.isEmpty else { return nil }
        let (kind, rest) = reference.splitOnce(":")
        if rest != nil, kind != "group" {
            report.add("spec.owner", "\(reference) is no group; CODEOWNERS decides")
            return nil
        }
        let slug = (rest ?? kind).split(separator: "/").last.map(String.init) ?? ""
        return ["team": .string(slug)]
    }

    private static func instance(_ output: JSON?, _ form: BackstageForm, _ translation: BackstageTranslation, _ report: BackstageReport)
        -> JSON?
    {
        var outputs = JSONObject()
        for (key, value) in output?.object ?? JSONObject() {
            switch (key, value) {
            case ("links", .array(let links)):
                for (index, link) in links.enumerated() {
                    guard let url = link["url"] else {
                        report.add("spec.output.links[\(index)]", "not carried over: it has no url")
                        continue
                    }
                    let title = Identifiers.kebabCase(link["title"]?.string ?? "link-\(index + 1)")
                    outputs[title.isEmpty ? "link-\(index + 1)" : title] = translation.value(url, at: "spec.output.links[\(index)].url")
                }
            case (_, .string): outputs[key] = translation.value(value, at: "spec.output.\(key)")
            default: report.add("spec.output.\(key)", "not carried over")
            }
        }
        var instance: JSON = [:]
        instance["name"] = form.nameField.map { "{{fields.\($0)}}" }
        if !outputs.isEmpty { instance["outputs"] = .object(outputs) }
        return instance == [:] ? Optional.none : instance
    }
}

/// Collects what a person has to know.
final class BackstageReport {
    private(set) var lines: [String] = []

    func add(_ place: String, _ words: String) {
        let line = "\(place): \(words)"
        if !lines.contains(line) { lines.append(line) }
    }
}
