import Base
import Catalog
import Documents

extension RequestRun {
    /// Takes in what a call led to. The returned launch continues the same step at once (an effect that never happened).
    mutating func apply(_ outcome: Outcome, to stepID: String) -> Launch? {
        inFlight.remove(stepID)
        guard let index = index(of: stepID) else { return nil }
        switch outcome {
        case .result(let result): return apply(result, index)
        case .settlement(let settlement): return apply(settlement, index)
        case .held(let wait):
            hold(index, for: wait)
            return nil
        }
    }

    mutating func apply(_ result: ActionResult, _ index: Int) -> Launch? {
        switch result {
        case .done(let evidence, let reference, let url):
            settleEffect(index, .done, reference: reference)
            note(index, reference: reference, url: url)
            closeTicket(index, .resolved)
            verify(index, evidence)
        case .waiting(let reference, let url, let after, let reason, let memory):
            remember(index, memory)
            settleEffect(index, .sent, reference: reference)
            note(index, reference: reference, url: url)
            request.steps[index].dueAt = now + pollWait(index, after)
            set(index, .verifying, reason: reason)
        case .ticket(let draft): take(draft, index)
        case .failed(let failure):
            if !isUnderWay(index) || failure.type != "timeout" {
                settleEffect(index, .failed, note: failure.message)
                closeTicket(index, .closed)
            }
            endAttempt(index, failure)
            retryOrFail(index, failure)
        case .doubt(let failure):
            log(index, "no answer: \(failure.message); finding out whether it took effect", level: "warning")
            markDoubt(index, isNew: true)
            return settle(index)
        }
        return nil
    }

    /// The other side has accepted the call: when our patience ends, it goes on there, and a further try follows it.
    private func isUnderWay(_ index: Int) -> Bool {
        [.sent, .done].contains(effects[effectKey(of: request.steps[index])]?.state)
    }

    /// The longer something takes, the more rarely it is asked for: after a tenth of the time it has taken so far.
    func pollWait(_ index: Int, _ wait: Duration) -> Duration {
        guard let started = request.steps[index].attempts.last?.startedAt else { return wait }
        return max(wait, min((now - started) / 10, settings.environment.pollMaximum))
    }

    private mutating func note(_ index: Int, reference: String?, url: String?) {
        if let reference { request.steps[index].externalReference = reference }
        if let url { request.steps[index].externalURL = url }
        guard reference != nil || url != nil, var attempt = request.steps[index].attempts.last else { return }
        attempt.externalID = reference ?? attempt.externalID
        attempt.externalURL = url ?? attempt.externalURL
        request.steps[index].attempts[request.steps[index].attempts.count - 1] = attempt
        changes.endedAttempts.append((request.steps[index].id, attempt))
    }

    // MARK: Verification and outputs

    /// Holds every verification against the evidence, then takes the outputs. What no machine can judge, and outputs that a closed
    /// ticket of another system left open, are asked of a person.
    private mutating func verify(_ index: Int, _ evidence: JSON) {
        guard let action = action(of: request.steps[index]).map(withImpliedOutputs) else { return }
        var verdicts: [JSON] = []
        var questions: [String] = []
        do throws(StepFailure) {
            let (outputs, missing) = try outputs(action, evidence, index)
            for verification in action.verification where !request.steps[index].skipsVerification {
                switch try Verifier.judge(
                    type: verification.type, parameters: try parameters(verification, action, outputs, index), evidence: evidence)
                {
                case .passed(let verdict): verdicts.append(verdict)
                case .ask(let question): questions.append(question)
                case .settledByAction: break
                case .failed(let expected, let actual): throw mismatch(index, verification.type, expected: expected, actual: actual)
                }
            }
            endAttempt(index, nil, verification: .array(verdicts))
            request.steps[index].outputs = outputs
            if questions.isEmpty, missing.isEmpty { complete(index, by: nil) } else { ask(index, questions, outputs: missing) }
        } catch {
            endAttempt(index, error, verification: error.details)
            retryOrFail(index, error)
        }
    }

    /// Looking again may find what is expected, where looking again does no harm.
    private func mismatch(_ index: Int, _ type: String, expected: String, actual: String) -> StepFailure {
        return StepFailure(
            "verification", "Expected \(expected), found \(actual).",
            details: ["type": .string(type), "expected": .string(expected), "actual": .string(actual)],
            isTransient: isHarmless(index))
    }

    /// Whether doing it again changes nothing.
    private func isHarmless(_ index: Int) -> Bool {
        let resend = effects[effectKey(of: request.steps[index])]?.resend
        return resend == .free || resend == .keyed
    }

