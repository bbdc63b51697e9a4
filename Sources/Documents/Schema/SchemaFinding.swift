/// One fault of an instance.
package struct SchemaFinding: Sendable, Equatable {
    /// Where in the instance, as a JSON pointer.
    package var instancePath: String
    /// Which keyword, as a JSON pointer through the schema that follows references (`/properties/a/$ref/minimum`).
    package var schemaPath: String
    package var keyword: String
    /// For a person, without the place: `must be at least 20`.
    package var message: String
    /// What was most likely meant: a key or value that the schema knows.
    package var suggestion: String?
    /// Of a missing key: the key of the instance that was most likely meant to be it.
    package var misspelledKey: String?
}
