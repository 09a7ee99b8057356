/// Reads a JSON body field by field and refuses whatever is unknown or out of range.
struct GenericParameters {
    /// Largest amount accepted, in minor units.
    static let maximumAmount = 1_000_000_000_000
    /// Longest text accepted, in characters.
    static let maximumTextLength = 2000

    private let json: JSONValue

    /// Takes a body that must be an object with only these fields.
    init(_ json: JSONValue?, allowed: Set<String>) throws(GenericError) {
        guard let json, let fields = json.fields else {
            throw .invalid("body", "The body must be a JSON object.")
        }
        for field in fields where !allowed.contains(field.name) {
            throw .invalid(field.name, "Unknown field.")
        }
        self.json = json
    }

    private func value(_ name: String) -> JSONValue? {
        json[name] == .null ? nil : json[name]
    }

    /// A text that may be absent but not empty.
    func optionalText(_ name: String) throws(GenericError) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.text, !text.isEmpty, text.count <= Self.maximumTextLength else {
            throw .invalid(name, "Must be a text of 1 to 2000 characters.")
        }
        return text
    }

    /// A text that must be present.
    func text(_ name: String) throws(GenericError) -> String {
        guard let text = try optionalText(name) else { throw .invalid(name, "Missing.") }
        return text
    }

    /// One of some words; `standard` when absent, required without one.
    func word(_ name: String, _ words: [String], standard: String? = nil) throws(GenericError) -> String {
        guard let word = try optionalText(name) ?? standard else { throw .invalid(name, "Missing.") }
        guard words.contains(word) else { throw .invalid(name, "Must be one of \(words.joined(separator: ", ")).") }
        return word
    }

    /// An amount in minor units, at least `minimum`.
    func amount(_ name: String, minimum: Int) throws(GenericError) -> Int {
        guard let amount = value(name)?.integer, (minimum...Self.maximumAmount).contains(amount) else {
            throw .invalid(name, "Must be a whole number of minor units.")
        }
        return amount
    }

    /// A currency code of three capital letters.
    func currency(_ name: String) throws(GenericError) -> String {
        let text = try text(name)
        guard text.utf8.count == 3, text.utf8.allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) })
        else { throw .invalid(name, "Must be an ISO 4217 code in capitals.") }
        return text
    }

    /// An absolute http or https address; nil when absent.
    func optionalURL(_ name: String) throws(GenericError) -> String? {
        guard let text = try optionalText(name) else { return nil }
        guard WebAddress.isValid(text) else { throw .invalid(name, "Must be an absolute http or https address.") }
        return text
    }

    /// An absolute http or https address that must be present.
    func url(_ name: String) throws(GenericError) -> String {
        guard let url = try optionalURL(name) else { throw .invalid(name, "Missing.") }
        return url
    }

    /// The recurrence object; nil when absent.
    func recurrence() throws(GenericError) -> GenericRecurrence? {
        guard let value = value("recurrence") else { return nil }
        let fields = try GenericParameters(
            value, allowed: ["first", "token", "previousPaymentId", "intervalDays", "expiresOn"])
        guard let isFirst = fields.value("first")?.bool else {
            throw .invalid("recurrence.first", "Must be a boolean.")
        }
        if let days = fields.value("intervalDays"), !(1...3650).contains(days.integer ?? 0) {
            throw .invalid("recurrence.intervalDays", "Must be 1 to 3650.")
        }
        if let day = try fields.optionalText("expiresOn"), !Self.isDay(day) {
            throw .invalid("recurrence.expiresOn", "Must be yyyy-MM-dd.")
        }
        return GenericRecurrence(
            isFirst: isFirst, token: try fields.optionalText("token"),
            previousPaymentID: try fields.optionalText("previousPaymentId"))
    }

    private static func isDay(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2], let month = Int(parts[1]), let day = Int(parts[2]) else {
            return false
        }
        return Int(parts[0]) != nil && (1...12).contains(month) && (1...31).contains(day)
    }
}

/// What a payment says about being part of a series.
struct GenericRecurrence: Sendable {
    /// Whether it starts the series.
    let isFirst: Bool
    /// Token got from the initial payment.
    let token: String?
    /// Id of an earlier payment of the series.
    let previousPaymentID: String?
}
