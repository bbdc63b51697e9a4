import Base
import Identity
import Store
import Testing

@testable import Orchestration

@Suite struct ListPlanTests {
    private static let filters: [(name: String, filter: RequestFilter, index: String)] = [
        ("all", RequestFilter(), "sqlite_autoindex_service_requests_1"),
        ("one status", with { $0.statuses = [.failed] }, "idx_service_requests_status"),
        ("an item", with { $0.catalogItemID = "db" }, "idx_service_requests_item"),
        ("a team", with { $0.team = "platform" }, "idx_service_requests_team"),
        ("a requester", with { $0.requester = "ada" }, "idx_service_requests_requester"),
        ("a time", with { $0.createdAfter = Timestamp(milliseconds: 0) }, "sqlite_autoindex_service_requests_1"),
    ]

    private static func with(_ change: (inout RequestFilter) -> Void) -> RequestFilter {
        var filter = RequestFilter()
        change(&filter)
        return filter
    }

    @Test("a page of requests is read in the order of an index, whatever it is narrowed to")
    func requests() async throws {
        let world = try await World(ApprovalFlowTests.document)
        for (name, filter, index) in Self.filters {
            for after in [nil, ["0192"]] {
                let (sql, _) = try Requests.query(filter, by: .system(correlationID: "")).page(PageRequest(limit: 50, after: after))
                let plan = try world.store.queryPlan(sql)
                #expect(plan.count == 1 && plan[0].contains("USING INDEX \(index)"), "\(name): \(plan)")
            }
        }
    }
}
