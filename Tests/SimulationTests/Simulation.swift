import Base
import Foundation
import Identity
import Orchestration
import Store

/// One life of an appliance: documents, people, a network, and deaths of the process, all drawn from one seed; then a time in which all
/// goes well, and the oracle.
final class Simulation: @unchecked Sendable {
    /// What is broken on purpose, to see that the oracle notices.
    enum Flaw: Sendable {
        case none
        /// The disk confirms what it has not kept: a death takes commits with it that were answered and acted upon.
        case forgetfulDisk
        /// After doubt a call is repeated whether or not the other side knows its key.
        case blindResend
    }

    struct Report: Sendable {
        var seed: UInt64
        var steps = 0
        var hash: UInt64 = 0
        var deaths = 0
        var requests = 0
        var completed = 0
        var calls = 0
        var faults = 0
        var violations: [String] = []
        /// What happened, in order; only where asked for.
        var notes: [String] = []
    }

    private let loop: SimulationLoop
    private let network: SimulatedNetwork
    private let flaw: Flaw
    private let steps: Int
    private let root: String
    private let documents: [(id: String, text: String)]
    private let oracle = Oracle()
    /// `limits.perAction`
    private let perAction: [String: Int]
    private var people: People?
    private var process: SimulatedProcess?
    private var boot = 0
    private var report: Report
    private var isOver = false

    private init(seed: UInt64, steps: Int, flaw: Flaw, loop: SimulationLoop) {
        self.loop = loop
        self.steps = steps
        self.flaw = flaw
        network = SimulatedNetwork(loop: loop)
        root = Self.scratch + "/simulation-" + UUID().uuidString
        var documents = SimulatedDocuments(SeededRandom(seed &+ 1))
        self.documents = documents.documents(5)
        var limits = SeededRandom(seed &+ 2)
        perAction = limits.isTrue(50) ? ["rest-api": 1 + limits.below(3), "jira-ticket": 1, "manual-task": 1] : [:]
        report = Report(seed: seed)
    }

    /// In memory where the system has such a place: nothing here waits for a disk.
    private static let scratch = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()

    /// `steps` are decisions of the loop under faults; what comes after, when all goes well, is not counted.
    static func run(seed: UInt64, steps: Int, flaw: Flaw = .none, keepsNotes: Bool = false) async throws -> Report {
        let loop = SimulationLoop(seed: seed)
        loop.keepsNotes = keepsNotes
        return try await loop.onItsThread { loop in
            let simulation = Simulation(seed: seed, steps: steps, flaw: flaw, loop: loop)
            defer { try? FileManager.default.removeItem(atPath: simulation.root) }
            return try simulation.live()
        }
    }

    // MARK: A life

    private func live() throws -> Report {
        try prepare()
        let first = loop.steps
        var deaths = (0..<(2 + steps / 2000)).map { _ in first + loop.random.below(steps) }.sorted()
        schedulePeople()
        while loop.steps < first + steps, loop.step() {
            if flaw == .forgetfulDisk, loop.steps.isMultiple(of: 300) { try copyDatabase(from: directory, to: memory) }
            if let next = deaths.first, loop.steps >= next {
                deaths.removeFirst()
                try die()
            }
        }
        report.steps = loop.steps - first
        isOver = true
        try die()
        network.isHealed = true
        try heal()
        conclude()
        return report
    }

    private func prepare() throws {
        let folder = root + "/documents/catalog/tests"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for document in documents { try document.text.write(toFile: "\(folder)/\(document.id).yaml", atomically: true, encoding: .utf8) }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let process = try bootUp()
        let leadID = try loop.complete {
            try await process.readCatalog()
            return try await process.makePeople()
        }
        people = People(loop: loop, leadID: leadID, items: documents.map(\.id))
    }

    private func schedulePeople() {
        loop.after(loop.random.milliseconds(20..<1500), .world) { [self] in
            guard !isOver else { return }
            if loop.random.isTrue(10) { network.workOnIssues() }
            if let process { people?.act(on: process, boot: boot) }
            schedulePeople()
        }
    }

    // MARK: Processes

    private var directory: String { "\(root)/\(boot)" }
    /// What a forgetful disk will still know.
    private var memory: String { "\(root)/memory" }

    @discardableResult
    private func bootUp() throws -> SimulatedProcess {
        let process = try SimulatedProcess(
            directory: directory, documents: root + "/documents", loop: loop, transport: network.transport(), registry: registry,
            perAction: perAction)
        self.process = process
        try oracle.follow(process, loop)
        try loop.complete { try await process.start() }
        return process
    }

    private var registry: ActionRegistry { flaw == .blindResend ? BlindRestAPI.registry : .standard }

    /// What a killed process leaves: the database with its log, as written so far. The next one starts after a while in which the world
    /// has gone on.
    private func die() throws {
        loop.note("death")
        loop.forgetProcess()
        try copyDatabase(from: flaw == .forgetfulDisk ? memory : directory, to: "\(root)/\(boot + 1)")
        process?.store.close()
        process = nil
        loop.forgetProcess()
        report.deaths += 1
        boot += 1
        _ = loop.run(for: loop.random.milliseconds(50..<4000), limit: 10_000)
        try bootUp()
    }

    private func copyDatabase(from source: String, to target: String) throws {
        try? FileManager.default.removeItem(atPath: target)
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        for name in ["pao.db", "pao.db-wal"] where FileManager.default.fileExists(atPath: "\(source)/\(name)") {
            try FileManager.default.copyItem(atPath: "\(source)/\(name)", toPath: "\(target)/\(name)")
        }
    }

    // MARK: The end

    /// No more faults. What needs nobody comes to rest by itself; then people do what waits for them, and all must end.
    private func heal() throws {
        guard let process, let people else { return }
        people.repeatUnanswered(to: process, boot: boot)
        settle(.seconds(2 * 3600))
        oracle.expectRest(process, people.acknowledged, network)
        // Requests with one concurrency key go one after another, each of them perhaps once around.
        for _ in 0..<200 where !People.requests(of: process, People.live).isEmpty {
            try loop.complete { try await people.finish(process) }
            network.workOnIssues(all: true)
            settle(.seconds(3600))
        }
        try loop.complete { try await people.abortFailed(process) }
        settle(.seconds(3600))
        oracle.expectEnd(process, people, network)
        if let limit = perAction["rest-api"], network.mostOpen > limit {
            oracle.violations.append("I3: \(network.mostOpen) calls were open at once, and \(limit) are allowed")
        }
    }

    private func settle(_ duration: Duration) {
        if !loop.run(for: duration, limit: 200_000) { oracle.violations.append("I7: never at rest") }
    }

    private func conclude() {
        report.violations = oracle.violations + (people?.surprises ?? [])
        report.hash = loop.trace.hash
        report.notes = loop.notes
        report.requests = people?.acknowledged.count ?? 0
        if let process { report.completed = People.requests(of: process, "status = 'completed'").count }
        report.calls = network.calls
        report.faults = network.faults
        loop.forgetProcess()
        oracle.stopListening()
        process?.store.close()
        loop.forgetAll()
    }
}
