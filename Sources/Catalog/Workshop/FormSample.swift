package import Base

/// Made-up data that a form accepts, as far as one can be made up: a value for every required field without a default. To begin a
/// rendering test with.
package struct FormSample {
    /// A text that a pattern accepts; nil where none is found.
    package typealias PatternText = (String) -> String?

    private let form: Form
    private let patternText: PatternText

    package init(_ form: Form, patternText: @escaping PatternText) {
        self.form = form
        self.patternText = patternText
    }

    package var data: JSON {
        // A value may show further fields, which ask for values in turn.
        var data: JSON = [:]
        for _ in 0..<10 {
            let missing = form.validate(data, now: Workshop.sampleTime).findings.filter { $0.rule == "required" && data[$0.field] == nil }
            let fields = missing.compactMap { finding in form.field(finding.field) }
            if fields.isEmpty { break }
            for field in fields { data[field.id] = value(for: field) }
        }
        return data
    }

    private func value(for field: Field) -> JSON {
        let candidates = self.candidates(for: field)
        var alone = field
        alone.conditional = nil
        let form = Form(groups: [.init(id: "", name: "", description: nil, fields: [alone])])
        let accepted = candidates.first { value in
            form.validate(.object(JSONObject([(field.id, value)])), now: Workshop.sampleTime).findings.isEmpty
        }
        return accepted ?? candidates.first ?? .null
    }

    private func candidates(for field: Field) -> [JSON] {
        let options = field.validation["enum"]?.array ?? []
        let bounds = ["min", "max", "minDate", "maxDate", "minTime", "maxTime", "minDatetime", "maxDatetime"].compactMap {
            field.validation[$0]
        }
        switch field.type {
        case "boolean": return [true]
        case "number", "integer", "percentage": return options + bounds + [1, 0, 10, 100]
        case "select": return options + ["sample"]
        case "multiselect":
            let count = max(1, field.validation["minSelections"]?.int ?? 1)
            return [.array(options.isEmpty ? ["sample"] : Array(options.prefix(count)))]
        case "date": return bounds + ["2026-01-01"]
        case "time": return bounds + ["12:00"]
        case "datetime": return bounds + ["2026-01-01T12:00:00Z"]
        case "file": return [["name": "sample.txt", "mediaType": "text/plain", "content": "c2FtcGxl"]]
        case "list": return [.array(field.items.map(value))]
        case "object":
            return [
                FormSample(Form(groups: [.init(id: "", name: "", description: nil, fields: field.properties)]), patternText: patternText)
                    .data
            ]
        default: return options + texts(for: field)
        }
    }

    private func texts(for field: Field) -> [JSON] {
        let least = field.validation["minLength"]?.int ?? 0
        let matching = field.validation["pattern"]?.string.flatMap(patternText)
        let usual = ["sample", "sample@example.com", "https://example.com", "example.com", "192.0.2.10", "Sample-Passw0rd-1234"]
        let padded = least <= 1000 ? String(repeating: "a", count: least) : nil
        return ([field.placeholder, matching].compactMap { $0 } + usual + [padded].compactMap { $0 }).map(JSON.string)
    }
}
