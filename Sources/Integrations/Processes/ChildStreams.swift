import CCurl
import Glibc

/// The three channels to a child, socket pairs that close on exec (a pipe cannot be made so in one call here); our ends do not block.
struct ChildStreams: Sendable {
    let childInput: Int32
    let childOutput: Int32
    let childError: Int32
    let input: Int32
    let output: Int32
    let error: Int32

    /// nil, with errno, when there are no more descriptors.
    init?() {
        var pairs: [[Int32]] = []
        for _ in 0..<3 {
            var pair: [Int32] = [-1, -1]
            guard socketpair(AF_UNIX, pao_socket_stream | pao_socket_close_on_exec, 0, &pair) == 0 else {
                let code = errno
                for descriptor in pairs.joined() { close(descriptor) }
                errno = code
                return nil
            }
            pairs.append(pair)
        }
        (childInput, input) = (pairs[0][0], pairs[0][1])
        (output, childOutput) = (pairs[1][0], pairs[1][1])
        (error, childError) = (pairs[2][0], pairs[2][1])
        for descriptor in [input, output, error] { _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) }
    }

    func closeChildEnds() { for descriptor in [childInput, childOutput, childError] { close(descriptor) } }
    func closeOurEnds() { for descriptor in [input, output, error] { close(descriptor) } }
}

/// The bytes that go to and come from a child.
struct ChildExchange {
    struct Captured {
        var bytes: [UInt8] = []
        var isTruncated = false
        fileprivate var isOpen = true
        fileprivate let limit: Int

        fileprivate mutating func append(_ piece: ArraySlice<UInt8>) {
            let kept = piece.prefix(max(0, limit - bytes.count))
            bytes += kept
            if kept.count < piece.count { isTruncated = true }
        }
    }

    private let streams: ChildStreams
    private let input: [UInt8]
    private var written = 0
    private var inputIsOpen = true
    private(set) var output: Captured
    private(set) var errorOutput: Captured

    init(_ streams: ChildStreams, input: [UInt8], limit: Int) {
        self.streams = streams
        self.input = input
        output = Captured(limit: limit)
        errorOutput = Captured(limit: limit)
        feed()
    }

    var isDone: Bool { !output.isOpen && !errorOutput.isOpen }

    /// Waits for something to do and does it.
    mutating func turn(milliseconds: Int) {
        var polled = [
            pollfd(fd: output.isOpen ? streams.output : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errorOutput.isOpen ? streams.error : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: inputIsOpen ? streams.input : -1, events: Int16(POLLOUT), revents: 0),
        ]
        guard poll(&polled, nfds_t(polled.count), Int32(clamping: milliseconds)) > 0 else { return }
        if polled[0].revents != 0 { Self.drain(streams.output, into: &output) }
        if polled[1].revents != 0 { Self.drain(streams.error, into: &errorOutput) }
        if polled[2].revents != 0 { feed() }
    }

    private static func drain(_ descriptor: Int32, into captured: inout Captured) {
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &piece, piece.count)
        if count > 0 {
            captured.append(piece[..<count])
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            captured.isOpen = false
        }
    }

    /// The child sees the end of its input when all is written.
    private mutating func feed() {
        while written < input.count {
            let count = input[written...].withUnsafeBytes { send(streams.input, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            guard count > 0 else { break }
            written += count
        }
        shutdown(streams.input, Int32(SHUT_WR))
        inputIsOpen = false
    }
}
