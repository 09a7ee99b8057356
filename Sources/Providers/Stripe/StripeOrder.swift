import Shared

/// What a buyer is to pay: the products of a request, or its plain amount as one product.
struct StripeOrder: Sendable, Hashable {
    /// How often something is billed: every so many intervals.
    struct Recurrence: Sendable, Hashable {
        /// `day`, `week`, `month` or `year`.
        var interval: String
        /// At least 1.
        var count: Int64
    }

    /// What one line is charged by.
    enum Price: Sendable, Hashable {
        /// A Stripe Price, which knows its own recurrence.
        case prepared(id: String)
        /// An amount for a Stripe Product.
        case product(id: String, unitAmount: Money)
        /// An amount for a product that has only a name.
        case named(String, unitAmount: Money)
    }

    /// One line.
    struct Item: Sendable, Hashable {
        var price: Price
        var quantity: Int64
        /// Only for subscriptions, and never with a prepared price.
        var recurrence: Recurrence?
    }

    var items: [Item]

    /// Reads the validated body of `pay` or `pay/recurrent`.
    init(_ call: ProviderCall, reference: String, isRecurrent: Bool) throws(ProviderFailure) {
        guard let products = call.body["products"]?.arrayValue else {
            guard let amount = call.amount else { throw ProviderFailure.incompleteCall }
            let recurrence = isRecurrent ? try Self.recurrence(call.body) : nil
            items = [
                Item(
                    price: .named("Order " + reference, unitAmount: amount), quantity: 1, recurrence: recurrence)
            ]
            return
        }
        var items: [Item] = []
        for product in products { items.append(try Self.item(product, isRecurrent: isRecurrent)) }
        guard !items.isEmpty else { throw ProviderFailure.incompleteCall }
        self.items = items
    }

    private static func item(_ product: JSONValue, isRecurrent: Bool) throws(ProviderFailure) -> Item {
        guard let quantity = product["quantity"]?.integerValue else { throw ProviderFailure.incompleteCall }
        if let id = product["priceId"]?.stringValue {
            return Item(price: .prepared(id: id), quantity: quantity)
        }
        guard let text = product["unitAmount"]?.stringValue, let amount = try? Money.parse(text) else {
            throw ProviderFailure.incompleteCall
        }
        let price: Price
        if let id = product["productId"]?.stringValue {
            price = .product(id: id, unitAmount: amount)
        } else if let name = product["productName"]?.stringValue {
            price = .named(name, unitAmount: amount)
        } else {
            throw ProviderFailure.incompleteCall
        }
        return Item(price: price, quantity: quantity, recurrence: isRecurrent ? try recurrence(product) : nil)
    }

    private static func recurrence(_ object: JSONValue) throws(ProviderFailure) -> Recurrence {
        guard let interval = object["interval"]?.stringValue else { throw ProviderFailure.incompleteCall }
        return Recurrence(interval: interval, count: object["intervalCount"]?.integerValue ?? 1)
    }
}
