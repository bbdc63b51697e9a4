import Glibc

/// A thread of the operating system for work that blocks, under a name that `top -H` shows. It takes no signals: a write to a closed pipe
/// ends with EPIPE, and SIGTERM goes to the thread that waits for it.
package struct Thread: @unchecked Sendable {
    private let id: pthread_t

    private final class Start: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(_ name: String, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// At most 15 bytes of the name are shown. Throws `unavailable` when the system gives no thread.
    package init(_ name: String, _ run: @escaping @Sendable () -> Void) throws(PAOError) {
        let start = Unmanaged.passRetained(Start(name, run))
        var id = pthread_t()
        let result = pthread_create(
            &id, nil,
            { context in
                guard let context else { return nil }
                let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                Thread.blockSignals()
                Thread.setName(start.name)
                start.run()
                return nil
            }, start.toOpaque())
        guard result == 0 else {
            start.release()
            throw PAOError(.unavailable, "The system gives no thread.", detail: String(cString: strerror(result)))
        }
        self.id = id
    }

    /// One that nobody waits for. False when the system gives no thread; then nothing is run.
    package static func detached(_ name: String, _ run: @escaping @Sendable () -> Void) -> Bool {
        guard let thread = try? Thread(name, run) else { return false }
        thread.detach()
        return true
    }

    private static func blockSignals() {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, nil)
    }

    private static func setName(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, name, name.utf8.count)
        close(file)
    }

    package func join() { pthread_join(id, nil) }
    package func detach() { pthread_detach(id) }
    package var isCurrent: Bool { pthread_equal(id, pthread_self()) != 0 }
}
