import Store
import Testing

@testable import Orchestration

@Suite struct SchemaTests {
    /// How each step's checksum begins. A new step is added at the end; a line of this list is never changed.
    static let released = [
        "ca34b774b437", "78561a907496", "bced5c078624", "387563eaca92", "f91e740bb098", "0d33c2ae846e", "8a357d17f8c4", "d4d8cba17a34",
        "9835af29b6ee", "87e83ff2be0f", "31e9de55c706", "f5116edad158",
    ]

    @Test("a schema step that a database may have taken says what it said then")
    func unchanged() {
        let digests = DatabaseSchema.migrations.map { String($0.checksum.prefix(12)) }
        #expect(digests == Self.released)
        #expect(DatabaseSchema.migrations.map(\.number) == Array(1...digests.count))
    }
}
