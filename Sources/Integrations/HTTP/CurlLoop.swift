// DESIGN: one thread owns libcurl's multi handle.
//
// - Callers put transfers into the inbox and wake the thread when it was empty; the thread takes the whole inbox at once. Nothing else
//   is shared. Every transfer that is put in is finished exactly once, on that thread or, after `stop`, at once.
// - The thread sleeps in `curl_multi_poll` until a socket, a timer of libcurl or a wake-up wants it: idle costs nothing.
// - Easy handles are reset and used again: they keep their TLS sessions, and resetting is cheaper than making.
// - A failed name look-up is looked up once more outside (NameLookup), since libcurl does not tell why it failed. The thread only
//   watches that this ends.

import Base
import CCurl
import Glibc
import Synchronization

final class CurlLoop: Sendable {
    private struct Inbox {
        var submitted: [CurlTransfer] = []
        var cancelled: [CurlTransfer] = []
        var isStopping = false
        /// The multi handle is gone.
        var isClosed = false

        var isEmpty: Bool { submitted.isEmpty && cancelled.isEmpty }
    }

    private let inbox = Mutex(Inbox())
    private let multi: MultiHandle
    private let thread = Mutex<Thread?>(nil)

    init(limits: CurlClient.Limits, authorities: String) {
        multi = MultiHandle(limits)
        let worker = CurlWorker(multi: multi, authorities: authorities)
        thread.withLock { $0 = try? Thread("pao-http-out") { [self] in run(worker) } }
    }

    func submit(_ transfer: CurlTransfer) {
        let accepted = post {
            guard !$0.isStopping else { return false }
            $0.submitted.append(transfer)
            return true
        }
        if !accepted { transfer.finish(.failure(TransportFailure(.cancelled, "The HTTP client is shut down."))) }
    }

    func cancel(_ transfer: CurlTransfer) {
        transfer.markCancelled()
        _ = post {
            $0.cancelled.append(transfer)
            return true
        }
    }

    /// Returns when the thread has ended. A second call does nothing.
    func stop() {
        _ = post {
            $0.isStopping = true
            return true
        }
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    /// Wakes the thread if the inbox was empty; it takes everything at its next turn otherwise. Under the lock, since the handle must live.
    private func post(_ change: (inout Inbox) -> Bool) -> Bool {
        inbox.withLock { inbox in
            let wakes = inbox.isEmpty
            let result = change(&inbox)
            if wakes, !inbox.isClosed { multi.wake() }
            return result
        }
    }

    private func run(_ worker: CurlWorker) {
        while true {
            let work = inbox.withLock { inbox in
                defer { (inbox.submitted, inbox.cancelled) = ([], []) }
                return inbox
            }
            for transfer in work.submitted { worker.start(transfer) }
            for transfer in work.cancelled { worker.cancel(transfer) }
            if work.isStopping { break }
            worker.turn()
        }
        worker.close()
        inbox.withLock {
            $0.isClosed = true
            multi.close()
        }
    }
}

/// libcurl's multi handle; `wake` may be called from any thread, the rest from the loop's.
struct MultiHandle: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer

    init(_ limits: CurlClient.Limits) {
        curl_global_init(Int(CURL_GLOBAL_DEFAULT))
        guard let pointer = curl_multi_init() else { preconditionFailure("libcurl could not be initialised") }
        self.pointer = pointer
        pao_multi_set_long(pointer, CURLMOPT_MAX_TOTAL_CONNECTIONS, limits.connections)
        pao_multi_set_long(pointer, CURLMOPT_MAX_HOST_CONNECTIONS, limits.connectionsPerHost)
        pao_multi_set_long(pointer, CURLMOPT_MAXCONNECTS, limits.connections)
    }

    func wake() { curl_multi_wakeup(pointer) }
    func close() { curl_multi_cleanup(pointer) }
}

/// What the thread does; used by it alone.
final class CurlWorker: @unchecked Sendable {
    private let multi: MultiHandle
    private let authorities: String
    private var active: [UnsafeMutableRawPointer: CurlTransfer] = [:]
    private var idle: [UnsafeMutableRawPointer] = []
    private var lookups = NameLookups()

    init(multi: MultiHandle, authorities: String) {
        self.multi = multi
        self.authorities = authorities
    }

    func start(_ transfer: CurlTransfer) {
        guard !transfer.isCancelled else { return transfer.finish(.failure(TransportFailure(.cancelled, "The call was cancelled."))) }
        guard let handle = idle.popLast() ?? curl_easy_init() else {
            return transfer.finish(.failure(TransportFailure(.unreachable, "Out of memory.")))
        }
        transfer.configure(handle, authorities: authorities)
        active[handle] = transfer
        curl_multi_add_handle(multi.pointer, handle)
    }

    func cancel(_ transfer: CurlTransfer) {
        guard let handle = active.first(where: { $0.value === transfer })?.key else { return lookups.cancel(transfer) }
        let sent = transfer.wasWritten(handle)
        release(handle)
        transfer.finish(.failure(TransportFailure(.cancelled, "The call was cancelled.", mayHaveBeenSent: sent)))
    }

    /// Moves every transfer as far as it goes, then waits for the next event.
    func turn() {
        var running: Int32 = 0
        curl_multi_perform(multi.pointer, &running)
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi.pointer, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            complete(handle, pao_message_result(message))
        }
        lookups.expire()
        curl_multi_poll(multi.pointer, nil, 0, lookups.isEmpty ? 60_000 : 50, nil)
    }

    private func complete(_ handle: UnsafeMutableRawPointer, _ code: CURLcode) {
        guard let transfer = active[handle] else { return }
        let outcome = transfer.outcome(handle, code)
        release(handle)
        if case .failure(let failure) = outcome, failure.kind == .dns {
            lookups.start(transfer, failure)
        } else {
            transfer.finish(outcome)
        }
    }

    private func release(_ handle: UnsafeMutableRawPointer) {
        active[handle] = nil
        curl_multi_remove_handle(multi.pointer, handle)
        curl_easy_reset(handle)
        if idle.count < 64 { idle.append(handle) } else { curl_easy_cleanup(handle) }
    }

    func close() {
        for transfer in active.values { cancel(transfer) }
        lookups.cancelAll()
        for handle in idle { curl_easy_cleanup(handle) }
    }
}
