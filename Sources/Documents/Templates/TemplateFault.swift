/// What is wrong with a template, or with rendering it.
package struct TemplateFault: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// The text is not a template; found by `parse`.
        case syntax
        /// A path starts with a name that is no scope; found by `parse`.
        case scope
        /// A path leads to nothing.
        case missing
        /// A value is of the wrong type for its use.
        case type
        /// Too large, too deep or too long.
        case limit
    }

    package var kind: Kind
    /// Inside the template's text.
    package var position: Position
    package var message: String
    /// What was most likely meant: a name or path to write instead.
    package var suggestion: String?
    /// With kind `scope`: the name that is none.
    package var scope: String?

    package init(_ kind: Kind, _ message: String, at position: Position = .start, suggestion: String? = nil) {
        self.kind = kind
        self.position = position
        self.message = message
        self.suggestion = suggestion
    }

    package var description: String { "\(position): \(message)" + (suggestion.map { " (did you mean \($0)?)" } ?? "") }

    func at(_ position: Position) -> TemplateFault {
        var fault = self
        fault.position = position
        return fault
    }
}

/// What one template may cost.
enum TemplateLimits {
    static let templateBytes = 256 << 10
    static let outputBytes = 1 << 20
    static let blockDepth = 16
    static let expressionDepth = 48
    static let expressionTokens = 500
    /// Turns of all loops of one rendering together.
    static let loopTurns = 10_000
    /// Bytes that all function calls of one rendering may read and make.
    static let functionBytes = 16 << 20
}
