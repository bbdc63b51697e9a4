import Base
import Foundation
import Testing

/// The shipped engine, queue, scheduler and store under seeded faults (docs/design/simulation.md). `PAO_SEED=n` runs that seed alone and
/// prints what happened where something is wrong; `PAO_SEED=n-m` runs those from n to m.
@Suite struct SimulationTests {
    private struct Scale {
        var seeds: Int
        var steps: Int

        static let current: Scale =
            switch ProcessInfo.processInfo.environment["PAO_SCALE"] {
            case "verify": Scale(seeds: 1000, steps: 10_000)
            case "soak": Scale(seeds: 2000, steps: 10_000)
            default: Scale(seeds: 100, steps: 1000)
            }
    }

    /// The seeds to run instead of the first ones.
    private static let chosen: ClosedRange<UInt64>? = {
        let ends = ProcessInfo.processInfo.environment["PAO_SEED"]?.split(separator: "-").compactMap { UInt64($0) } ?? []
        guard let first = ends.first, let last = ends.last, first <= last else { return nil }
        return first...last
    }()

    private static func seeds(_ count: Int) -> [UInt64] { Array(chosen ?? 1...UInt64(count)) }

    @Test("whatever fails and dies in whatever order, every invariant holds")
    func invariants() async throws {
        let scale = Scale.current
        var total = Simulation.Report(seed: 0)
        try await withThrowingTaskGroup(of: Simulation.Report.self) { group in
            let lanes = ProcessInfo.processInfo.activeProcessorCount
            for (index, seed) in Self.seeds(scale.seeds).enumerated() {
                if index >= lanes, let report = try await group.next() { total.add(report) }
                group.addTask { try await Self.simulate(seed, scale.steps) }
            }
            for try await report in group { total.add(report) }
        }
        print("simulation: \(total.summary), traces \(String(total.hash, radix: 16))")
        #expect(total.completed > 0)
    }

    /// Two that went round in circles without time passing: let in for a place while its key was held, and a try that was due when the
    /// request was to stop.
    @Test("a seed that failed once does not fail again", arguments: [251, 253] as [UInt64])
    func mended(_ seed: UInt64) async throws {
        #expect(try await Self.simulate(seed, 10_000).completed > 0)
    }

    private static func simulate(_ seed: UInt64, _ steps: Int) async throws -> Simulation.Report {
        let report = try await Simulation.run(seed: seed, steps: steps, keepsNotes: chosen?.count == 1)
        for violation in report.violations.prefix(5) { Issue.record("PAO_SEED=\(seed): \(violation)") }
        if !report.violations.isEmpty { print(report.notes.joined(separator: "\n")) }
        return report
    }

    @Test("the same seed makes the same trace, another seed another one")
    func deterministic() async throws {
        let seed = Self.chosen?.first ?? 1
        let first = try await Simulation.run(seed: seed, steps: 3000)
        let second = try await Simulation.run(seed: seed, steps: 3000)
        let other = try await Simulation.run(seed: seed + 1, steps: 3000)
        #expect(first.hash == second.hash)
        #expect(first.hash != other.hash)
    }

    @Test("a disk that forgets what it confirmed is found out: acknowledged requests are gone")
    func forgetfulDisk() async throws { try await expect("I1", from: .forgetfulDisk) }

    @Test("a call repeated blindly after doubt is found out: an effect happened twice")
    func blindResend() async throws { try await expect("I2", from: .blindResend) }

    private func expect(_ invariant: String, from flaw: Simulation.Flaw) async throws {
        for seed in Self.seeds(20) {
            let report = try await Simulation.run(seed: seed, steps: 2000, flaw: flaw)
            if report.violations.contains(where: { $0.hasPrefix(invariant) }) { return }
        }
        Issue.record("no seed of 20 broke \(invariant)")
    }
}

extension Simulation.Report {
    mutating func add(_ other: Self) {
        steps += other.steps
        deaths += other.deaths
        requests += other.requests
        completed += other.completed
        calls += other.calls
        faults += other.faults
        hash ^= other.hash
    }

    var summary: String {
        "\(steps) steps, \(deaths) deaths, \(requests) requests (\(completed) completed), \(calls) calls (\(faults) with a fault)"
    }
}
