internal import Base
internal import CMicrohttpd
internal import Glibc

/// How libmicrohttpd is started, and the functions it calls. It holds the server's core from its start to the end of the process's
/// last reference: `Server` keeps it while the daemon runs.
struct DaemonSettings {
    private let listener: ListeningSocket
    private let options: ServerOptions
    private let core: ServerCore

    init(_ listener: ListeningSocket, _ options: ServerOptions, _ core: ServerCore) {
        self.listener = listener
        self.options = options
        self.core = core
    }

    /// No static RSA, no CBC, nothing below TLS 1.2.
    private static let priorities =
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-AES-128-CBC:-AES-256-CBC:-AES-128-CCM:-AES-256-CCM"

    func start() -> OpaquePointer? {
        var flags = MHD_USE_EPOLL_INTERNAL_THREAD.rawValue | MHD_ALLOW_SUSPEND_RESUME.rawValue
        var items = basics + callbacks
        var texts: [UnsafeMutablePointer<CChar>?] = []
        if let tls = options.tls {
            flags |= MHD_USE_TLS.rawValue
            texts = [strdup(tls.key), strdup(tls.certificate), strdup(Self.priorities)]
            items += zip([MHD_OPTION.HTTPS_MEM_KEY, .HTTPS_MEM_CERT, .HTTPS_PRIORITIES], texts).map {
                MHD_OptionItem(option: $0, value: 0, ptr_value: $1)
            }
        }
        defer { for text in texts { free(text) } }
        items.append(MHD_OptionItem(option: .END, value: 0, ptr_value: nil))
        return pao_mhd_start(
            flags,
            { _, _, _, method, version, data, size, context in
                guard let connection = DaemonSettings.connection(context?.pointee), let method, let version, let size else { return .NO }
                return connection.proceed(method, version, data, &size.pointee)
            }, items)
    }

    /// Bytes that each open connection costs once it was used. The largest head (6 KiB), 64 bytes for each of its fields, and the
    /// answer's head (1.3 KiB) must fit together: where they do not, libmicrohttpd closes the connection without an answer.
    private static let connectionMemory = 12_288

    private var basics: [MHD_OptionItem] {
        let values: [(MHD_OPTION, Int)] = [
            (.LISTEN_SOCKET, Int(listener.descriptor)), (.THREAD_POOL_SIZE, threads), (.CONNECTION_LIMIT, connectionLimit),
            (.CONNECTION_MEMORY_LIMIT, Self.connectionMemory), (.CONNECTION_TIMEOUT, 0),
        ]
        return values.map { MHD_OptionItem(option: $0, value: $1, ptr_value: nil) }
    }

    private var threads: Int { max(1, options.threads ?? sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Leaves descriptors for the database, outgoing calls and processes. Each thread needs room for one connection.
    private var connectionLimit: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return options.connections }
        let free = Int(clamping: limit.rlim_cur) - 256
        return max(threads, min(options.connections, free))
    }

    private var callbacks: [MHD_OptionItem] {
        let context = Unmanaged.passUnretained(core).toOpaque()
        return [
            MHD_OptionItem(option: .NOTIFY_CONNECTION, value: Self.address(Self.notifyConnection), ptr_value: context),
            MHD_OptionItem(option: .URI_LOG_CALLBACK, value: Self.address(Self.requestLine), ptr_value: nil),
            MHD_OptionItem(option: .NOTIFY_COMPLETED, value: Self.address(Self.completed), ptr_value: nil),
        ]
    }

    private static func address<Function>(_ function: Function) -> Int { unsafeBitCast(function, to: Int.self) }

    private static func connection(_ pointer: UnsafeMutableRawPointer?) -> Connection? {
        pointer.map { Unmanaged<Connection>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The connection's object lives from `STARTED` to `CLOSED`, which comes before the socket is closed.
    private static let notifyConnection: MHD_NotifyConnectionCallback = { context, handle, place, event in
        guard let context, let handle, let place else { return }
        let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
        if event == .CONNECTION_NOTIFY_STARTED {
            let connection = Connection(handle, core: core)
            connection.limitUnacknowledged()
            place.pointee = Unmanaged.passRetained(connection).toOpaque()
            core.watch.add(connection)
        } else if let pointer = place.pointee {
            let connection = Unmanaged<Connection>.fromOpaque(pointer).takeRetainedValue()
            place.pointee = nil
            connection.close()
            core.watch.remove(connection)
        }
    }

    /// What it returns is the request's context in all later calls.
    private static let requestLine:
        @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?) -> UnsafeMutableRawPointer? = {
            _, target, handle in
            guard let target, let handle, let pointer = pao_mhd_socket_context(handle) else { return nil }
            connection(pointer)?.begin(target)
            return pointer
        }

    private static let completed: MHD_RequestCompletedCallback = { _, _, context, _ in
        connection(context?.pointee)?.complete()
    }
}

extension Connection {
    /// The kernel gives a connection up when its client has not taken what was sent for that long: one that has vanished, or one that
    /// keeps its window shut (`TCP_USER_TIMEOUT`, milliseconds).
    func limitUnacknowledged() {
        var limit = UInt32(clamping: core.options.answerGrace.milliseconds)
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &limit, 4)
    }
}
