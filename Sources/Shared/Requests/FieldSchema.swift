/// What a string field may hold beyond its length.
public enum StringFormat: String, Sendable, Hashable {
    /// Any text.
    case text
    /// Printable ASCII characters.
    case printableASCII
    /// An absolute `http` or `https` URL, or an app's own scheme.
    case url
    /// A day as `yyyy-MM-dd`.
    case date
    /// A day as `dd/MM/yyyy`.
    case dayMonthYear
    /// Three capital letters of ISO 4217.
    case currency
    /// Text that holds a JSON document.
    case json

    /// The regular expression of absolute URLs, as far as one can say it, for the documentation.
    public static let urlPattern = URLText.pattern
}

/// Type and limits of a field of a request body.
public indirect enum FieldType: Sendable, Hashable {
    /// A string of so many characters.
    case string(length: ClosedRange<Int>, format: StringFormat)
    /// A decimal string such as `"5.00"`, of the currency in the object's field `currency`, without one of euros.
    case amount(zeroAllowed: Bool)
    /// `true` or `false`.
    case boolean
    /// A whole number.
    case integer(ClosedRange<Int64>)
    /// One of these strings.
    case enumeration([String])
    /// An object with its own fields.
    case object(ObjectSchema)
    /// An array of so many elements.
    case array(of: FieldType, count: ClosedRange<Int>)
    /// A wallet token: a JSON object, or the same serialised as a string.
    case token
    /// An object of one of several shapes, told apart by the key that only this shape has.
    case variants([ObjectVariant])

    /// An identifier of a payment.
    public static let identifier = FieldType.string(
        length: 1...PaymentReference.lengthMax, format: .printableASCII)
    /// A URL of at most 2,048 characters.
    public static let url = FieldType.string(length: 1...2048, format: .url)
    /// An opaque token of at most 4,096 characters.
    public static let opaqueToken = FieldType.string(length: 1...4096, format: .printableASCII)
    /// A short text for people.
    public static let shortText = FieldType.string(length: 1...255, format: .text)
}

/// One field of a request body: the source of its validation and of its place in the API's documentation.
public struct FieldSchema: Sendable, Hashable {
    /// The name as it stands in the body.
    public var name: String
    /// Type and limits.
    public var type: FieldType
    /// Whether its absence (or `null`) is an error.
    public var isRequired: Bool
    /// What the field means, for the documentation.
    public var summary: String

    /// A field that must be there.
    public static func required(_ name: String, _ type: FieldType, _ summary: String) -> FieldSchema {
        FieldSchema(name: name, type: type, isRequired: true, summary: summary)
    }

    /// A field that may be absent or `null`.
    public static func optional(_ name: String, _ type: FieldType, _ summary: String) -> FieldSchema {
        FieldSchema(name: name, type: type, isRequired: false, summary: summary)
    }
}

/// One of the shapes that an object may have.
public struct ObjectVariant: Sendable, Hashable {
    /// The field whose presence tells this shape from the others.
    public var key: String
    /// All fields of the shape, the key's among them.
    public var schema: ObjectSchema

    /// Makes a shape; the key is one of its fields.
    public init(key: String, _ fields: [FieldSchema]) {
        self.key = key
        self.schema = ObjectSchema(fields: fields)
    }
}

/// The fields of an object and the rules between them.
public struct ObjectSchema: Sendable, Hashable {
    /// A rule over several fields.
    public enum Rule: Sendable, Hashable {
        /// Exactly one of these fields is given.
        case exactlyOne([String])
        /// At least one of these fields is given.
        case atLeastOne([String])
        /// A field must be given when another one is.
        case required(String, with: String)
        /// A field must be given when another one has this value, and only then.
        case onlyWhen(String, other: String, equals: String)
        /// A `dd/MM/yyyy` day is not over yet in Italy.
        case notOver(String)
        /// The elements of an array agree in a field; its absence stands for a value, elements with another key have
        /// no such field.
        case same(String, inAll: String, absence: JSONValue?, except: String)
    }

    /// The known fields; unknown ones are ignored.
    public var fields: [FieldSchema]
    /// Rules over several fields.
    public var rules: [Rule]

    /// Makes a schema.
    public init(fields: [FieldSchema], rules: [Rule] = []) {
        self.fields = fields
        self.rules = rules
    }
}
