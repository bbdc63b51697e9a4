package import Base

/// What one file may cost.
package struct YAMLLimits: Sendable {
    package var bytes = 1 << 20
    package var depth = 64
    /// Nodes of the whole stream, counted after aliases and merges are expanded.
    package var nodes = 100_000
    package var documents = 1000

    package init() {}
}

/// Something that is allowed and most likely not meant.
package struct YAMLWarning: Sendable, Equatable {
    package var position: Position
    package var rule: String
    package var message: String
}

package struct YAMLStream: Sendable {
    /// One per `---`; a document without content is a null scalar.
    package var documents: [YAMLNode]
    package var warnings: [YAMLWarning]
}

/// Why a text is not YAML as the catalog takes it.
package struct YAMLFault: Error, Sendable, Equatable {
    package var position: Position
    /// `yaml-syntax`, `yaml-limit`, `yaml-duplicate-key`, `yaml-tag`, `yaml-alias`, `yaml-key`, `yaml-merge` or `yaml-number`.
    package var rule: String
    package var message: String
}

/// YAML 1.2 with the core schema: `no`, `on` and `yes` are strings, `012` is 12. Every value is one that JSON has.
package enum YAML {
    /// Every document of a stream. Throws `malformed` with line and column; the finding's field is `LINE:COLUMN`.
    package static func parse(_ text: [UInt8], limits: YAMLLimits = YAMLLimits()) throws(PAOError) -> YAMLStream {
        do {
            return try read(text, limits: limits)
        } catch {
            let place = "\(error.position.line):\(error.position.column)"
            throw PAOError(
                .malformed, "Not valid YAML at \(error.position): \(error.message).",
                findings: [PAOError.Finding(field: place, rule: error.rule, message: error.message)])
        }
    }

    /// `parse` for callers that report the place themselves.
    package static func read(_ text: [UInt8], limits: YAMLLimits = YAMLLimits()) throws(YAMLFault) -> YAMLStream {
        guard text.count <= limits.bytes else {
            throw YAMLFault(position: .start, rule: "yaml-limit", message: "the file is larger than \(limits.bytes) bytes")
        }
        var composer = YAMLComposer(events: YAMLEventReader(text), limits: limits)
        return try composer.composeStream()
    }
}
