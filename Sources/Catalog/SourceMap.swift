import Base

/// Where the actions of a document stand in its file. A version that is read back from the database has no places of its own; this is kept
/// beside its definition: `{"automatic/provision": [41, 9, 44, 13]}`, line and column of the action and of its `if`.
struct SourceMap {
    private let places: JSON

    /// null for a document that has its own places.
    init(_ places: JSON) { self.places = places }

    static let none = SourceMap(.null)

    init(of document: CatalogDocument) {
        let lists: [(TemplatePlace.ActionList, [Action])] = [
            (.manual, document.fulfillment.manual), (.automatic, document.fulfillment.automatic?.actions ?? []),
            (.decommission, document.instance?.decommission ?? []), (.rollback, document.rollback),
        ]
        var places = JSONObject()
        for (list, actions) in lists {
            for action in actions {
                let condition = action.conditionPlace.map { [$0.line, $0.column] } ?? []
                places["\(list)/\(action.id)"] = .array(([action.source.line, action.source.column] + condition).map(JSON.int))
            }
        }
        self.init(.object(places))
    }

    var text: String { places.description }

    /// Of an action and of its condition, in the file of that path; nil where the map does not know it.
    func place(of id: String, in list: TemplatePlace.ActionList, path: String) -> (
        action: CatalogDocument.Source, condition: CatalogDocument.Source?
    )? {
        guard let numbers = places["\(list)/\(id)"]?.array?.compactMap(\.int), numbers.count >= 2 else { return nil }
        let condition = numbers.count == 4 ? CatalogDocument.Source(path: path, line: numbers[2], column: numbers[3]) : nil
        return (CatalogDocument.Source(path: path, line: numbers[0], column: numbers[1]), condition)
    }
}
