import Base
import Orchestration

/// `rest-api` with a fault: after doubt it sends again, whoever is at the other end.
struct BlindRestAPI: ActionType {
    private let real = RestAPIAction()
    var name: String { real.name }

    func prepare(_ input: ActionInput) throws(StepFailure) -> PreparedEffect { try real.prepare(input) }

    func perform(_ effect: PreparedEffect, _ tools: ActionTools) async -> ActionResult { await real.perform(effect, tools) }

    func settle(_ effect: PreparedEffect, _ tools: ActionTools) async -> Settlement { .perform }

    static let registry = ActionRegistry([BlindRestAPI(), JiraTicketAction(), ManualTaskAction()])
}
