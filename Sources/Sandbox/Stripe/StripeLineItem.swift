/// One validated line item: a prepared price, an inline price of a prepared product, or both inline.
struct StripeLineItem: Sendable {
    /// Unit amount times quantity in cents.
    let amount: Int
    /// Lower case.
    let currency: String
    /// Nil for a one-off price.
    let recurring: StripeRecurring?

    /// Reads all line items of a request.
    static func read(
        _ parameters: StripeParameters, catalogue: StripeCatalogue
    ) throws(StripeError) -> [StripeLineItem] {
        var items: [StripeLineItem] = []
        for index in try parameters.indexes("line_items", limit: StripeNewSession.maximumLineItems) {
            items.append(try StripeLineItem(parameters, prefix: "line_items[\(index)]", catalogue: catalogue))
        }
        return items
    }

    private init(
        _ parameters: StripeParameters, prefix: String, catalogue: StripeCatalogue
    ) throws(StripeError) {
        guard let quantity = try parameters.integer("\(prefix)[quantity]") else {
            throw .missing("\(prefix)[quantity]")
        }
        guard (1...999_999).contains(quantity) else {
            throw .invalid("\(prefix)[quantity]", "Invalid quantity.", code: "parameter_invalid_integer")
        }
        let hasInlinePrice = parameters.entries.contains { $0.name.hasPrefix("\(prefix)[price_data]") }
        let unitAmount: Int
        if let id = parameters["\(prefix)[price]"] {
            guard !hasInlinePrice else {
                throw .invalid(prefix, "You may only specify one of these parameters: price, price_data.")
            }
            guard let price = catalogue[id] else {
                throw StripeError(
                    status: 400, code: "resource_missing", message: "No such price: '\(id)'",
                    parameter: "\(prefix)[price]")
            }
            (unitAmount, currency, recurring) = (price.unitAmount, "eur", price.recurring)
        } else {
            guard hasInlinePrice else { throw .missing("\(prefix)[price]") }
            let data = "\(prefix)[price_data]"
            currency = try parameters.required("\(data)[currency]").lowercased()
            guard currency.utf8.count == 3 else { throw .invalid("\(data)[currency]", "Invalid currency: \(currency)") }
            unitAmount = try Self.unitAmount(parameters, data)
            try Self.checkProduct(parameters, data)
            recurring = try Self.recurring(parameters, data)
        }
        let (product, overflow) = unitAmount.multipliedReportingOverflow(by: quantity)
        amount = overflow ? .max : product
    }

    private static func unitAmount(_ parameters: StripeParameters, _ data: String) throws(StripeError) -> Int {
        let name = parameters["\(data)[unit_amount]"] == nil ? "\(data)[unit_amount_decimal]" : "\(data)[unit_amount]"
        guard let amount = try parameters.integer(name) else { throw .missing("\(data)[unit_amount]") }
        guard amount >= 0 else {
            throw .invalid(name, "Invalid non-negative integer", code: "parameter_invalid_integer")
        }
        return amount
    }

    private static func checkProduct(_ parameters: StripeParameters, _ data: String) throws(StripeError) {
        let hasInlineProduct = parameters.entries.contains { $0.name.hasPrefix("\(data)[product_data]") }
        guard let product = parameters["\(data)[product]"] else {
            guard hasInlineProduct else { throw .missing("\(data)[product]") }
            _ = try parameters.required("\(data)[product_data][name]")
            return
        }
        guard !hasInlineProduct else {
            throw .invalid(data, "You may only specify one of these parameters: product, product_data.")
        }
        guard product.hasPrefix("prod_"), !product.hasPrefix("prod_missing") else {
            throw StripeError(
                status: 400, code: "resource_missing", message: "No such product: '\(product)'",
                parameter: "\(data)[product]")
        }
    }

    private static func recurring(
        _ parameters: StripeParameters, _ data: String
    ) throws(StripeError) -> StripeRecurring? {
        let countName = "\(data)[recurring][interval_count]"
        let count = try parameters.integer(countName)
        guard let text = parameters["\(data)[recurring][interval]"] else {
            guard count == nil else { throw .missing("\(data)[recurring][interval]") }
            return nil
        }
        guard let interval = StripeRecurring.Interval(rawValue: text) else {
            throw .invalid(
                "\(data)[recurring][interval]", "Invalid interval: must be one of day, month, week, or year")
        }
        guard (1...interval.maximumCount).contains(count ?? 1) else {
            throw .invalid(countName, "The maximum billing interval is three years.")
        }
        return StripeRecurring(interval: interval, count: count ?? 1)
    }
}
