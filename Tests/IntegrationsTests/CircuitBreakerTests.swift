import Base
import Integrations
import Synchronization
import Testing

struct CircuitBreakerTests {
    private func opened() -> CircuitBreaker {
        var breaker = CircuitBreaker()
        for _ in 0..<5 { breaker.failed(at: .zero) }
        return breaker
    }

    @Test("five failures in a row open it, four with a success between do not")
    func opening() {
        var breaker = CircuitBreaker()
        for _ in 0..<4 { breaker.failed(at: .zero) }
        breaker.succeeded()
        for _ in 0..<4 { breaker.failed(at: .zero) }
        #expect(breaker.state(at: .zero) == .closed && breaker.admit(at: .zero) == .pass)
        breaker.failed(at: .zero)
        #expect(breaker.state(at: .zero) == .open && breaker.admit(at: .seconds(10)) == .wait(.seconds(20)))
    }

    @Test("after thirty seconds one probe passes")
    func halfOpen() {
        var breaker = opened()
        #expect(breaker.admit(at: .seconds(29)) == .wait(.seconds(1)))
        #expect(breaker.admit(at: .seconds(30)) == .pass)
        #expect(breaker.admit(at: .seconds(31)) == .wait(.seconds(29)))
        #expect(breaker.state(at: .seconds(31)) == .halfOpen)
    }

    @Test("the probe decides: closed by success, open again by failure, free again when it told nothing")
    func probe() {
        var breaker = opened()
        _ = breaker.admit(at: .seconds(30))
        var (good, bad, silent) = (breaker, breaker, breaker)
        good.succeeded()
        #expect(good.admit(at: .seconds(31)) == .pass && good.state(at: .seconds(31)) == .closed)
        bad.failed(at: .seconds(31))
        #expect(bad.admit(at: .seconds(32)) == .wait(.seconds(29)))
        silent.released(at: .seconds(31))
        #expect(silent.admit(at: .seconds(31)) == .pass)
        #expect(breaker.admit(at: .seconds(60)) == .pass)
    }

    @Test("a late failure of a call from before does not prolong the pause")
    func lateFailure() {
        var breaker = opened()
        breaker.failed(at: .seconds(20))
        #expect(breaker.admit(at: .seconds(30)) == .pass)
    }

    @Test("a guarded transport stops calling a failing host, and only that one")
    func guarded() async throws {
        let clock = Mutex(Duration.zero)
        let time = TimeSource(now: { Timestamp(milliseconds: 0) }, monotonic: { clock.withLock { $0 } }, sleep: { _ in })
        let breakers = CircuitBreakers(time: time)
        let script = ScriptedTransport(
            Array(repeating: .success(HTTPResponse(status: 503)), count: 5) + [
                .success(HTTPResponse(status: 200)), .success(HTTPResponse(status: 404)),
            ])
        let http = script.http.guarded(by: breakers)
        let bad = HTTPRequest(url: "https://bad.example/x")
        for _ in 0..<5 { _ = try await http.send(bad) }
        await #expect { _ = try await http.send(bad) } throws: { ($0 as? TransportFailure)?.mayHaveBeenSent == false }
        #expect(breakers.tripped.map(\.host) == ["bad.example"])
        #expect(try await http.send(HTTPRequest(url: "https://good.example/")).status == 200)
        clock.withLock { $0 = .seconds(30) }
        #expect(try await http.send(bad).status == 404)
        #expect(breakers.tripped.isEmpty)
    }
}
