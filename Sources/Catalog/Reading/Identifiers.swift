import Documents

/// The naming rules of documents and of what they hold.
enum Identifiers {
    /// `database-postgresql-standard`: lower case, digits, single dashes inside; at most 100 characters.
    static func isKebabCase(_ text: String) -> Bool {
        let words = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return text.utf8.count <= 100 && words.allSatisfy { !$0.isEmpty && $0.allSatisfy { isLower($0) || isDigit($0) } }
    }

    /// What a text would be called in kebab-case: `Redis Cache` is `redis-cache`, `eksCluster` is `eks-cluster`. In a text of several words
    /// capitals inside of one belong to its name: `RDS PostgreSQL` is `rds-postgresql`.
    static func kebabCase(_ text: String) -> String {
        var result: [UInt8] = []
        var previous: UInt8 = 0
        let isOneWord = !text.utf8.contains(UInt8(ascii: " "))
        for byte in text.utf8 {
            if isOneWord, isUpper(byte), isLower(previous) || isDigit(previous) { result.append(UInt8(ascii: "-")) }
            let isWord = isLower(byte) || isUpper(byte) || isDigit(byte)
            if isWord {
                result.append(isUpper(byte) ? byte + 32 : byte)
            } else if let last = result.last, last != UInt8(ascii: "-") {
                result.append(UInt8(ascii: "-"))
            }
            previous = byte
        }
        while result.last == UInt8(ascii: "-") { result.removeLast() }
        return String(decoding: result.prefix(100), as: UTF8.self)
    }

    /// Ids of fields, groups, actions and components: a letter, then letters, digits, `_` and `-`; at most 100 characters.
    static func isPartID(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLower(first) || isUpper(first) || first == UInt8(ascii: "_") else { return false }
        return text.utf8.count <= 100
            && text.utf8.allSatisfy { isLower($0) || isUpper($0) || isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
    }

    static func checkPart(_ id: String, _ what: String, at place: Position, _ report: FindingReport) {
        if isPartID(id) { return }
        report.error(.badID, "\(what) starts with a letter and has letters, digits, - and _ only, not \(id).", at: place)
    }

    /// Words for people: `instanceName` and `instance_name` become `Instance name`.
    static func title(_ id: String) -> String {
        let words = kebabCase(id).split(separator: "-").joined(separator: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    private static func isLower(_ byte: UInt8) -> Bool { byte >= 0x61 && byte <= 0x7A }
    private static func isUpper(_ byte: UInt8) -> Bool { byte >= 0x41 && byte <= 0x5A }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
