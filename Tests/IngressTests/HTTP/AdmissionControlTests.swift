import Testing

@testable import Ingress

struct AdmissionControlTests {
    @Test func placesAreBoundedInAllAndPerCallerAndComeBack() {
        let admission = AdmissionControl(requestsMax: 3, requestsPerCallerMax: 2)
        #expect(admission.enter("a") == .admitted)
        #expect(admission.enter("a") == .admitted)
        #expect(admission.enter("a") == .callerAtLimit)
        #expect(admission.enter("b") == .admitted)
        #expect(admission.enter("c") == .overloaded)
        #expect(admission.enter("a") == .overloaded)
        admission.leave("a")
        #expect(admission.enter("c") == .admitted)
        admission.leave("c")
        #expect(admission.enter("a") == .admitted)
    }

    @Test func aRefusedCallerTakesNoPlace() {
        let admission = AdmissionControl(requestsMax: 10, requestsPerCallerMax: 1)
        #expect(admission.enter("a") == .admitted)
        for _ in 0..<100 { #expect(admission.enter("a") == .callerAtLimit) }
        admission.leave("a")
        #expect(admission.enter("a") == .admitted)
        for index in 0..<9 { #expect(admission.enter("other-\(index)") == .admitted) }
        #expect(admission.enter("last") == .overloaded)
    }
}
