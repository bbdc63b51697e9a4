import Base
import Catalog

// What nobody knows the fate of: a call whose answer never came, or that was under way when the process died.

extension RequestRun {
    /// Stands in the ledger from when doubt arose; its age decides how long a lagging search is trusted.
    static let doubtNote = "no answer: finding out whether it took effect"

    /// Doubt begins when it is noticed, not when the call left: the call may have taken effect until a moment ago.
    mutating func markDoubt(_ index: Int, isNew: Bool) {
        guard isNew || effects[effectKey(of: request.steps[index])]?.note != Self.doubtNote else { return }
        settleEffect(index, .intent, note: Self.doubtNote)
    }

    mutating func settle(_ index: Int) -> Launch? {
        request.steps[index].dueAt = nil
        return prepare(index, .settle)
    }

    mutating func apply(_ settlement: Settlement, _ index: Int) -> Launch? {
        switch settlement {
        case .happened(let result):
            log(index, "found after an interruption: it had taken effect")
            return apply(result, index)
        case .perform: return repeatUnlessExpired(index)
        case .later(let wait): return askAgain(index, after: wait)
        case .unknown(let text):
            park(index, text)
            return nil
        }
    }

    /// It did not happen, or repeating it is safe: the same try sends the same key.
    private mutating func repeatUnlessExpired(_ index: Int) -> Launch? {
        if let expired = expiry(of: request.steps[index]) {
            settleEffect(index, .failed, note: "had not taken effect when its time was over")
            failStep(index, expired)
            return nil
        }
        log(index, "after an interruption: sent again with the same key")
        return performAnew(index)
    }

    private mutating func askAgain(_ index: Int, after wait: Duration) -> Launch? {
        let step = request.steps[index]
        let key = effectKey(of: step)
        let age = effects[key].map { now - $0.updatedAt } ?? .zero
        if age >= (expiry(of: step) == nil ? settings.doubtLimit : settings.doubtGrace) {
            park(index, "It could not be found out whether \(effects[key]?.summary ?? step.name) took effect. Look there for \(key).")
            return nil
        }
        request.steps[index].dueAt = now + wait
        set(index, step.status, reason: Self.doubtNote)
        return nil
    }

    /// Not to be found out: never repeated by itself; a person looks.
    mutating func park(_ index: Int, _ text: String) {
        settleEffect(index, .unknown, note: text)
        failStep(index, StepFailure("in_doubt", text))
    }

    /// The host's breaker is open: the try waits and is not used up.
    mutating func hold(_ index: Int, for wait: Duration) {
        settleEffect(index, .failed, note: "held back, not sent")
        request.steps[index].dueAt = now + wait
        set(index, .retrying, reason: "the other side keeps failing: held back until \(now + wait), no try is used up")
    }
}
