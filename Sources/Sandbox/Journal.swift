import Base
import Glibc

// DESIGN: the state of the sandbox is what its unsafe calls made of it, so the file holds these calls, one JSON line each, and a
// start runs them again. Guarantees: a line is handed to the kernel before the call is answered, so nothing answered is lost when
// the process is killed (a power cut may lose the last seconds; it is a sandbox). A line torn by a kill was never answered: it is
// cut off at the next start. Replay gives the same ids because these come from the salt in the first line and a counter.

/// The append-only file behind a sandbox.
struct Journal: ~Copyable {
    private let descriptor: Int32

    /// Opens or creates the file and hands every entry in it to `replay`, oldest first. Throws `data`.
    init(path: String, salt: [UInt8], replay: (Entry) -> Void) throws(PAOError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("cannot open the sandbox's state", path) }
        let bytes = try Self.read(descriptor, path)
        let end = bytes.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        for line in bytes[..<end].split(separator: 0x0A) {
            guard let entry = Entry(line: line) else {
                throw PAOError(.data, "The sandbox's state is damaged.", detail: path, hint: "Remove \(path) to start afresh.")
            }
            replay(entry)
        }
        if end < bytes.count { ftruncate(descriptor, end) }
        if end == 0 {
            append(.salt(salt))
            replay(.salt(salt))
        }
    }

    deinit { close(descriptor) }

    /// False where it could not be written: a restart will not know of it.
    @discardableResult
    func append(_ entry: Entry) -> Bool {
        var bytes = entry.line[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if written > 0 { bytes = bytes.dropFirst(written) } else if errno != EINTR { return false }
        }
        return true
    }

    /// Empties the file and begins it anew.
    func restart(salt: [UInt8]) {
        ftruncate(descriptor, 0)
        append(.salt(salt))
    }

    private static func read(_ descriptor: Int32, _ path: String) throws(PAOError) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("cannot read the sandbox's state", path) }
        var bytes = [UInt8](repeating: 0, count: max(0, Int(status.st_size)))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled, filled)
            }
            guard count > 0 else { throw failure("cannot read the sandbox's state", path) }
            filled += count
        }
        return bytes
    }

    private static func failure(_ message: String, _ path: String) -> PAOError {
        PAOError(.data, message, detail: "\(path): \(String(cString: strerror(errno)))")
    }
}

extension Journal {
    /// One line.
    enum Entry: Sendable {
        case salt([UInt8])
        case call(Call)

        var line: [UInt8] {
            switch self {
            case .salt(let salt): JSON.object(JSONObject([("salt", .string(salt.hex))])).bytes + [0x0A]
            case .call(let call): call.journalLine.bytes + [0x0A]
            }
        }

        init?(line: ArraySlice<UInt8>) {
            guard let json = try? JSON.parse(Array(line)) else { return nil }
            if let salt = json["salt"]?.string.flatMap(bytes(hex:)) {
                self = .salt(salt)
            } else if let call = Call(journalLine: json) {
                self = .call(call)
            } else {
                return nil
            }
        }
    }
}

extension Call {
    fileprivate var journalLine: JSON {
        var line: JSON = ["at": .int(at.milliseconds), "method": .string(method), "url": .string(url)]
        if let key { line["key"] = .string(key) }
        if isDuplicate { line["duplicate"] = true }
        if hints.isPresent {
            line["outputs"] = .object(hints.outputs)
            line["expect"] = .array(hints.expectations)
        }
        if !contentType.isEmpty { line["type"] = .string(contentType) }
        if let text = String(validating: body, as: UTF8.self) {
            line["text"] = .string(text)
        } else {
            line["bytes"] = .string(Base64.encode(body))
        }
        return line
    }

    fileprivate init?(journalLine line: JSON) {
        guard let at = line["at"]?.int, let method = line["method"]?.string, let url = line["url"]?.string else { return nil }
        var hints = Hints()
        hints.isPresent = line["outputs"] != nil
        hints.outputs = line["outputs"]?.object ?? JSONObject()
        hints.expectations = line["expect"]?.array ?? []
        let body = line["text"]?.string.map { Array($0.utf8) } ?? line["bytes"]?.string.flatMap(Base64.decode) ?? []
        self.init(
            at: Timestamp(milliseconds: at), method: method, url: url, key: line["key"]?.string, hints: hints,
            contentType: line["type"]?.string ?? "", body: body)
        isDuplicate = line["duplicate"]?.bool ?? false
    }
}
