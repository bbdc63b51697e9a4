import Glibc
import Synchronization

/// JSON lines, one per event, written in one call each. Known secret values are blotted out here, at the sink, so that no caller
/// can forget it.
package final class Log: Sendable {
    package enum Level: String, Sendable, Comparable, CaseIterable {
        case debug, info, warning, error

        var priority: Int { [.debug: 7, .info: 6, .warning: 4, .error: 3][self] ?? 6 }
        package static func < (left: Self, right: Self) -> Bool { left.priority > right.priority }
    }

    private let minimum: Level
    private let time: TimeSource
    private let redactor: Redactor
    private let write: @Sendable ([UInt8]) -> Void

    /// `write` gets whole lines with their line feed.
    package init(
        minimum: Level = .info, time: TimeSource = .system, redactor: Redactor = Redactor(),
        write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.minimum = minimum
        self.time = time
        self.redactor = redactor
        self.write = write
    }

    package func callAsFunction(_ level: Level, _ message: String, _ fields: KeyValuePairs<String, JSON> = [:]) {
        guard level >= minimum else { return }
        var line = JSONWriter()
        line.raw("{\"at\":\"\(time.now())\",\"level\":\"\(level.rawValue)\",\"message\":")
        line.string(redactor.redact(message))
        for (key, value) in fields {
            line.raw(",")
            line.string(key)
            line.raw(":")
            line.value(redactor.redact(value))
        }
        line.raw("}\n")
        write(line.bytes)
    }

    /// To standard error; standard output is for what a command answers.
    package static func standardError(minimum: Level = .info, redactor: Redactor = Redactor()) -> Log {
        Log(minimum: minimum, redactor: redactor) { line in
            _ = line.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
        }
    }

    /// For tests and commands that log nothing.
    package static let silent = Log { _ in }
}

/// Replaces known secret values, also in their base64 and percent-encoded forms, by `***`. Costs one pass over the text, however many
/// values there are. Where values overlap, all that any of them covers goes.
package final class Redactor: Sendable {
    private struct Patterns {
        var known: Set<ExactString> = []
        /// By first byte, the longest first; empty until there is one.
        var byFirstByte: [[[UInt8]]] = []

        mutating func insert(_ value: String) {
            let bytes = Array(value.utf8)
            guard let first = bytes.first, known.insert(ExactString(value)).inserted else { return }
            if byFirstByte.isEmpty { byFirstByte = Array(repeating: [], count: 256) }
            byFirstByte[Int(first)].append(bytes)
            byFirstByte[Int(first)].sort { $0.count > $1.count }
        }
    }

    private let patterns = Mutex(Patterns())

    package init() {}

    /// Values shorter than four characters are not kept: they would blot out half of every text.
    package func add(_ value: String) {
        guard value.utf8.count >= 4 else { return }
        let bytes = Array(value.utf8)
        patterns.withLock {
            for form in [value, Base64.encode(bytes), Base64.encodeURL(bytes), PercentEncoding.encode(value)] { $0.insert(form) }
        }
    }

    package func redact(_ text: String) -> String {
        let table = patterns.withLock { $0.byFirstByte }
        return table.isEmpty ? text : Self.redact(text, table)
    }

    package func redact(_ value: JSON) -> JSON {
        let table = patterns.withLock { $0.byFirstByte }
        return table.isEmpty ? value : Self.redact(value, table)
    }

    private static func redact(_ value: JSON, _ table: [[[UInt8]]]) -> JSON {
        switch value {
        case .string(let text): .string(redact(text, table))
        case .array(let elements): .array(elements.map { redact($0, table) })
        case .object(let object): .object(JSONObject(object.map { ($0.key, redact($0.value, table)) }))
        default: value
        }
    }

    private static func redact(_ text: String, _ table: [[[UInt8]]]) -> String {
        var text = text
        return text.withUTF8 { redact($0, table) } ?? text
    }

    /// nil when there is nothing to hide.
    private static func redact(_ text: UnsafeBufferPointer<UInt8>, _ table: [[[UInt8]]]) -> String? {
        var result: [UInt8] = []
        var (copied, coveredEnd) = (0, 0)
        for index in 0..<text.count {
            guard let length = table[Int(text[index])].first(where: { begins(text[index...], with: $0) })?.count else { continue }
            if index >= coveredEnd {
                result.append(contentsOf: text[copied..<index])
                result.append(contentsOf: "***".utf8)
            }
            coveredEnd = max(coveredEnd, index + length)
            copied = coveredEnd
        }
        guard coveredEnd > 0 else { return nil }
        result.append(contentsOf: text[copied...])
        return String(decoding: result, as: UTF8.self)
    }

    private static func begins(_ text: Slice<UnsafeBufferPointer<UInt8>>, with pattern: [UInt8]) -> Bool {
        guard pattern.count <= text.count, let start = text.base.baseAddress else { return false }
        return memcmp(start + text.startIndex, pattern, pattern.count) == 0
    }
}
