import Testing

@testable import Ingress

struct KeysInFlightTests {
    @Test func whoComesWhileAnotherWaitsIsARepeatAndTheLastOneFreesTheKey() {
        let keys = KeysInFlight(keysMax: 2)
        #expect(keys.enter("a") == .first)
        #expect(keys.enter("b") == .first)
        #expect(keys.enter("a") == .repeat)
        keys.leave("a", from: .first)
        #expect(keys.enter("a") == .repeat, "the repeat waits still")
        keys.leave("a", from: .repeat)
        keys.leave("a", from: .repeat)
        #expect(keys.enter("a") == .first)
        #expect(keys.count == 2)
    }

    @Test func aFullTableTakesNoMoreKeysAndForgetsNone() {
        let keys = KeysInFlight(keysMax: 1)
        #expect(keys.enter("a") == .first)
        #expect(keys.enter("b") == .untracked)
        keys.leave("b", from: .untracked)
        #expect(keys.enter("a") == .repeat)
        keys.leave("a", from: .first)
        keys.leave("a", from: .repeat)
        #expect(keys.count == 0)
        #expect(keys.enter("b") == .first)
    }
}
