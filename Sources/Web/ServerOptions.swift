/// Limits and deadlines of a server. The defaults hold against slow and greedy clients and suit browsers and scripts alike.
package struct ServerOptions: Sendable {
    /// Certificate chain and private key as PEM text.
    package struct TLS: Sendable {
        package var certificate: String
        package var key: String

        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// Threads that serve connections; nil is one per core.
    package var threads: Int?
    /// Open connections; fewer where the process may not open that many files. Further clients wait in the backlog.
    package var connections = 16_384
    package var tls: TLS?

    /// Bytes of a request target; above it 414.
    package var targetLimit = 4096
    /// Bytes of the request line and the header fields together; above it 431.
    package var headLimit = 6144
    /// Header fields; above it 431.
    package var fieldLimit = 64
    /// Bytes of all bodies that are being received or answered, together; above it 503.
    package var bodyMemory = 256 << 20

    /// From the first byte (of a new connection: from its start) to the end of the header fields.
    package var headTimeout: Duration = .seconds(10)
    /// A body may take this long, and then one second more for each `minimumRate` bytes that have come.
    package var bodyGrace: Duration = .seconds(10)
    /// The same for an answer that the client takes in slowly.
    package var answerGrace: Duration = .seconds(15)
    /// Bytes per second.
    package var minimumRate = 1024
    /// Between two requests on one connection.
    package var idleTimeout: Duration = .seconds(75)
    /// Between two comment lines on a stream of events.
    package var heartbeat: Duration = .seconds(15)

    package init() {}
}
