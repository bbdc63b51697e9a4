package import Base

extension Catalog {
    /// `{path, text}` of the file that holds a document, comments and all, as the last sync saw it. Throws `notFound`.
    package func text(of id: String) throws(PAOError) -> JSON {
        guard let entry = snapshot.entry(id) else { throw PAOError(.notFound, "The catalog has no \(id).") }
        guard let root = settings.source.root, let text = CatalogScanner.text(of: entry.source.path, below: root) else {
            throw PAOError(.notFound, "The file \(entry.source.path) is not there any more.", hint: "It is served as it was last read.")
        }
        return ["path": .string(entry.source.path), "text": .string(String(decoding: text, as: UTF8.self))]
    }
}
