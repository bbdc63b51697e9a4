// DESIGN: notifications follow the log of events
//
// Nothing is added to the transactions of requests: the log of events is the outbox. A cursor says up to where it was looked at; the
// dispatcher reads on from there, and one transaction stores who is to be told of what, enqueues a job for each mail and webhook, and moves
// the cursor. So a crash at any instant loses no notification, and the unique key (event, way, receiver) makes none of them twice.
//   - A commit of an event that the rules look at wakes the dispatcher, which looks again after a moment, for all that came meanwhile.
//   - A job sends one notification. A mail may be sent twice when the process dies between sending and noting it; its Message-ID stays the
//     same. A webhook may, too; its id stays the same, by which the receiver knows it.
//   - What cannot be sent is tried again with growing waits, ten times over some two days, and is then marked as failed.

package import Base
package import Catalog
import Identity
package import Integrations
package import Jobs
package import Store
import Synchronization

package final class NotificationDispatch: Sendable {
    package static let jobKind = "notification"
    /// Tries before a notification is given up.
    static let mostAttempts = 10
    /// Between a wake-up and the look at the log, so that one look serves many events.
    private static let settling = Duration.milliseconds(250)
    private static let pauseAfterFailure = Duration.seconds(1)
    private static let kept = Duration.seconds(90 * 86_400)

    private let store: Store
    private let events: EventLog
    private let jobs: JobQueue
    private let catalog: Catalog
    private let http: HTTPTransport
    private let settings: RunSettings
    private let time: TimeSource
    private let log: Log
    /// Whether people are told by mail.
    private let sendsMail: Bool
    private let hasSubscriptions = Atomic(false)
    private let wakeUps: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation
    private let work = Mutex<Task<Void, Never>?>(nil)

    package init(
        store: Store, events: EventLog, jobs: JobQueue, catalog: Catalog, http: HTTPTransport, settings: RunSettings, time: TimeSource,
        log: Log, sendsMail: Bool
    ) {
        self.store = store
        self.events = events
        self.jobs = jobs
        self.catalog = catalog
        self.http = http
        self.settings = settings
        self.time = time
        self.log = log
        self.sendsMail = sendsMail
        (wakeUps, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        jobs.register(Self.jobKind) { [self] job in try await send(job) }
    }

    // MARK: Following the log

    /// What happened while no process looked is caught up with at once; before the very first start nobody is told of anything.
    package func start() async throws(PAOError) {
        let events = events
        try await store.write { tx throws(PAOError) in
            let notifications = NotificationStore(tx)
            if try notifications.cursor() == nil { try notifications.setCursor(events.lastSequence(in: tx)) }
        }
        noticeSubscriptions()
        let stopFollowing = events.subscribe { [self] event in if isOfInterest(event.event) { signal.yield() } }
        signal.yield()
        work.withLock { task in
            task = Task { [self] in
                defer { stopFollowing() }
                for await _ in wakeUps {
                    try? await time.sleep(Self.settling)
                    await lookAgain()
                }
            }
        }
    }

    /// Ends when the look at the log that is under way has ended.
    package func stop() async {
        signal.finish()
        await work.withLock { $0 }?.value
    }

    private func isOfInterest(_ event: Event) -> Bool {
        hasSubscriptions.load(ordering: .relaxed) || NotificationRules.types.contains(event.type)
    }

    /// To be called when the subscriptions have changed.
    package func noticeSubscriptions() {
        let count = try? store.read { connection throws(PAOError) in try NotificationStore(connection).subscriptions().count }
        hasSubscriptions.store((count ?? 0) > 0, ordering: .relaxed)
    }

    private func lookAgain() async {
        do throws(PAOError) {
            while try await dispatch() {}
        } catch {
            log(.error, "notifications could not be made", ["error": .string("\(error)")])
            try? await time.sleep(Self.pauseAfterFailure)
            signal.yield()
        }
    }

    /// What the next events lead to.
    private struct Look: Sendable {
        var messages: [(event: StoredEvent, message: NotificationRules.Message)] = []
        var posts: [(event: StoredEvent, subscription: Subscription)] = []
        /// Up to where the log was looked at.
        var sequence: Int
        var hasMore: Bool
    }

    private static let eventsPerLook = 500

    /// Takes in the next events; true when there may be more.
    @discardableResult
    package func dispatch() async throws(PAOError) -> Bool {
        let look = try store.read { connection throws(PAOError) in try self.look(connection) }
        guard let look else { return false }
        try await store.write { [self] tx throws(PAOError) in
            for (event, message) in look.messages { try tell(message, of: event, in: tx) }
            for (event, subscription) in look.posts { try post(event, to: subscription, in: tx) }
            try NotificationStore(tx).setCursor(look.sequence)
            try OrchestrationFailpoint.notifying.reach()
        }
        return look.hasMore
    }

    /// nil where nobody is to be told of anything new; the cursor stays, and the same events are passed over once more.
    private func look(_ connection: Connection) throws(PAOError) -> Look? {
        let notifications = NotificationStore(connection)
        let from = try notifications.cursor() ?? 0
        let subscriptions = try notifications.subscriptions()
        let end = try events.lastSequence(in: connection)
        let types = subscriptions.isEmpty ? NotificationRules.types : Notifications.eventTypes
        let stored = try events.events(after: from, types: types, limit: Self.eventsPerLook, in: connection)
        let hasMore = stored.count == Self.eventsPerLook
        var look = Look(sequence: hasMore ? stored.last?.sequence ?? end : end, hasMore: hasMore)
        let catalog = catalog.snapshot
        let rules = NotificationRules(connection: connection) { catalog.entry($0)?.name ?? $0 }
        for event in stored {
            if let message = try rules.message(for: event.event) { look.messages.append((event, message)) }
            look.posts += subscriptions.filter { $0.wants(event.event.type, team: event.event.team) }.map { (event, $0) }
        }
        let isWorthStoring = hasMore || look.sequence - from > Self.eventsPerLook
        return look.messages.isEmpty && look.posts.isEmpty && !isWorthStoring ? nil : look
    }

    private func tell(_ message: NotificationRules.Message, of event: StoredEvent, in tx: Connection) throws(PAOError) {
        for person in message.people {
            var notification = Notification(
                id: settings.identifiers.uuid(), eventSequence: event.sequence, channel: .inbox, recipient: person.userID,
                subject: message.subject, text: message.text, link: message.link, status: .sent, createdAt: event.at)
            _ = try NotificationStore(tx).insert(notification)
            guard sendsMail, let address = person.email, settings.environment.services.mail != nil else { continue }
            notification.id = settings.identifiers.uuid()
            (notification.channel, notification.recipient, notification.status) = (.mail, address, .pending)
            try enqueue(notification, team: event.event.team, in: tx)
        }
    }

    private func post(_ event: StoredEvent, to subscription: Subscription, in tx: Connection) throws(PAOError) {
        let document: JSON = [
            "specversion": "1.0", "id": .string("evt-\(event.sequence)"),
            "source": .string(settings.publicURL.isEmpty ? "/pao" : settings.publicURL),
            "type": .string("pao.\(event.event.type)"), "subject": .string(event.event.subjectID), "time": .string(event.at.description),
            "datacontenttype": "application/json", "data": event.json,
        ]
        let notification = Notification(
            id: settings.identifiers.uuid(), eventSequence: event.sequence, channel: .webhook, recipient: subscription.id,
            subject: event.event.type, text: document.description, link: nil, status: .pending, createdAt: event.at)
        try enqueue(notification, team: event.event.team, in: tx)
    }

    private func enqueue(_ notification: Notification, team: String?, in tx: Connection) throws(PAOError) {
        guard try NotificationStore(tx).insert(notification) else { return }
        try jobs.enqueue(NewJob(kind: Self.jobKind, subject: notification.id, team: team ?? "", priority: .background), in: tx)
    }

    /// Those of long ago are forgotten; to be called now and then.
    package func removeOld() async throws(PAOError) {
        let limit = time.now() - Self.kept
        try await store.write { tx throws(PAOError) in try NotificationStore(tx).removeOlder(than: limit) }
    }

    // MARK: Sending

    private func send(_ job: ClaimedJob) async throws(PAOError) {
        let found = try store.read { connection throws(PAOError) -> (Notification, Subscription?)? in
            let notifications = NotificationStore(connection)
            guard let notification = try notifications.notification(job.subject), notification.status == .pending else { return nil }
            return (notification, notification.channel == .webhook ? try notifications.subscription(notification.recipient) : nil)
        }
        guard case (var notification, let subscription)? = found else {
            return try await store.write { tx throws(PAOError) in try job.lease.complete(in: tx) }
        }
        let fault = await deliver(notification, subscription)
        notification.attempts += 1
        notification.lastError = fault?.message
        let mayRetry = fault?.isRetryable == true && notification.attempts < Self.mostAttempts
        if fault == nil { notification.sentAt = time.now() }
        notification.status = fault == nil ? .sent : mayRetry ? .pending : .failed
        let (final, next) = (notification, time.now() + Self.wait(after: notification.attempts))
        if final.status == .failed {
            log(.warning, "a notification was given up", ["notification": .string(final.id), "error": .optional(final.lastError)])
        }
        try await store.write { tx throws(PAOError) in
            try NotificationStore(tx).update(final)
            if final.status == .pending { try job.lease.reschedule(in: tx, at: next) } else { try job.lease.complete(in: tx) }
        }
    }

    /// 30 s, 2 min, 8 min, ... up to 12 h.
    static func wait(after attempts: Int) -> Duration { .seconds(min(30 << (2 * min(max(attempts - 1, 0), 6)), 43_200)) }

    /// nil when it was sent.
    private func deliver(_ notification: Notification, _ subscription: Subscription?) async -> TransportFailure? {
        OrchestrationFailpoint.notificationSending.pass()
        defer { OrchestrationFailpoint.notificationSent.pass() }
        do throws(TransportFailure) {
            switch notification.channel {
            case .inbox: break
            case .mail: try await mail(notification)
            case .webhook:
                guard let subscription else { throw TransportFailure(.refused, "The subscription was removed.", isRetryable: false) }
                try await post(notification, subscription)
            }
            return nil
        } catch {
            return error
        }
    }

    private func mail(_ notification: Notification) async throws(TransportFailure) {
        guard let service = settings.environment.services.mail else {
            throw TransportFailure(.refused, "No mail server is configured any more.", isRetryable: false)
        }
        let link = notification.link.map { settings.page($0) } ?? ""
        try await service.send(
            MailMessage(
                from: service.from, to: [notification.recipient], subject: notification.subject,
                text: [notification.text, link].filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n", key: notification.id,
                date: notification.createdAt))
    }

    private func post(_ notification: Notification, _ subscription: Subscription) async throws(TransportFailure) {
        let body = Array(notification.text.utf8)
        var request = HTTPRequest(method: "POST", url: subscription.url, body: body)
        let id = "evt-\(notification.eventSequence)"
        request.headers = [
            ("Content-Type", "application/cloudevents+json; charset=utf-8"), ("Idempotency-Key", id + "-" + subscription.id),
        ]
        if let secret = Sealed.map(subscription.secret, settings.open).string {
            request.headers += WebhookSignature(secret: secret).headers(id: id, at: time.now(), body: body)
        }
        let response = try await http.send(request)
        guard response.isSuccess else {
            let isRetryable = response.status >= 500 || [408, 425, 429].contains(response.status)
            throw TransportFailure(.badAnswer, "The receiver answered \(response.status).", isRetryable: isRetryable)
        }
    }
}
