public import Shared

/// What a provider can do, as data: routing, validation, documentation and tests all read it here.
public struct ProviderDescription: Sendable {
    /// The provider's name in paths and topics.
    public var name: ProviderName
    /// Other names that paths may use.
    public var aliases: [ProviderName]
    /// `providerName` in notifications.
    public var notificationName: String
    /// The payment methods.
    public var methods: [PaymentMethodDescription]
    /// The operations; one that is missing here answers 501.
    public var operations: [OperationDescription]
    /// The settings, beginning with the provider's prefix.
    public var settings: [ProviderSettingDescription]
    /// Whether only `pgm dev` enables it without being told.
    public var isDemonstration: Bool
    /// Whether calls tell the provider a callback URL, so that `PGM_PUBLIC_URL` is required.
    public var needsPublicURL: Bool
    /// How a callback proves where it comes from.
    public var callbackProof: CallbackProof

    /// Makes a description.
    public init(
        name: ProviderName, aliases: [ProviderName] = [], notificationName: String,
        methods: [PaymentMethodDescription], operations: [OperationDescription],
        settings: [ProviderSettingDescription], isDemonstration: Bool = false, needsPublicURL: Bool = false,
        callbackProof: CallbackProof
    ) {
        self.name = name
        self.aliases = aliases
        self.notificationName = notificationName
        self.methods = methods
        self.operations = operations
        self.settings = settings
        self.isDemonstration = isDemonstration
        self.needsPublicURL = needsPublicURL
        self.callbackProof = callbackProof
    }

    /// The description of an operation, when the provider has it.
    public func operation(_ operation: Operation) -> OperationDescription? {
        operations.first { $0.operation == operation }
    }

    /// The method that a path names, by its name or an alias.
    public func method(named name: String) -> PaymentMethodDescription? {
        methods.first { $0.name == name || $0.aliases.contains(name) }
    }
}

/// How a provider's callback proves where it comes from.
public enum CallbackProof: Sendable, Hashable {
    /// A signature over content and time; one whose time is further from now is refused.
    case timedSignature(toleranceSeconds: Int64)
    /// A signature over content alone: an old callback is as authentic as a new one.
    case signature
    /// None: nothing that it says is believed, the provider is asked.
    case none
}

/// A payment method of a provider.
public struct PaymentMethodDescription: Sendable, Hashable {
    /// The name in paths, `credit-cards` for instance.
    public var name: String
    /// Other names that paths may use.
    public var aliases: [String]
    /// `paymentType` in notifications.
    public var paymentType: String

    /// Makes a method.
    public init(name: String, aliases: [String] = [], paymentType: String) {
        self.name = name
        self.aliases = aliases
        self.paymentType = paymentType
    }
}

/// One operation of a provider.
public struct OperationDescription: Sendable, Hashable {
    /// What a call of the operation does at the provider.
    public enum Effect: Sendable, Hashable {
        /// Reads only; may be repeated at will.
        case none
        /// Moves money or changes state; a repeat carries the same idempotency key, which the provider honours.
        case onceByKey
        /// Moves money or changes state, and the provider knows no key: a call of unknown effect is never repeated.
        case onceUnprotected
    }

    /// From where a command takes the payment's reference, hence its lane.
    public enum ReferenceRule: Sendable, Hashable {
        /// `shopTransactionID` must be given.
        case shopTransactionID
        /// `shopTransactionID` may be given; the command id takes its place.
        case shopTransactionIDOrCommandID
        /// `paymentID` must be given.
        case paymentID
        /// Either may be given, at least one must.
        case either
        /// The provider's callback says it.
        case callback
        /// The body names no payment, only a session for instance.
        case none
    }

    /// Which operation.
    public var operation: Operation
    /// Methods that have it, where not all do.
    public var methods: [String]?
    /// The request's body; none for operations told by query or callback.
    public var body: ObjectSchema?
    /// Where the reference comes from.
    public var reference: ReferenceRule
    /// What a call does.
    public var effect: Effect

    /// Makes an operation.
    public init(
        _ operation: Operation, methods: [String]? = nil, body: ObjectSchema? = nil, reference: ReferenceRule,
        effect: Effect
    ) {
        self.operation = operation
        self.methods = methods
        self.body = body
        self.reference = reference
        self.effect = effect
    }

    /// Whether the given method has the operation.
    public func supports(method: String) -> Bool {
        methods?.contains(method) ?? true
    }
}

/// One setting of a provider.
public struct ProviderSettingDescription: Sendable, Hashable {
    /// Type of a setting.
    public enum Kind: Sendable, Hashable {
        /// Any text.
        case text
        /// A credential or key.
        case secret
        /// An absolute URL.
        case url
        /// One of these words, of which one is the default.
        case choice([String])
    }

    /// Name behind the provider's prefix: `BASE_URL` for `STRIPE_BASE_URL`.
    public var name: String
    /// Its type.
    public var kind: Kind
    /// Value when unset; a setting without one is required.
    public var fallback: String?
    /// Whether it may be absent altogether.
    public var isOptional: Bool
    /// What it is, for messages and documentation.
    public var summary: String

    /// A setting that must be there.
    public static func required(_ name: String, _ kind: Kind, _ summary: String) -> ProviderSettingDescription {
        ProviderSettingDescription(name: name, kind: kind, fallback: nil, isOptional: false, summary: summary)
    }

    /// A setting with a default, or none at all.
    public static func optional(
        _ name: String, _ kind: Kind, default fallback: String? = nil, _ summary: String
    ) -> ProviderSettingDescription {
        ProviderSettingDescription(name: name, kind: kind, fallback: fallback, isOptional: true, summary: summary)
    }
}
