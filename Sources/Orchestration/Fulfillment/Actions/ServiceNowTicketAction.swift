package import Base
import Catalog
import Documents
import Integrations

/// `servicenow-ticket`: one record of a table by the Table API, with the effect's mark as its `correlation_id`, by which it is looked up
/// after doubt before another one is made. In the manual part of a document, and with the verification `ticket-status`, the step is done
/// when the record is closed; else when it has been created. Where no ServiceNow is configured it becomes a ticket in the inbox.
package struct ServiceNowTicketAction: ActionType {
    package let name = "servicenow-ticket"

    package init() {}

    package func prepare(_ input: ActionInput) throws(StepFailure) -> PreparedEffect {
        guard let instance = try instance(input) else { return try ManualTaskAction().prepare(input) }
        let config = try input.render(input.action.config)
        let ticket = config["ticket"]?.object == nil ? config : config["ticket"] ?? config
        let fields = try Self.fields(ticket, mark: input.mark, input)
        let table = ticket["table"]?.string ?? "incident"
        guard !table.isEmpty, table.utf8.allSatisfy({ $0 != UInt8(ascii: ".") && PercentEncoding.isUnreserved($0) }) else {
            throw StepFailure("validation", "\"\(table)\" is no name of a table.")
        }
        let title = fields["short_description"]?.string ?? ""
        let payload: JSON = [
            "instance": .string(instance.name), "table": .string(table), "fields": .object(fields), "waits": .bool(Self.waits(input)),
            "title": .string(title), "text": fields["description"] ?? "",
            "outputs": .array(input.action.outputs.map { .string($0.name) }),
            "states": config["stateMapping"] ?? ticket["stateMapping"] ?? .null, "pollEvery": .string(input.environment.pollInterval.text),
            "sandbox": input.environment.isSandbox ? try RestCall.hints(input) : .null,
        ]
        return PreparedEffect(
            kind: name, summary: "Create a record in \(table) of ServiceNow \(instance.name): \(title)", resend: .lookup, payload: payload,
            key: input.key)
    }

    private func instance(_ input: ActionInput) throws(StepFailure) -> ServiceNowInstance? {
        let services = input.environment.services
        let standard = services.defaultServiceNow.flatMap { services.serviceNow[$0] }
        guard let tree = input.action.config["instance"] else { return standard }
        let named = try input.render(tree).string.flatMap { services.serviceNow[$0] }
        return named ?? (input.environment.isSandbox ? standard : nil)
    }

    private static func waits(_ input: ActionInput) -> Bool {
        input.isManual || input.action.verification.contains { $0.type == "ticket-status" || $0.type == "resolution-time" }
    }

    /// The columns by their usual names; what stands under `fields` is taken as it is.
    private static func fields(_ ticket: JSON, mark: String, _ input: ActionInput) throws(StepFailure) -> JSONObject {
        let columns: KeyValuePairs<String, [String]> = [
            "short_description": ["shortDescription", "summaryTemplate", "summary", "title"],
            "description": ["description", "descriptionTemplate"], "assignment_group": ["assignmentGroup", "group"],
            "assigned_to": ["assignedTo", "assignee"], "caller_id": ["callerId", "caller"], "category": ["category"],
            "urgency": ["urgency"], "impact": ["impact"], "priority": ["priority"],
        ]
        var fields = JSONObject()
        for (column, names) in columns {
            guard let value = names.lazy.compactMap({ ticket[$0] }).first, !value.isNull else { continue }
            fields[column] = .string(value.string ?? value.description)
        }
        for (column, value) in ticket["fields"]?.object ?? JSONObject() { fields[column] = value }
        guard let title = fields["short_description"]?.string, !title.isEmpty else {
            throw StepFailure("validation", "The record has no short description.")
        }
        fields["short_description"] = .string(String(title.replacing("\n", with: " ").prefix(160)))
        if let labels = ticket["labels"]?.array?.compactMap(\.string), !labels.isEmpty, fields["work_notes"] == nil {
            fields["work_notes"] = .string("Labels: \(labels.joined(separator: ", "))")
        }
        fields["correlation_id"] = .string(mark)
        fields["correlation_display"] = "PAO"
        return fields
    }

    // MARK: Doing

    package func perform(_ effect: PreparedEffect, _ tools: ActionTools) async -> ActionResult {
        guard effect.kind == name else { return await ManualTaskAction().perform(effect, tools) }
        guard let table = ServiceNowTable(effect.payload, tools) else { return Self.notConfigured }
        do throws(RemoteFailure) {
            if tools.attempt > 1, let record = try await table.search() { return created(record, effect, table) }
            let record = try await table.create()
            tools.log("created \(record["number"]?.string ?? "a record")")
            return created(record, effect, table)
        } catch {
            return error.result
        }
    }

    private static let notConfigured = ActionResult.failed(
        StepFailure("validation", "This ServiceNow is not configured any more (integrations.servicenow)."))

    private func created(_ record: JSON, _ effect: PreparedEffect, _ table: ServiceNowTable) -> ActionResult {
        let (number, url) = (record["number"]?.string ?? record["sys_id"]?.string ?? "", table.url(of: record))
        guard effect.payload["waits"]?.bool == true else { return .done(evidence: table.evidence(record), reference: number, url: url) }
        let own = ["number", "url", "status", "sysId"]
        return .ticket(
            TicketDraft(
                system: "servicenow", systemInstance: effect.payload["instance"]?.string, externalID: number, url: url,
                title: effect.payload["title"]?.string ?? number, description: effect.payload["text"]?.string ?? "",
                outputs: effect.payload["outputs"]?.array?.compactMap(\.string).filter { !own.contains($0) } ?? [],
                pollAfter: table.interval))
    }

    // MARK: Finding out

    package func settle(_ effect: PreparedEffect, _ tools: ActionTools) async -> Settlement {
        guard effect.kind == name else { return .perform }
        guard let table = ServiceNowTable(effect.payload, tools) else { return .unknown("This ServiceNow is not configured any more.") }
        do throws(RemoteFailure) {
            if let record = try await table.search() { return .happened(created(record, effect, table)) }
            return tools.doubtAge >= Lag.pause ? .perform : .later(Lag.pause)
        } catch {
            return error.settlement(effect.summary)
        }
    }

    package func poll(_ effect: PreparedEffect, reference: String, _ tools: ActionTools) async -> ActionResult {
        guard let table = ServiceNowTable(effect.payload, tools) else { return Self.notConfigured }
        do throws(RemoteFailure) {
            guard let record = try await table.search() else {
                return .failed(StepFailure("ticket_closed", "\(reference) does not exist any more."))
            }
            let (state, url) = (record["state"]?.string ?? "", table.url(of: record))
            switch table.outcome(of: state) {
            case .completed: return .done(evidence: table.evidence(record), reference: nil, url: url)
            case .failed:
                return .failed(StepFailure("ticket_closed", "\(reference) was closed in state \(state): the work was not done."))
            case .running:
                return .waiting(reference: reference, url: url, after: table.interval, reason: "\(reference) is in state \(state)")
            }
        } catch {
            return error.waiting(reference, url: nil)
        }
    }

    package func cleanupHint(outputs: JSON, reference: String?) -> String? { reference.map { "Close the record \($0)." } }
}

