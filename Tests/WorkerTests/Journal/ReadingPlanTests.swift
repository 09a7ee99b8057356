import Testing

@testable import Worker

struct ReadingPlanTests {
    private static func texts(_ plan: ReadingPlan) -> [String] { plan.chosen.map { "\($0.partition)@\($0.offset)" } }

    @Test func whatIsFollowedIsReadFromWhereItIs() {
        var plan = ReadingPlan(followed: [0, 2], offsets: [0: 5, 1: 6, 2: 7])
        #expect(Self.texts(plan) == ["0@5", "2@7"])
        plan.followed = [1]
        plan.moved(to: [0: 0, 1: 9])
        #expect(Self.texts(plan) == ["1@9"])
        // Nothing of it was read: its log begins there.
        plan.followed = [0]
        #expect(Self.texts(plan) == ["0@5"])
    }

    @Test func aRestartStaysInEveryLaterPlanUntilOneHasBegun() {
        var plan = ReadingPlan(followed: [0, 1, 2], offsets: [0: 50, 1: 60, 2: 70])
        plan.restart(0, at: 3)
        // Its plan is replaced before it came into effect, by those of another restart and of an assignment.
        plan.moved(to: [0: 0, 1: 61, 2: 71])
        plan.restart(1, at: 4)
        #expect(plan.restarting == [0, 1])
        #expect(Self.texts(plan) == ["0@3", "1@4", "2@71"])
        plan.moved(to: [0: 0, 1: 0, 2: 72])
        #expect(plan.restarting == [0, 1])
        #expect(Self.texts(plan) == ["0@3", "1@4", "2@72"])
    }

    @Test func whatHasBegunIsReadFromWhereItIs() {
        var plan = ReadingPlan(followed: [0, 1], offsets: [0: 50, 1: 60])
        plan.restart(0, at: 3)
        let first = plan.restarting
        plan.restart(1, at: 4)
        plan.begun(first)
        #expect(plan.restarting == [1])
        plan.moved(to: [0: 8, 1: 0])
        #expect(Self.texts(plan) == ["0@8", "1@4"])
    }
}