    /// An answer that calls itself JSON and is none was damaged on its way.
    private static func isUnreadable(_ evidence: JSON) -> Bool {
        guard case .string? = evidence["body"], let type = evidence["headers"]?["content-type"]?.string else { return false }
        return type.splitOnce(";").0.hasSuffix("json")
    }

    /// A verification may read the outputs of the step it belongs to.
    private func parameters(_ verification: Verification, _ action: Action, _ own: JSON, _ index: Int) throws(StepFailure) -> JSON {
        do throws(TemplateFault) {
            var scope = scope(for: index)
            scope.roots["outputs"]?[action.id] = own
            return try verification.parameters.render { (template, _) throws(TemplateFault) -> JSON in try template.value(scope, as: .text)
            }
        } catch {
            throw StepFailure("validation", "The verification cannot be rendered: \(error.message)")
        }
    }

    /// Declared outputs by their paths into the answer, beside what the action type gives by itself. Sensitive ones are sealed.
    /// `missing` are those that only a person can know; of an answer that lacks one it throws `output_missing`.
    private func outputs(_ action: Action, _ evidence: JSON, _ index: Int) throws(StepFailure) -> (outputs: JSON, missing: [String]) {
        var outputs = givenOutputs(action, evidence)
        let body = evidence["body"] ?? .null
        let ticket = tickets[request.steps[index].id]
        var missing: [String] = []
        for output in action.outputs {
            if let value = try Verifier.select(output.path, in: body) ?? outputs[output.name] {
                outputs[output.name] = output.isSensitive ? settings.seal(value) : value
            } else if ticket != nil {
                missing.append(output.name)
            } else {
                throw StepFailure(
                    "output_missing",
                    (body.string == nil ? "The answer has" : "The answer is text, not JSON: it has")
                        + " no \(output.path), which the output \(output.name) is read from.",
                    details: ["body": .string(String(body.description.prefix(2000)))],
                    isTransient: isHarmless(index) && Self.isUnreadable(evidence))
            }
        }
        for name in ticket?.declaredOutputs ?? [] where outputs[name] == nil { missing.append(name) }
        return (.object(outputs), missing.uniqued)
    }

    // MARK: Ending a step

    mutating func endAttempt(_ index: Int, _ failure: StepFailure?, verification: JSON? = nil) {
        guard var attempt = request.steps[index].attempts.last, attempt.status == .running else { return }
        attempt.status = failure == nil ? .completed : .failed
        attempt.completedAt = now
        attempt.failure = failure
        attempt.verification = verification
        request.steps[index].attempts[request.steps[index].attempts.count - 1] = attempt
        changes.endedAttempts.append((request.steps[index].id, attempt))
        if let failure { log(index, "attempt \(attempt.number) failed: \(failure.message)", level: "error") }
    }

    mutating func complete(_ index: Int, by login: String?) {
        request.steps[index].completedBy = login
        set(index, .completed)
        log(index, login.map { "completed by hand by \($0)" } ?? "completed")
    }

    /// The policy counts all tries, the first among them; a request that was told to stop makes no further one.
    mutating func retryOrFail(_ index: Int, _ failure: StepFailure) {
        let step = request.steps[index]
        let policy = action(of: step)?.retry ?? retryPolicy
        guard !request.isStopping, let wait = policy.delay(after: failure, tries: step.tries, jitter: settings.random.fraction()) else {
            return failStep(index, failure)
        }
        let due = now + wait
        request.steps[index].retryCount += 1
        request.steps[index].dueAt = due
        if var attempt = request.steps[index].attempts.last {
            attempt.nextAttemptAt = due
            request.steps[index].attempts[request.steps[index].attempts.count - 1] = attempt
            changes.endedAttempts.append((request.steps[index].id, attempt))
        }
        set(index, .retrying, reason: "attempt \(step.tries + 1) of \(policy.attempts) after \(failure.type)")
    }

    /// A step that cannot go on: a person takes over where the document says so, else the request will stop. What is in doubt is
    /// nothing to hand over: the person would do it a second time.
    mutating func failStep(_ index: Int, _ failure: StepFailure) {
        endAttempt(index, failure)
        inFlight.remove(request.steps[index].id)
        let step = request.steps[index]
        let mayFallBack = document.fulfillment.automatic?.fallbackOnFailure == true && request.mode == .automatic && !step.isFallback
        if mayFallBack, !request.isStopping, failure.type != "in_doubt", document.fulfillment.manual.first != nil {
            return fallBack(index, failure)
        }
        set(index, .failed, reason: failure.message)
        if request.steps[index].attempts.isEmpty { log(index, "failed: \(failure.message)", level: "error") }
    }
}