/// One table of one instance, and the record in it that carries our mark.
private struct ServiceNowTable {
    enum Outcome { case running, completed, failed }

    private let payload: JSON
    private let tools: ActionTools
    private let instance: ServiceNowInstance
    private let table: String

    init?(_ payload: JSON, _ tools: ActionTools) {
        guard let instance = tools.services.serviceNow[payload["instance"]?.string ?? ""] else { return nil }
        self.payload = payload
        self.tools = tools
        self.instance = instance
        table = payload["table"]?.string ?? "incident"
    }

    var interval: Duration { payload["pollEvery"]?.string.flatMap { Duration(text: $0) } ?? .seconds(60) }

    private func service() async throws(RemoteFailure) -> RemoteService {
        let authorization: String
        switch instance.authentication {
        case .basic(let username, let password): authorization = .basic(username, password)
        case .bearer(let token): authorization = "Bearer \(token)"
        case .oauth2(let credentials):
            do throws(TransportFailure) {
                authorization = "Bearer \(try await tools.tokens.token(for: credentials))"
            } catch {
                throw RemoteFailure(StepFailure(error.kind.rawValue, error.message, isTransient: error.isRetryable))
            }
        }
        return RemoteService(name: "ServiceNow", baseURL: instance.baseURL, headers: [("Authorization", authorization)])
    }

    func create() async throws(RemoteFailure) -> JSON {
        let answer = try await service().call(
            "POST", "/api/now/table/\(table)", body: payload["fields"], hints: payload["sandbox"] ?? .null, tools)
        guard let record = answer.body["result"], record["sys_id"]?.string != nil else {
            throw RemoteFailure(StepFailure("bad_answer", "ServiceNow answered without a record."))
        }
        return record
    }

    func search() async throws(RemoteFailure) -> JSON? {
        let mark = payload["fields"]?["correlation_id"]?.string ?? ""
        let query = "?sysparm_query=\(PercentEncoding.encode("correlation_id=\(mark)"))&sysparm_limit=1"
        return try await service().call("GET", "/api/now/table/\(table)\(query)", tools).body["result"]?[0]
    }

    func url(of record: JSON) -> String {
        "\(instance.baseURL)/nav_to.do?uri=\(PercentEncoding.encode("\(table).do?sys_id=\(record["sys_id"]?.string ?? "")"))"
    }

    func evidence(_ record: JSON) -> JSON {
        let outputs: JSON = [
            "number": record["number"] ?? .null, "url": .string(url(of: record)), "status": record["state"] ?? "1",
            "sysId": record["sys_id"] ?? .null,
        ]
        return ["status": 201, "body": record, "outputs": outputs]
    }

    /// Incidents and problems have states of their own, changes too; tasks of all other tables share theirs. `stateMapping` in the
    /// document (`{"<state>": running|completed|failed}`) decides first.
    func outcome(of state: String) -> Outcome {
        switch payload["states"]?[state]?.string {
        case "completed"?: return .completed
        case "failed"?: return .failed
        case "running"?: return .running
        default: break
        }
        let (completed, failed): (Set<String>, Set<String>) =
            switch table {
            case "incident", "problem": (["6", "7"], ["8"])
            case "change_request": (["3"], ["4"])
            default: (["3", "6"], ["4", "7", "8"])
            }
        return completed.contains(state) ? .completed : failed.contains(state) ? .failed : .running
    }
}
