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

/// Replaces known secret values, also in their base64 and percent-encoded forms, by `***`.
package final class Redactor: Sendable {
    private let secrets = Mutex<Set<String>>([])

    package init() {}

    /// Values shorter than four characters are not kept: they would blot out half of every text.
    package func add(_ value: String) {
        guard value.utf8.count >= 4 else { return }
        secrets.withLock {
            $0.insert(value)
            $0.insert(Base64.encode(Array(value.utf8)))
            $0.insert(Base64.encodeURL(Array(value.utf8)))
            $0.insert(PercentEncoding.encode(value))
        }
    }

    package func redact(_ text: String) -> String {
        let values = secrets.withLock { $0 }
        guard !values.isEmpty else { return text }
        var result = Array(text.utf8)
        for value in values.sorted(by: { $0.utf8.count > $1.utf8.count }) {
            result = result.replacing(Array(value.utf8), with: Array("***".utf8))
        }
        return String(decoding: result, as: UTF8.self)
    }

    package func redact(_ value: JSON) -> JSON {
        switch value {
        case .string(let text): .string(redact(text))
        case .array(let elements): .array(elements.map(redact))
        case .object(let object): .object(JSONObject(object.map { ($0.key, redact($0.value)) }))
        default: value
        }
    }
}
