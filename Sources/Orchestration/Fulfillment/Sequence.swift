import Base

/// Decides, without doing anything, what comes next in a sequence of steps.
package struct Sequence: Sendable {
    package enum Next: Sendable, Equatable {
        /// Steps that may start now, in order.
        case start([String])
        /// Steps that are skipped because what they depend on failed or was skipped by failure, each with the reason.
        case skip([(id: String, reason: String)])
        /// Something runs, waits or is due later; nothing to start.
        case wait
        /// All steps are completed or skipped.
        case finish
        /// A step has failed and nothing else is under way but what waits for people.
        case fail(String)

        package static func == (left: Next, right: Next) -> Bool {
            switch (left, right) {
            case (.start(let a), .start(let b)): a == b
            case (.skip(let a), .skip(let b)): a.map(\.id) == b.map(\.id)
            case (.wait, .wait), (.finish, .finish): true
            case (.fail(let a), .fail(let b)): a == b
            default: false
            }
        }
    }

    package struct Item: Sendable {
        package var id: String
        package var status: StepStatus
        package var dependsOn: [String]
        /// Under way, but in the hands of a person, who may take days.
        package var waitsForPerson: Bool
        /// Whatever stands before it: a component that people fulfil, whose ticket is opened at once.
        package var startsAtOnce: Bool

        package init(
            id: String, status: StepStatus, dependsOn: [String], waitsForPerson: Bool = false, startsAtOnce: Bool = false
        ) {
            self.id = id
            self.status = status
            self.dependsOn = dependsOn
            self.waitsForPerson = waitsForPerson
            self.startsAtOnce = startsAtOnce
        }

        fileprivate var isActive: Bool { [.running, .verifying, .retrying].contains(status) }
    }

    package let items: [Item]
    /// In a parallel sequence whatever `dependsOn` allows runs at once; else strictly in order.
    package let isParallel: Bool

    package init(_ items: [Item], isParallel: Bool) {
        self.items = items
        self.isParallel = isParallel
    }

    /// `stopping`: nothing new starts; what runs comes to its end.
    package func next(stopping: Bool = false) -> Next {
        let active = items.contains(where: \.isActive)
        if let failed = items.first(where: { $0.status == .failed }) {
            return items.contains { $0.isActive && !$0.waitsForPerson } ? .wait : .fail(failed.id)
        }
        let pending = items.filter { $0.status == .pending }
        if pending.isEmpty { return active ? .wait : .finish }
        if stopping { return .wait }
        let early = pending.filter(\.startsAtOnce)
        if !early.isEmpty { return .start(early.map(\.id)) }
        return isParallel ? parallel(pending, active: active) : sequential(pending)
    }

    /// What was started before its turn holds up only what depends on it.
    private func sequential(_ pending: [Item]) -> Next {
        guard let first = pending.first else { return .wait }
        let isHeldUp = items.contains { $0.isActive && (!$0.startsAtOnce || first.dependsOn.contains($0.id)) }
        return isHeldUp ? .wait : .start([first.id])
    }

    private func parallel(_ pending: [Item], active: Bool) -> Next {
        let status = Dictionary(items.map { ($0.id, $0.status) }, uniquingKeysWith: { first, _ in first })
        let ready = pending.filter { item in
            item.dependsOn.allSatisfy { status[$0] == .completed || status[$0] == .skipped || status[$0] == nil }
        }
        if !ready.isEmpty { return .start(ready.map(\.id)) }
        // Only a cycle could bring us here, and documents with cycles are refused at load: say so instead of hanging.
        return active ? .wait : .skip(pending.map { ($0.id, "what it depends on never runs") })
    }
}
