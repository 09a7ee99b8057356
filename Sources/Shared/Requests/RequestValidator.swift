/// Checks a body against its schema and reports every invalid field at once, never a value.
public struct RequestValidator: Sendable {
    private var issues: [FieldIssue] = []
    /// Unix seconds by which days are past; `nil` leaves that unchecked.
    let nowSeconds: Int64?

    /// Most issues that one answer reports.
    static let issuesMax = 50

    /// All that is wrong with an object, in the schema's order; empty when it is valid.
    ///
    /// - Parameter nowSeconds: Unix seconds by which a day is over; without it no day is.
    public static func issues(
        of object: [String: JSONValue], schema: ObjectSchema, nowSeconds: Int64? = nil
    ) -> [FieldIssue] {
        var validator = RequestValidator(nowSeconds: nowSeconds)
        validator.check(object, against: schema, path: "")
        return Array(validator.issues.prefix(issuesMax))
    }

    private mutating func check(_ object: [String: JSONValue], against schema: ObjectSchema, path: String) {
        let currency = schema.currency(of: object) ?? .euro
        for field in schema.fields {
            let fieldPath = path.isEmpty ? field.name : path + "." + field.name
            guard let value = object[field.name], value != .null else {
                if field.isRequired { report(fieldPath, "is required: " + Self.expectation(of: field.type)) }
                continue
            }
            check(value, as: field.type, path: fieldPath, currency)
        }
        for rule in schema.rules { check(rule, in: object, path: path) }
    }

    private mutating func check(
        _ value: JSONValue, as type: FieldType, path: String, _ currency: Currency = .euro
    ) {
        switch (type, value) {
        case (.string(let length, let format), .string(let text)):
            check(text, length: length, format: format, path: path)
        case (.amount(let zeroAllowed), .string(let text)):
            check(amount: text, of: currency, zeroAllowed: zeroAllowed, path: path)
        case (.integer(let range), .integer(let number)):
            if !range.contains(number) { report(path, "must be " + Self.expectation(of: type)) }
        case (.enumeration(let values), .string(let text)):
            if !values.contains(text) { report(path, "must be " + Self.expectation(of: type)) }
        case (.object(let schema), .object(let members)):
            check(members, against: schema, path: path)
        case (.variants(let variants), .object(let members)):
            check(members, asOneOf: variants, path: path)
        case (.array(let element, let count), .array(let elements)):
            guard count.contains(elements.count) else {
                report(path, "must be " + Self.expectation(of: type))
                return
            }
            for (index, each) in elements.enumerated() where issues.count < Self.issuesMax {
                check(each, as: element, path: "\(path)[\(index)]")
            }
        case (.boolean, .boolean), (.token, .object): break
        case (.token, .string(let text)):
            check(text, length: 2...65_536, format: .json, path: path)
        default:
            report(path, "must be " + Self.expectation(of: type))
        }
    }

    /// Only the shape that the object claims is checked, so that its issues are about what the caller meant.
    private mutating func check(_ members: [String: JSONValue], asOneOf variants: [ObjectVariant], path: String) {
        check(.exactlyOne(variants.map(\.key)), in: members, path: path)
        let claimed = variants.filter { members[$0.key].map { $0 != .null } ?? false }
        if claimed.count == 1 { check(members, against: claimed[0].schema, path: path) }
    }

    private mutating func check(amount text: String, of currency: Currency, zeroAllowed: Bool, path: String) {
        do {
            let money = try Money.parse(text, currency: currency)
            if money.minorUnits == 0, !zeroAllowed { report(path, "must be greater than zero") }
        } catch {
            report(path, "must be a decimal string such as \"5.00\" (\(error.rawValue))")
        }
    }

    private mutating func check(_ text: String, length: ClosedRange<Int>, format: StringFormat, path: String) {
        guard length.contains(text.unicodeScalars.count) else {
            report(path, "must have \(length.lowerBound) to \(length.upperBound) characters")
            return
        }
        if !Self.matches(text, format) { report(path, "must be " + Self.expectation(of: format)) }
    }

    mutating func report(_ path: String, _ issue: String) {
        issues.append(FieldIssue(field: path, issue: issue))
    }

    private static func matches(_ text: String, _ format: StringFormat) -> Bool {
        switch format {
        case .text: !text.unicodeScalars.contains { $0.value == 0 }
        case .printableASCII: text.utf8.allSatisfy { $0 >= 0x20 && $0 <= 0x7E }
        case .url: isAbsoluteURL(text)
        case .date: CalendarDay(yearMonthDay: text) != nil
        case .dayMonthYear: CalendarDay(dayMonthYear: text) != nil
        case .currency: Currency(code: text) != nil
        case .json: (try? JSONCoding.decode(JSONValue.self, from: Array(text.utf8))) != nil
        }
    }

    /// Whether a text is a URL with a scheme and something behind it, in characters that may stand in a header.
    static func isAbsoluteURL(_ text: String) -> Bool { URLText.isAbsolute(text) }

    static func expectation(of type: FieldType) -> String {
        switch type {
        case .string(_, let format): expectation(of: format)
        case .amount: "a decimal string such as \"5.00\""
        case .boolean: "true or false"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .enumeration(let values): "one of \(values.joined(separator: ", "))"
        case .object, .variants: "an object"
        case .array(_, let count): "an array of \(count.lowerBound) to \(count.upperBound) elements"
        case .token: "an object, or the same object serialised as a string"
        }
    }

    private static func expectation(of format: StringFormat) -> String {
        switch format {
        case .text: "a string"
        case .printableASCII: "a string of printable ASCII characters"
        case .url: "an absolute URL"
        case .date: "a day as yyyy-MM-dd"
        case .dayMonthYear: "a day as dd/MM/yyyy"
        case .currency: "a currency code of three capital letters"
        case .json: "a string that holds JSON"
        }
    }
}
