/// Prices prepared in the simulated account, from a setting such as `price_a=500,price_b=1000/month/3`.
struct StripeCatalogue: Sendable {
    /// A prepared price.
    struct Price: Sendable, Equatable {
        /// In cents.
        let unitAmount: Int
        /// Nil for a one-off price.
        let recurring: StripeRecurring?
    }

    private let prices: [String: Price]

    /// Reads the setting: `id=cents[/interval[/count]]`, separated by commas; malformed parts are left out.
    init(_ setting: String) {
        var prices: [String: Price] = [:]
        for part in setting.split(separator: ",") {
            let sides = part.split(separator: "=")
            guard sides.count == 2 else { continue }
            let values = sides[1].split(separator: "/")
            guard let first = values.first, let unitAmount = Int(first), unitAmount >= 0 else { continue }
            var recurring: StripeRecurring?
            if values.count > 1, let interval = StripeRecurring.Interval(rawValue: String(values[1])) {
                recurring = StripeRecurring(interval: interval, count: values.count > 2 ? Int(values[2]) ?? 1 : 1)
            }
            prices[String(sides[0])] = Price(unitAmount: unitAmount, recurring: recurring)
        }
        self.prices = prices
    }

    /// The price of that id; nil when the account has none.
    subscript(id: String) -> Price? { prices[id] }
}
