import Base
import Glibc
import Identity
import Orchestration
import Store
import Web

/// `DIR/pao.sock`: how command-line tools reach the server that has the data directory open. Only the directory's owner may connect.
enum ControlSocket {
    static func path(in directory: String) -> String { directory + "/pao.sock" }

    static func serve(_ appliance: Appliance) throws(PAOError) -> Server {
        let path = path(in: appliance.directory)
        unlink(path)
        let store = appliance.store
        let routes = [
            Route(
                "POST", "/backup",
                .suspended { request throws(PAOError) in
                    guard let file = try JSON.parse(request.body)["file"]?.string else { throw PAOError(.invalid, "file is missing.") }
                    try store.backup(to: file)
                    return .json(["file": .string(file)])
                }),
            Route("GET", "/audit", .suspended { _ throws(PAOError) in .json(try Checks.audit(store)) }),
            Route("GET", "/migrations", .suspended { _ throws(PAOError) in .json(try Checks.migrations(store)) }),
        ]
        return try Server(Application(routes: routes + freezeRoutes(appliance.freezeWindows)), on: ListeningSocket(path: path))
    }

    /// The answer's JSON; nil when no server runs on the directory. Throws what the server answers.
    static func call(_ method: String, _ target: String, body: JSON?, in directory: String) throws(PAOError) -> JSON? {
        guard let descriptor = connect(path(in: directory)) else { return nil }
        defer { close(descriptor) }
        let content = body?.bytes ?? []
        let head = "\(method) \(target) HTTP/1.0\r\nHost: localhost\r\nContent-Length: \(content.count)\r\n\r\n"
        let message = Array(head.utf8) + content
        guard write(descriptor, message, message.count) == message.count else { return nil }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { answer += buffer[..<count] }
        let text = String(decoding: answer, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { throw PAOError(.unavailable, "The server gave no answer.") }
        let json = try JSON.parse(String(text[end.upperBound...]))
        guard text.hasPrefix("HTTP/1.1 2") || text.hasPrefix("HTTP/1.0 2") else {
            throw PAOError(.unavailable, json["detail"]?.string ?? "The server refused.")
        }
        return json
    }

    private static func connect(_ path: String) -> Int32? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < 108 else {
            close(descriptor)
            return nil
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if connected == 0 { return descriptor }
        close(descriptor)
        return nil
    }
}

extension String {
    fileprivate func range(of needle: String) -> Range<String.Index>? { firstRange(of: needle) }
}

/// What a server checks of its own, and a command where none runs.
enum Checks {
    /// What the running server answers; without one the check is made on the database itself.
    static func ask(
        _ path: String, in directory: String, options: StoreOptions = StoreOptions(), _ check: (Store) throws(PAOError) -> JSON
    ) throws(PAOError) -> JSON {
        if let answer = try ControlSocket.call("GET", path, body: nil, in: directory) { return answer }
        let store = try Store(directory: directory, migrations: DatabaseSchema.migrations, options: options, time: .system, log: .silent)
        defer { store.close() }
        return try check(store)
    }

    static func audit(_ store: Store) throws(PAOError) -> JSON {
        try store.read { connection throws(PAOError) in
            let broken = try AuditLog.verify(connection)
            let head = try AuditLog.head(in: connection)
            return ["rows": .int(head.sequence), "head": .string(head.hash.hex), "firstBroken": broken.map(JSON.int) ?? .null]
        }
    }

    static func migrations(_ store: Store) throws(PAOError) -> JSON {
        .array(
            try store.migrationStatus().map {
                ["number": .int($0.number), "name": .string($0.name), "appliedAt": .optional($0.appliedAt?.description)]
            })
    }
}
