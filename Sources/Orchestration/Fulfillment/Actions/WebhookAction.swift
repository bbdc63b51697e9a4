import Base
import Catalog
import Documents
import Integrations

/// `webhook`: a CloudEvents 1.0 event (structured JSON) by POST, signed as Standard Webhooks has it. `id` and `source` are the same over
/// all tries: the receiver knows a repetition by them, so that after doubt the event is sent again. In the manual part of a document the
/// event asks a person to do the work: a ticket in the inbox waits for the answer.
package struct WebhookAction: ActionType {
    package let name = "webhook"

    package init() {}

    package func prepare(_ input: ActionInput) throws(StepFailure) -> PreparedEffect {
        let config = try input.render(input.action.config, context: RestAPIAction.context)
        guard let url = config["url"]?.string ?? config["endpoint"]?["url"]?.string ?? config["endpoint"]?.string, !url.isEmpty else {
            throw StepFailure("validation", "The webhook has no url.")
        }
        let type = config["eventType"]?.string ?? config["type"]?.string ?? "pao.request.step"
        let event: JSON = [
            "specversion": "1.0", "id": .string(input.key),
            "source": .string(config["source"]?.string ?? "/pao/requests/\(input.requestID)"),
            "type": .string(type), "subject": .string(config["subject"]?.string ?? input.action.id), "time": .string(input.startedAt),
            "datacontenttype": "application/json", "data": Self.data(config, input),
        ]
        let payload: JSON = [
            "url": .string(url), "body": .string(event.description), "secret": .optional(config["secret"]?.string),
            "headers": .array(
                (config["headers"]?.object ?? JSONObject()).map { [.string($0.key), .string($0.value.string ?? $0.value.description)] }),
            "correlationId": .string(input.correlationID), "traceparent": .string(input.traceparent),
            "ticket": input.isManual ? ManualTaskAction.draft(config, input).json : .null,
            "sandbox": input.environment.isSandbox ? try RestCall.hints(input) : .null,
        ]
        return PreparedEffect(
            kind: name, summary: "Send the event \(type) to \(url.splitOnce("?").0)", resend: .keyed, payload: payload, key: input.key)
    }

    /// What the document says, else what it says of the work to be done.
    private static func data(_ config: JSON, _ input: ActionInput) -> JSON {
        if let data = config["data"] ?? config["body"] { return data }
        let own: Set = ["url", "endpoint", "secret", "headers", "eventType", "type", "source", "subject", "method"]
        let rest = (config.object ?? JSONObject()).filter { !own.contains($0.key) }
        if !rest.isEmpty { return .object(JSONObject(rest.map { ($0.key, $0.value) })) }
        return ["requestId": .string(input.requestID), "actionId": .string(input.action.id)]
    }

    package func perform(_ effect: PreparedEffect, _ tools: ActionTools) async -> ActionResult {
        let payload = effect.payload
        let body = Array((payload["body"]?.string ?? "").utf8)
        var request = HTTPRequest(method: "POST", url: payload["url"]?.string ?? "", body: body)
        request.timeout = tools.timeout
        request.headers = payload["headers"]?.array?.map { ($0[0]?.string ?? "", $0[1]?.string ?? "") } ?? []
        request.headers += [
            ("Content-Type", "application/cloudevents+json; charset=utf-8"), ("Idempotency-Key", effect.key),
            ("X-Correlation-ID", payload["correlationId"]?.string ?? ""), ("traceparent", payload["traceparent"]?.string ?? ""),
        ]
        if let secret = payload["secret"]?.string ?? tools.services.webhookSecret {
            request.headers += WebhookSignature(secret: secret).headers(id: effect.key, at: tools.time.now(), body: body)
        }
        request.addHints(payload["sandbox"] ?? .null)
        return await send(request, effect, tools)
    }

    private func send(_ request: HTTPRequest, _ effect: PreparedEffect, _ tools: ActionTools) async -> ActionResult {
        let receiver = RemoteService(name: "The receiver", baseURL: request.url)
        do throws(RemoteFailure) {
            let answer = try await receiver.send(request, tools)
            tools.log("the receiver answered \(answer.status)")
            if let ticket = effect.payload["ticket"], !ticket.isNull { return .ticket(TicketDraft(json: ticket)) }
            var evidence = RestCall.evidence(answer.response)
            evidence["outputs"] = ["eventId": .string(effect.key), "status": .int(answer.status)]
            return .done(evidence: evidence, reference: effect.key, url: nil)
        } catch {
            return .failed(error.failure)
        }
    }

    package func settle(_ effect: PreparedEffect, _ tools: ActionTools) async -> Settlement { .perform }
}
