import Base

/// A list of actions in an order in which they can run, and which of them is sure to have run before which.
struct ActionOrder {
    /// Dependencies first; else as written.
    let actions: [Action]
    private let isParallel: Bool
    private let byID: [ExactString: Int]
    /// Of each action, all that it depends on, directly or not.
    private let before: [Set<Int>]

    /// Dependencies that lead in a circle or nowhere are left out of account; `cycle` tells.
    init(_ written: [Action], isParallel: Bool) {
        let sorted = DependencyOrder.sorted(written, id: \.id, dependsOn: \.dependsOn)
        actions = sorted
        self.isParallel = isParallel
        let byID = Dictionary(sorted.enumerated().map { (ExactString($1.id), $0) }, uniquingKeysWith: { first, _ in first })
        self.byID = byID
        var before: [Set<Int>] = []
        for (index, action) in sorted.enumerated() {
            let direct = action.dependsOn.compactMap { byID[ExactString($0)] }.filter { $0 < index }
            before.append(direct.reduce(into: Set(direct)) { $0.formUnion(before[$1]) })
        }
        self.before = before
    }

    var ids: [String] { actions.map(\.id) }

    func action(_ id: String) -> Action? { byID[ExactString(id)].map { actions[$0] } }

    func runs(_ first: String, before second: String) -> Bool {
        guard let from = byID[ExactString(first)], let to = byID[ExactString(second)] else { return false }
        return isParallel ? before[to].contains(from) : from < to
    }
}

/// Stable topological order, and cycles, of anything with ids and dependencies.
enum DependencyOrder {
    /// Each after what it depends on, else in the order given; members of a cycle come last.
    static func sorted<Element>(_ elements: [Element], id: (Element) -> String, dependsOn: (Element) -> [String]) -> [Element] {
        let known = Set(elements.map(id))
        var done: Set<String> = []
        var rest = elements
        var order: [Element] = []
        while let index = rest.firstIndex(where: { dependsOn($0).allSatisfy { done.contains($0) || !known.contains($0) } }) {
            let next = rest.remove(at: index)
            done.insert(id(next))
            order.append(next)
        }
        return order + rest
    }

    /// The ids of one cycle, the first one repeated at the end; nil where there is none.
    static func cycle<Element>(_ elements: [Element], id: (Element) -> String, dependsOn: (Element) -> [String]) -> [String]? {
        let edges = Dictionary(elements.map { (id($0), dependsOn($0)) }, uniquingKeysWith: { first, _ in first })
        var finished: Set<String> = []
        for start in elements.map(id) where !finished.contains(start) {
            if let cycle = walk(from: start, edges, &finished) { return cycle }
        }
        return nil
    }

    /// Depth first, without recursion: documents may chain thousands of actions.
    private static func walk(from start: String, _ edges: [String: [String]], _ finished: inout Set<String>) -> [String]? {
        var path = [start]
        var open = [edges[start] ?? []]
        while var next = open.popLast() {
            guard let id = next.popLast() else {
                finished.insert(path.removeLast())
                continue
            }
            open.append(next)
            if let index = path.firstIndex(of: id) { return Array(path[index...]) + [id] }
            if finished.contains(id) || edges[id] == nil { continue }
            path.append(id)
            open.append(edges[id] ?? [])
        }
        return nil
    }
}
