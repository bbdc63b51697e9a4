package import Base
import Catalog
import Documents
import Integrations

/// `email`: one mail through the configured server, its Markdown as plain text and as HTML. A mail server cannot be asked what it has taken: after doubt the mail is
/// not sent again, and a person decides, unless the step says `delivery: at-least-once`; then it is sent again with the same Message-ID.
/// In the manual part of a document the mail asks a person to do the work: a ticket in the inbox waits for the answer.
package struct EmailAction: ActionType {
    package let name = "email"

    package init() {}

    package func prepare(_ input: ActionInput) throws(StepFailure) -> PreparedEffect {
        let config = try input.render(input.action.config)
        func text(_ keys: String...) -> String? { Self.first(of: keys, in: config) }
        let to = ["to", "recipients", "cc"].flatMap { Self.addresses(config[$0]) }
        guard !to.isEmpty else { throw StepFailure("validation", "The mail has no recipient (to).") }
        guard let subject = text("subject", "summaryTemplate", "summary", "title"), !subject.isEmpty else {
            throw StepFailure("validation", "The mail has no subject.")
        }
        let isRepeatable = text("delivery") == "at-least-once"
        let isText = text("format") == "text"
        let payload: JSON = [
            "html": isText ? .null : .optional(try Self.markdown(input).map(MailMessage.html)),
            "from": .optional(text("from")), "to": .array(to.uniqued.map(JSON.string)), "subject": .string(subject),
            "text": .string(Self.first(of: Self.bodies, in: config) ?? ""), "date": .string(input.startedAt),
            "isRepeatable": .bool(isRepeatable), "ticket": input.isManual ? ManualTaskAction.draft(config, input).json : .null,
        ]
        return PreparedEffect(
            kind: name, summary: "Send a mail to \(to.uniqued.joined(separator: ", ")): \(subject)", resend: isRepeatable ? .keyed : .never,
            payload: payload, key: input.key)
    }

    private static let bodies = ["body", "text", "descriptionTemplate", "description"]

    private static func first(of keys: [String], in config: JSON) -> String? { keys.lazy.compactMap { config[$0]?.string }.first }

    /// What the mail says as Markdown, in which values appear literally.
    private static func markdown(_ input: ActionInput) throws(StepFailure) -> String? {
        first(of: bodies, in: try input.render(input.action.config, context: context))
    }

    static func context(_ path: [PathComponent]) -> EscapeContext { bodies.contains(path.dotted) ? .markdown : .text }

    /// A list, or one text with commas.
    private static func addresses(_ value: JSON?) -> [String] {
        let texts = value?.array?.compactMap(\.string) ?? [value?.string].compactMap { $0 }
        return texts.flatMap { $0.split(whereSeparator: { $0 == "," || $0 == ";" }) }.map { String($0).trimmed }.filter { !$0.isEmpty }
    }

    package func perform(_ effect: PreparedEffect, _ tools: ActionTools) async -> ActionResult {
        guard let mail = tools.services.mail else {
            return .failed(StepFailure("validation", "No mail server is configured (smtp)."))
        }
        let message = Self.message(effect, from: mail.from, now: tools.time.now())
        do throws(TransportFailure) {
            try await mail.send(message)
            tools.log("the mail server has taken \(message.messageID)")
            return sent(message, effect)
        } catch {
            tools.log("not sent: \(error.message)")
            let failure = StepFailure(error.kind.rawValue, "The mail could not be sent: \(error.message)", isTransient: error.isRetryable)
            return error.mayHaveBeenSent && effect.resend == .never ? .doubt(failure) : .failed(failure)
        }
    }

    private func sent(_ message: MailMessage, _ effect: PreparedEffect) -> ActionResult {
        if let ticket = effect.payload["ticket"], !ticket.isNull { return .ticket(TicketDraft(json: ticket)) }
        let outputs: JSON = ["messageId": .string(message.messageID)]
        return .done(evidence: ["status": 250, "body": outputs, "outputs": outputs], reference: message.messageID, url: nil)
    }

    private static func message(_ effect: PreparedEffect, from standard: String, now: Timestamp) -> MailMessage {
        let payload = effect.payload
        return MailMessage(
            from: payload["from"]?.string ?? standard, to: payload["to"]?.array?.compactMap(\.string) ?? [],
            subject: payload["subject"]?.string ?? "", text: payload["text"]?.string ?? "",
            html: payload["html"]?.string, key: effect.key, date: payload["date"]?.string.flatMap { Timestamp($0) } ?? now)
    }

    package func settle(_ effect: PreparedEffect, _ tools: ActionTools) async -> Settlement {
        if effect.payload["isRepeatable"]?.bool == true { return .perform }
        let message = Self.message(effect, from: tools.services.mail?.from ?? "", now: tools.time.now())
        return .unknown(
            "\(effect.summary): it is not known whether the mail server has taken it, and it is not sent twice. Look there for "
                + "\(message.messageID); then complete the step by hand, or retry it.")
    }

    package func cleanupHint(outputs: JSON, reference: String?) -> String? { nil }
}
