import Base
import Testing

@testable import Catalog
@testable import Documents

@Suite struct CheckTests {
    private func read(_ checks: String, actions: String = "") -> FileReading {
        Fixtures.read(
            """
            kind: CatalogItem
            metadata: {id: vm, name: Machine, version: 1.0.0, category: compute, owner: {team: t},
              description: A machine whose making depends on what other systems say before it is begun.}
            presentation: {form: {groups: [{id: g, fields: [{id: zone, type: string}]}]}}
            fulfillment:
              strategy: {mode: automatic}
              manual: {actions: [{id: by-hand, type: manual-task, config: {title: Do}}]}
              automatic:
                mode: parallel
                preExecutionChecks: \(checks)
                actions:
                  - {id: make, type: rest-api, config: {endpoint: {url: "https://x.test"}}}
                  - {id: tell, type: rest-api, dependsOn: [make], config: {endpoint: {url: "https://x.test"}}}
            \(actions)
            """, path: "catalog/compute/vm.yaml")
    }

    @Test("a check that names an address becomes a step that all others wait for; any other stays a question")
    func split() throws {
        let reading = read(
            """
            [{type: rest-api, id: room, name: Room, url: "https://x.test/{{fields.zone}}", headers: {A: b}, expected: 2xx},
              {type: quota_available, description: Room}, {type: somebody-says}, {type: http_status, url: "https://x.test", expected: 204}]
            """)
        #expect(reading.findings.filter(\.isError).isEmpty)
        #expect(reading.findings.filter { $0.rule == "unknown-check" }.map(\.line) == [11, 11])
        let automatic = try #require(reading.documents.first?.fulfillment.automatic)
        #expect(automatic.preExecutionChecks.map { $0["type"]?.string } == ["quota_available", "somebody-says"])
        #expect(automatic.actions.map(\.id) == ["room", "check-2", "make", "tell"])
        #expect(automatic.actions.map(\.isCheck) == [true, true, false, false])
        #expect(automatic.actions.map(\.dependsOn) == [[], [], ["room", "check-2"], ["room", "check-2", "make"]])
        #expect(automatic.actions[0].verification.map(\.type) == ["http-status"])
    }

    @Test("in the flat dialect too")
    func flat() throws {
        let reading = Fixtures.read(
            """
            name: vm
            version: 1.0.0
            description: A machine whose making depends on what other systems say before it is begun.
            owner: team
            presentation: {fields: [{name: zone, type: string}]}
            fulfillment:
              manual: {system: jira, template: {project: OPS, summary: Make}}
              automation:
                pre_execution_checks:
                  - {type: http_status, url: "https://x.test/{{ zone }}", expected_status: 200, description: Room}
                steps:
                  - {name: make, type: HttpPost, template: {url: "https://x.test"}}
            """, path: "catalog/compute/vm/service.yaml")
        #expect(reading.findings.filter(\.isError).isEmpty, "\(reading.findings.map(\.description))")
        let actions = try #require(reading.documents.first?.fulfillment.automatic?.actions)
        #expect(actions.map(\.id) == ["check-1", "make"] && actions[0].name == "Room" && actions[1].dependsOn == ["check-1"])
    }

    @Test(
        "what is no check by machine is said at its place",
        arguments: [
            (#"[{type: rest-api, url: "https://x.test", method: POST}]"#, "its method is GET or HEAD"),
            (#"[{type: rest-api, url: "https://x.test", expect: 200}]"#, "expect"),
            (#"[{type: rest-api, id: make, url: "https://x.test"}]"#, "make stands twice"),
            (#"[{type: rest-api, url: "https://x.test/{{fields.zoen}}"}]"#, "zoen"),
            (#"[{type: rest-api, url: "https://x.test/{{outputs.make.id}}"}]"#, "make"),
        ])
    func faults(_ checks: String, _ message: String) {
        let errors = read(checks).findings.filter(\.isError)
        #expect(errors.contains { $0.message.contains(message) && [10, 12].contains($0.line) }, "\(errors.map(\.description))")
    }
}
