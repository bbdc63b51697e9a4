import Base
import Documents

/// Documents that were given by themselves, without the catalog that they belong to: what they say of each other is checked, and what
/// they say of documents that were not given is only counted.
package struct LooseDocuments: Sendable {
    /// Of the single documents and of what they say of each other, by file and place.
    package let findings: [CatalogFinding]
    /// Those without errors of their own.
    package let count: Int
    /// Documents that could not be checked against others: too little of them can be read.
    package let unread: Int
    /// Names that are referred to and not among the documents.
    package let unknownNames: [String]

    package init(_ readings: [FileReading]) {
        let read = readings.map { $0.entries(fileHash: "") }
        let entries = read.flatMap { $0.good + $0.drafts }
        let check = CrossCheck(entries, isWhole: false)
        let own = readings.flatMap(\.findings)
        let cross = entries.flatMap(check.findings) + Self.duplicates(entries)
        findings = (own + cross).sorted(by: CatalogFinding.isBefore)
        count = readings.reduce(0) { $0 + $1.documents.count }
        unread = readings.reduce(0) { $0 + $1.unread }
        unknownNames = Set(entries.flatMap(check.unknownNames)).sorted()
    }

    private static func duplicates(_ entries: [CatalogEntry]) -> [CatalogFinding] {
        var taken: [String: CatalogEntry] = [:]
        return entries.flatMap { entry -> [CatalogFinding] in
            guard let first = taken[entry.id] else {
                taken[entry.id] = entry
                return []
            }
            let report = FindingReport(file: entry.source.path)
            let words = "The id \(entry.id) belongs to the document in \(first.source.path), line \(first.links.idPlace.line)."
            report.error(.duplicateID, words, at: entry.links.idPlace)
            return report.findings
        }
    }
}
