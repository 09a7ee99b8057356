import Testing

@testable import Worker

struct EndpointHealthTests {
    private static func health(failures: Int = 3, payments: Int = 2) -> EndpointHealth {
        EndpointHealth(limits: .init(failuresMax: failures, paymentsMin: payments, probeInterval: .seconds(5)))
    }

    private static func down(at time: Duration) -> EndpointHealth {
        var health = health()
        for payment in ["a", "b", "c"] { _ = health.failed(payment: payment, permit: .send, at: time) }
        return health
    }

    @Test func onePaymentThatIsAlwaysRefusedDoesNotTakeTheEndpointDown() {
        var health = Self.health()
        for _ in 0..<100 { #expect(health.failed(payment: "a", permit: .send, at: .zero) == false) }
        #expect(health.isUp)
        #expect(health.permit(at: .zero) == .send)
    }

    @Test func failuresOverSeveralPaymentsTakeItDownAtTheBoundAndSayItOnce() {
        var health = Self.health()
        let said = ["a", "b", "c", "d"].map { health.failed(payment: $0, permit: .send, at: .zero) }
        #expect(said == [false, false, true, false])
        #expect(!health.isUp)
    }

    @Test func aSuccessBetweenStartsTheCountAgain() {
        var health = Self.health()
        for payment in ["a", "b"] { _ = health.failed(payment: payment, permit: .send, at: .zero) }
        health.succeeded()
        for payment in ["c", "d"] { #expect(health.failed(payment: payment, permit: .send, at: .zero) == false) }
        #expect(health.isUp)
    }

    @Test func whileDownOneAtATimeProbesAfterTheInterval() {
        var health = Self.down(at: .seconds(10))
        #expect(health.permit(at: .seconds(12)) == .wait(.seconds(3)))
        #expect(health.permit(at: .seconds(15)) == .probe)
        #expect(health.permit(at: .seconds(15)) == .wait(.seconds(5)))
        #expect(health.failed(payment: "a", permit: .probe, at: .seconds(16)) == false)
        #expect(health.permit(at: .seconds(20)) == .wait(.seconds(1)))
        #expect(health.permit(at: .seconds(21)) == .probe)
    }

    @Test func theFirstSuccessBringsItUp() {
        var health = Self.down(at: .zero)
        #expect(health.permit(at: .seconds(5)) == .probe)
        health.succeeded()
        #expect(health.permit(at: .seconds(5)) == .send)
    }

    @Test func anAbandonedProbeLetsTheNextOneProbeAtOnce() {
        var health = Self.down(at: .zero)
        #expect(health.permit(at: .seconds(5)) == .probe)
        health.probeAbandoned(at: .seconds(6))
        #expect(health.permit(at: .seconds(6)) == .probe)
    }

    @Test func anAbandonedDeliveryDoesNotTakeAHealthyEndpointDown() {
        var health = Self.health()
        health.probeAbandoned(at: .zero)
        #expect(health.isUp)
    }
}
