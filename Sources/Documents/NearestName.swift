/// "Did you mean": the known name that a mistyped one most likely stands for.
package enum NearestName {
    /// The nearest candidate by edits (insert, delete, replace, swap of neighbors): at most two, and at most a third of the longer
    /// name but one edit in any case; upper and lower case count as equal. Of equally near ones the first. nil where none is near, and
    /// where the two would have nothing in common: `c` is not a misspelled `a`.
    package static func suggestion(for name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.lowercased().unicodeScalars.prefix(100))
        var best: (name: String, distance: Int)?
        for candidate in candidates where !candidate.utf8.elementsEqual(name.utf8) {
            let other = Array(candidate.lowercased().unicodeScalars.prefix(100))
            let allowed = max(1, min(2, max(wanted.count, other.count) / 3))
            guard abs(wanted.count - other.count) <= allowed else { continue }
            let distance = editDistance(wanted, other)
            guard distance < min(wanted.count, other.count) else { continue }
            if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// The one candidate that is certainly meant: not more than one edit away, and no other is as near. Names of fewer than four
    /// characters are too short to be certain of (`if` and `id`).
    package static func correction(of name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.lowercased().unicodeScalars.prefix(100))
        guard wanted.count >= 4 else { return nil }
        let near = Set(candidates).filter { candidate in
            let other = Array(candidate.lowercased().unicodeScalars.prefix(100))
            return other.count >= 4 && abs(wanted.count - other.count) <= 1 && editDistance(wanted, other) <= 1
        }
        return near.count == 1 ? near.first : nil
    }

    /// Optimal string alignment distance.
    private static func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for (row, scalar) in left.enumerated() {
            var current = [row + 1]
            for column in right.indices {
                let replaced = previous[column] + (scalar == right[column] ? 0 : 1)
                var cost = min(replaced, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, scalar == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforePrevious[column - 1] + 1)
                }
                current.append(cost)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[right.count]
    }
}
