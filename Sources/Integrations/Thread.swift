import Glibc

/// Runs `body` on a new thread that takes no signals; to be joined or detached. nil when the system has no more threads.
func startThread(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    let start = Unmanaged.passRetained(ThreadStart(body))
    var thread = pthread_t()
    let code = pthread_create(
        &thread, nil,
        { context in
            blockSignals()
            if let context { Unmanaged<ThreadStart>.fromOpaque(context).takeRetainedValue().body() }
            return nil
        }, start.toOpaque())
    guard code == 0 else {
        start.release()
        return nil
    }
    return thread
}

/// A write to a closed pipe or socket then ends with EPIPE, and SIGTERM goes to the threads that wait for it.
private func blockSignals() {
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, nil)
}

private final class ThreadStart: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
