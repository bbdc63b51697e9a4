import Base
import Catalog
import Store

/// Makes a run of the rows of a request.
struct RunLoader: Sendable {
    let catalog: Catalog
    let settings: RunSettings

    /// Throws `notFound` when the version the request was made with is gone.
    func run(of request: ServiceRequest, now: Timestamp, in connection: Connection) throws(PAOError) -> RequestRun {
        let effects = try EffectLedger(connection).effects(ofRequest: request.rowID)
        let tickets = try TicketStore(connection).tickets(ofRequest: request.rowID)
        var instance: ServiceInstance?
        if let id = request.instanceID { instance = try InstanceStore(connection).instance(id: id) }
        let document = try catalog.pinned(kind: request.kind, id: request.catalogID, digest: request.catalogDigest)
        return RequestRun(
            document: document, settings: settings, request: request,
            effects: Dictionary(effects.map { ($0.key, $0) }, uniquingKeysWith: { $1 }), tickets: Self.current(tickets, request),
            instance: instance, now: now)
    }

    /// The ticket of each step's present generation.
    private static func current(_ tickets: [Ticket], _ request: ServiceRequest) -> [String: Ticket] {
        var current: [String: Ticket] = [:]
        for ticket in tickets {
            guard let step = request.steps.first(where: { $0.rowID == ticket.stepRowID }), step.generation == ticket.generation else { continue }
            current[step.rowID] = ticket
        }
        return current
    }
}
