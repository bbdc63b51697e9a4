package import Base
import Catalog
package import Identity

// Submitting what was asked for before, and several requests at once.

extension Requests {
    /// The same item or bundle in its present version with the same data, save for what changes. Secret values are taken over as they
    /// were entered. Throws as `submit`, and `notFound`.
    package func clone(_ id: String, changes: JSON, by actor: Actor) async throws(PAOError) -> ServiceRequest {
        let request = try request(id, by: actor)
        guard request.type == .create else { throw PAOError(.conflict, "Only what creates a service can be cloned.") }
        var data = Sealed.map(request.parameters, request.requester.userID == actor.userID ? settings.open : { _ in .null })
        for (key, value) in changes.object ?? JSONObject() { data[key] = value }
        var submission = Submission(
            catalogID: request.catalogID, kind: request.kind, data: data,
            team: actor.teams.contains(request.requester.team) ? request.requester.team : nil)
        if request.kind == .bundle {
            let enabled = Set(request.steps.filter(\.isComponent).map(\.id))
            let all = catalog.snapshot.document(id: request.catalogID)?.components ?? []
            submission.components = .object(JSONObject(all.map { ($0.id, ["enabled": .bool(enabled.contains($0.id))]) }))
        }
        guard case .accepted(let new) = try await submit(submission, by: actor) else {
            throw PAOError(.internal, "Something went wrong inside the server.", detail: "a clone was answered from the idempotency store")
        }
        return new
    }

    /// All are checked before the first is stored. `atomic`: one fault refuses all (`invalid`, fields as `requests[2].requestData.x`);
    /// else each valid one is stored and the others answer their errors. In the order given: the request, or `{errors}`.
    package func submit(batch: [Submission], atomic: Bool, by actor: Actor) async throws(PAOError) -> [JSON] {
        guard (1...100).contains(batch.count) else {
            throw SubmissionCheck.invalid([.init(field: "requests", rule: "count", message: "A batch has 1 to 100 requests.")])
        }
        var new: [Int: NewRequest] = [:]
        var findings: [Int: [PAOError.Finding]] = [:]
        for (index, submission) in batch.enumerated() {
            do throws(PAOError) {
                new[index] = accept(try check(submission, by: actor), by: actor)
            } catch  where error.code == .invalid {
                findings[index] = error.findings
            }
        }
        if atomic, !findings.isEmpty { throw SubmissionCheck.invalid(Self.numbered(findings)) }
        let rejected = try await atomic ? storeAll(new, by: actor) : storeEach(new, by: actor)
        findings.merge(rejected) { $1 }
        return batch.indices.map { index in
            if let faults = findings[index] { return ["errors": .array(faults.map(\.json))] }
            return new[index]?.request.json ?? .null
        }
    }

    private func storeAll(_ new: [Int: NewRequest], by actor: Actor) async throws(PAOError) -> [Int: [PAOError.Finding]] {
        let intake = intake
        try await store.write { tx throws(PAOError) in
            for (index, request) in new.sorted(by: { $0.key < $1.key }) {
                do throws(PAOError) {
                    try intake.store(request, by: actor, in: tx)
                } catch  where error.code == .invalid {
                    throw SubmissionCheck.invalid(Self.numbered([index: error.findings]))
                }
            }
        }
        return [:]
    }

    private func storeEach(_ new: [Int: NewRequest], by actor: Actor) async throws(PAOError) -> [Int: [PAOError.Finding]] {
        var rejected: [Int: [PAOError.Finding]] = [:]
        let intake = intake
        for (index, request) in new.sorted(by: { $0.key < $1.key }) {
            do throws(PAOError) {
                try await store.write { tx throws(PAOError) in try intake.store(request, by: actor, in: tx) }
            } catch  where error.code == .invalid || error.code == .conflict {
                rejected[index] =
                    error.findings.isEmpty ? [.init(field: "request", rule: error.code.rawValue, message: error.message)] : error.findings
            }
        }
        return rejected
    }

    private static func numbered(_ findings: [Int: [PAOError.Finding]]) -> [PAOError.Finding] {
        findings.sorted { $0.key < $1.key }.flatMap { index, faults in
            faults.map { .init(field: "requests[\(index)].\($0.field)", rule: $0.rule, message: $0.message) }
        }
    }
}

extension ServiceRequest {
    package var escalationJSON: JSON {
        [
            "ticketId": .optional(escalationTicketID), "escalatedAt": .optional(escalatedAt?.description),
            "errorContext": errorContext ?? .null,
        ]
    }
}
