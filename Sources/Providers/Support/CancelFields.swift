import Shared

/// When a subscription is to end.
enum CancelTime: Sendable, Hashable {
    /// At once.
    case now
    /// Just before the next renewal.
    case endOfPeriod
    /// At this instant, in Unix seconds.
    case at(Int64)

    /// Reads `cancelType` and `cancelTime` of a validated body.
    init(_ body: JSONValue) throws(ProviderFailure) {
        switch body["cancelType"]?.stringValue {
        case "now": self = .now
        case "endOfPeriod": self = .endOfPeriod
        case "atDay":
            guard let day = body["cancelTime"]?.stringValue.flatMap({ CalendarDay(dayMonthYear: $0) }) else {
                throw ProviderFailure.incompleteCall
            }
            self = .at(day.lastSecondInItaly)
        default: throw ProviderFailure.incompleteCall
        }
    }
}

extension ObjectSchema {
    /// Body of `pay/expire`.
    static let expire = ObjectSchema(fields: [.paymentID("The identifier that pay returned.")])

    /// Body of `pay/recurrent/expire`.
    static let cancel = ObjectSchema(
        fields: [
            .paymentID("The identifier that pay/recurrent returned."),
            .required(
                "cancelType", .enumeration(["now", "endOfPeriod", "atDay"]),
                "When the subscription ends: at once, just before the next renewal, or on a day."),
            .optional(
                "cancelTime", .string(length: 10...10, format: .dayMonthYear),
                "The last day, dd/MM/yyyy; it ends at 23:59:59 in Italy. Only, and always, with atDay."),
        ],
        rules: [
            .onlyWhen("cancelTime", other: "cancelType", equals: "atDay"), .notOver("cancelTime"),
        ])
}

extension FieldSchema {
    static func paymentID(_ summary: String) -> FieldSchema { .required("paymentID", .identifier, summary) }
}
