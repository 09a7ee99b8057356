/// An order to the simulated provider to misbehave, as its `__faults` takes it.
struct ProviderFault: Encodable, Sendable {
    /// `create`, `refund`, … or `*`.
    var operation: String
    /// `cutBefore`, `cutAfter`, `hang`, `latency` or `status`.
    var kind: String
    /// Whether it happens when the money has moved already.
    var afterEffect: Bool
    /// How often; nil for as long as the order is in force.
    var count: Int?
    /// Chance of each answer; nil for all.
    var probability: Double?
    /// Only of `status`.
    var status: Int?
    /// Only of `hang` and `latency`.
    var milliseconds: Int?
    /// Longest of a latency that is another each time.
    var millisecondsMax: Int?
    /// Only for payments with this reference.
    var reference: String?

    /// An order with an end.
    init(operation: String, kind: String, afterEffect: Bool, count: Int, milliseconds: Int? = nil) {
        (self.operation, self.kind, self.afterEffect, self.count) = (operation, kind, afterEffect, count)
        if kind == "status" { status = 500 }
        if kind == "hang" || kind == "latency" { self.milliseconds = milliseconds }
    }

    /// A share of all answers is late by as much as chance decides within a range.
    static func slow(_ milliseconds: ClosedRange<Int>, share: Double, afterEffect: Bool) -> ProviderFault {
        var fault = ProviderFault(
            operation: "*", kind: "latency", afterEffect: afterEffect, count: 0, milliseconds: milliseconds.lowerBound)
        (fault.count, fault.probability, fault.millisecondsMax) = (nil, share, milliseconds.upperBound)
        return fault
    }
}
