import Synchronization
import Testing

@testable import Orchestration

@Suite struct ActionRoomTests {
    private final class Woken: Sendable {
        private let names = Mutex<[String]>([])
        var all: [String] { names.withLock { $0 } }
        func add(_ name: String) { names.withLock { $0.append(name) } }
    }

    private let woken = Woken()

    private func room(_ limit: Int) -> ActionRoom { ActionRoom(limits: ["a": limit]) { [woken] in woken.add($0) } }

    private func take(_ room: ActionRoom, _ request: String, team: String = "t", hasBegun: Bool = false) -> ActionRoom.Place? {
        room.take("a", for: .init(request: request, team: team, hasBegun: hasBegun))
    }

    @Test("there are as many places as the limit says, and one that is given back is kept for who came first")
    func limit() {
        let room = room(2)
        var first = take(room, "1")
        let second = take(room, "2")
        #expect(first != nil && second != nil)
        #expect(take(room, "3") == nil && take(room, "4") == nil)
        first = nil
        #expect(woken.all == ["3"])
        #expect(take(room, "5") == nil, "nobody overtakes")
        #expect(take(room, "3") != nil)
        withExtendedLifetime(second) {}
    }

    @Test("a type without a limit is not limited")
    func unlimited() {
        let room = room(1)
        #expect(room.limit(of: "b") == nil && room.limit(of: "a") == 1)
    }

    @Test("teams take turns, however many of one team came first, and a try that has begun goes before all")
    func fairness() {
        let room = room(1)
        var place = take(room, "running")
        for number in 0..<5 { #expect(take(room, "crowd\(number)", team: "crowd") == nil) }
        #expect(take(room, "single", team: "other") == nil)
        #expect(take(room, "doubt", team: "crowd", hasBegun: true) == nil)
        for _ in 0..<4 {
            place = nil
            place = woken.all.last.flatMap { take(room, $0) }
        }
        withExtendedLifetime(place) {}
        #expect(woken.all == ["doubt", "crowd0", "single", "crowd1"])
    }

    @Test("who does not want the place that is kept for him leaves it to the next one")
    func declined() {
        let room = room(1)
        var place = take(room, "1")
        _ = take(room, "2")
        _ = take(room, "3")
        withExtendedLifetime(place) {}
        place = nil
        room.keep([], for: "2")
        #expect(woken.all == ["2", "3"])
        room.keep([], for: "3")
        #expect(take(room, "4") != nil)
    }

    @Test("who waits beside other calls is told, also when the place came before he listened")
    func listening() async {
        let room = room(1)
        var place = take(room, "1")
        #expect(take(room, "2") == nil)
        withExtendedLifetime(place) {}
        place = nil
        await room.turn(of: "2")
        place = take(room, "2")
        #expect(place != nil && take(room, "3") == nil)
        let third = Task { await room.turn(of: "3") }
        await Task.yield()
        place = nil
        await third.value
        #expect(take(room, "3") != nil)
    }
}
