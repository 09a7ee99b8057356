/// Rules over several fields of an object.
extension RequestValidator {
    mutating func check(_ rule: ObjectSchema.Rule, in object: [String: JSONValue], path: String) {
        let prefix = path.isEmpty ? "" : path + "."
        switch rule {
        case .exactlyOne(let names): checkCount(of: names, isExact: true, in: object, path: path)
        case .atLeastOne(let names): checkCount(of: names, isExact: false, in: object, path: path)
        case .required(let name, let other):
            if Self.isGiven(other, in: object), !Self.isGiven(name, in: object) {
                report(prefix + name, "is required with \(other)")
            }
        case .onlyWhen(let name, let other, let value):
            let isWanted = object[other]?.stringValue == value
            if isWanted, !Self.isGiven(name, in: object) {
                report(prefix + name, "is required when \(other) is \(value)")
            } else if !isWanted, Self.isGiven(name, in: object) {
                report(prefix + name, "may be given only when \(other) is \(value)")
            }
        case .notOver(let name):
            guard let text = object[name]?.stringValue, let day = CalendarDay(dayMonthYear: text) else { return }
            if let nowSeconds, day.lastSecondInItaly <= nowSeconds { report(prefix + name, "must not be a past day") }
        case .same(let field, let array, let absence, let key):
            checkAgreement(
                on: field, absence: absence, in: object[array]?.arrayValue ?? [], except: key, prefix + array)
        }
    }

    private mutating func checkCount(
        of names: [String], isExact: Bool, in object: [String: JSONValue], path: String
    ) {
        let given = names.filter { Self.isGiven($0, in: object) }
        let place = path.isEmpty ? names.joined(separator: ", ") : path
        if given.isEmpty {
            report(place, "one of \(names.joined(separator: ", ")) is required")
        } else if isExact, given.count > 1 {
            report(place, "only one of \(names.joined(separator: ", ")) may be given")
        }
    }

    /// Elements without a value are left to the check of each element.
    private mutating func checkAgreement(
        on field: String, absence: JSONValue?, in elements: [JSONValue], except key: String, _ path: String
    ) {
        var first: JSONValue?
        for (index, element) in elements.enumerated() where element[key] == nil && element.objectValue != nil {
            guard let value = element[field] ?? absence else { continue }
            if let first, first != value {
                report("\(path)[\(index)].\(field)", "must be the same in all \(path)")
            }
            first = first ?? value
        }
    }

    private static func isGiven(_ name: String, in object: [String: JSONValue]) -> Bool {
        object[name].map { $0 != .null } ?? false
    }
}

extension ObjectSchema {
    /// The currency of an object's amounts, where the schema has a field `currency` and its value is one.
    ///
    /// A field of that name that the schema does not know means nothing.
    public func currency(of object: [String: JSONValue]) -> Currency? {
        guard fields.contains(where: { $0.name == "currency" }) else { return nil }
        return object["currency"]?.stringValue.flatMap { Currency(code: $0) }
    }
}
