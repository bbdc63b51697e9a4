import Base
import Store

/// All SQL of `manual_tickets` and `ticket_comments`.
struct TicketStore {
    let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    static let columns = """
        t.id, t.request_id, r.request_id, t.step_id, t.generation, t.ticket_system, t.system_instance, t.ticket_id,
        t.ticket_url, t.ticket_type, t.status, t.title, t.description, t.priority, t.team, t.assignee, t.declared_outputs, t.outputs,
        t.resolution, t.resolved_by, t.created_at, t.updated_at, t.resolved_at
        """
    static let source = """
        manual_tickets t JOIN service_requests r ON r.id = t.request_id
        """

    static func ticket(_ row: Row) -> Ticket {
        Ticket(
            rowID: row.text(0), requestRowID: row.text(1), requestID: row.text(2), actionID: row.optionalText(3),
            generation: row.int(4), system: row.text(5), systemInstance: row.optionalText(6),
            id: row.text(7), url: row.optionalText(8), purpose: .init(rawValue: row.text(9)) ?? .fulfillment,
            status: .init(rawValue: row.text(10)) ?? .open, title: row.text(11), description: row.text(12),
            priority: row.optionalText(13), team: row.text(14), assignee: row.optionalText(15),
            declaredOutputs: row.json(16).array?.compactMap(\.string) ?? [], outputs: row.optionalJSON(17),
            resolution: row.optionalText(18), resolvedBy: row.optionalText(19), createdAt: row.timestamp(20),
            updatedAt: row.timestamp(21), resolvedAt: row.optionalTimestamp(22))
    }

    func ticket(id: String) throws(PAOError) -> Ticket? {
        try connection.first(
            "SELECT \(Self.columns) FROM \(Self.source) WHERE t.ticket_id = ? ORDER BY t.created_at DESC LIMIT 1", id
        ).map(Self.ticket)
    }

    func ticket(rowID: String) throws(PAOError) -> Ticket? {
        try connection.first("SELECT \(Self.columns) FROM \(Self.source) WHERE t.id = ?", rowID).map(Self.ticket)
    }

    func tickets(ofRequest rowID: String) throws(PAOError) -> [Ticket] {
        try connection.rows(
            "SELECT \(Self.columns) FROM \(Self.source) WHERE t.request_id = ? ORDER BY t.created_at, t.id", rowID
        ).map(Self.ticket)
    }

    func status(rowID: String) throws(PAOError) -> Ticket.Status? {
        try connection.first("SELECT status FROM manual_tickets WHERE id = ?", rowID).flatMap { Ticket.Status(rawValue: $0.text(0)) }
    }

    func list(sql: String, values: [SQLValue]) throws(PAOError) -> [Ticket] {
        try connection.rows(sql, values: values).map(Self.ticket)
    }

    func insert(_ ticket: Ticket) throws(PAOError) {
        try connection.run(
            """
            INSERT INTO manual_tickets(id, request_id, step_id, generation, ticket_system, system_instance, ticket_id, ticket_url,
              ticket_type, status, title, description, priority, team, assignee, declared_outputs, created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            ticket.rowID, ticket.requestRowID, ticket.actionID, ticket.generation, ticket.system, ticket.systemInstance, ticket.id,
            ticket.url, ticket.purpose.rawValue, ticket.status.rawValue, ticket.title, ticket.description, ticket.priority,
            ticket.team, ticket.assignee, JSON.array(ticket.declaredOutputs.map(JSON.string)), ticket.createdAt, ticket.updatedAt)
    }

    func update(_ ticket: Ticket) throws(PAOError) {
        try connection.run(
            """
            UPDATE manual_tickets SET status = ?, assignee = ?, outputs = ?, resolution = ?, resolved_by = ?, updated_at = ?,
              resolved_at = ? WHERE id = ?
            """,
            ticket.status.rawValue, ticket.assignee, ticket.outputs, ticket.resolution, ticket.resolvedBy, ticket.updatedAt,
            ticket.resolvedAt, ticket.rowID)
    }

    /// To where the work is done now.
    func move(_ ticket: Ticket) throws(PAOError) {
        try connection.run(
            "UPDATE manual_tickets SET ticket_system = ?, system_instance = ?, ticket_id = ?, ticket_url = ?, updated_at = ? WHERE id = ?",
            ticket.system, ticket.systemInstance, ticket.id, ticket.url, connection.timestamp, ticket.rowID)
    }

    // MARK: Links

    /// Among these issues.
    func links(of issues: [String]) throws(PAOError) -> Set<IssueLink> {
        let marks = issues.map { _ in "?" }.joined(separator: ", ")
        let rows = try connection.rows(
            "SELECT link_type, from_ticket, to_ticket FROM ticket_links WHERE from_ticket IN (\(marks))", values: issues.map(SQLValue.text))
        return Set(rows.map { IssueLink(type: $0.text(0), from: $0.text(1), to: $0.text(2)) })
    }

    func keep(_ link: IssueLink) throws(PAOError) {
        try connection.run(
            "INSERT OR IGNORE INTO ticket_links(link_type, from_ticket, to_ticket, linked_at) VALUES (?, ?, ?, ?)", link.type, link.from,
            link.to, connection.timestamp)
    }

    func addComment(ticketRowID: String, author: String, text: String, at: Timestamp) throws(PAOError) {
        try connection.run(
            "INSERT INTO ticket_comments(ticket_id, author, at, text) VALUES (?, ?, ?, ?)", ticketRowID, author, at, text)
    }

    func comments(ticketRowID: String) throws(PAOError) -> [JSON] {
        try connection.rows("SELECT author, at, text FROM ticket_comments WHERE ticket_id = ? ORDER BY id", ticketRowID).map {
            ["author": .string($0.text(0)), "at": .string($0.text(1)), "text": .string($0.text(2))]
        }
    }
}
