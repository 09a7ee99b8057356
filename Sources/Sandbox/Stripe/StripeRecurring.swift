import Foundation

/// How often a subscription is billed.
struct StripeRecurring: Sendable, Equatable {
    /// Billing unit; the raw value is what the wire shows.
    enum Interval: String, Sendable {
        case day, week, month, year

        /// Longest total of three years, in this unit.
        var maximumCount: Int {
            switch self {
            case .day: 1095
            case .week: 156
            case .month: 36
            case .year: 3
            }
        }
    }

    /// Billing unit.
    let interval: Interval
    /// Units between bills.
    let count: Int

    /// The end of the period that begins at these Unix seconds.
    func end(ofPeriodFrom start: Int) -> Int {
        let component: Calendar.Component
        var value = count
        switch interval {
        case .day: component = .day
        case .week:
            component = .day
            value = count * 7
        case .month: component = .month
        case .year: component = .year
        }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let date = Date(timeIntervalSince1970: TimeInterval(start))
        let end = calendar.date(byAdding: component, value: value, to: date) ?? date
        return UnixTime.seconds(end)
    }
}
