internal import Base
internal import Glibc

/// A pair of sockets of which one becomes readable when it is rung: wakes a thread that waits in `poll`.
struct Bell: Sendable {
    private let reading: Int32
    private let writing: Int32

    init() throws(PAOError) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw PAOError(.unavailable, "The system gives no sockets.", detail: String(cString: strerror(errno)))
        }
        reading = ends[0]
        writing = ends[1]
    }

    /// A full queue has been rung already.
    func ring() { _ = write(writing, [1], 1) }

    /// Until it rings, at most that many milliseconds; -1 is for ever.
    func wait(milliseconds: Int) {
        var item = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
        guard poll(&item, 1, Int32(clamping: milliseconds)) > 0 else { return }
        var byte: UInt8 = 0
        while read(reading, &byte, 1) > 0 {}
    }

    func close() {
        Glibc.close(reading)
        Glibc.close(writing)
    }
}
