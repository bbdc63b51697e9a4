import Base
import Identity
package import Orchestration
import Web

/// `/insights`.
package struct InsightRoutes: Sendable {
    let insights: Insights

    package init(insights: Insights) { self.insights = insights }

    package var endpoints: [Endpoint] {
        [
            .change(
                "GET", "/api/v1/insights", .permission(.requestsRead), "How services do, and what waits for people",
                query: [.init("days", "Requests of so many days, 1 to 366; 30 without it.")],
                answer: """
                    `{from, services: [{catalogItemId, catalogBundleId, total, completed, attention, ended, open, medianSeconds, p90Seconds, \
                    weakestAction: {id, name, requests}, days}], waiting: {approvals, tickets, decisions}}`
                    """
            ) { call async throws(PAOError) in
                // Some seconds per million requests: not on the thread that answers others.
                await Task.yield()
                return .json(try insights.report(days: try call.integer("days", in: 1...366, default: 30), by: call.actor))
            }
        ]
    }
}
