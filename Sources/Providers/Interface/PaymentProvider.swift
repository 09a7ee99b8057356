public import Shared

/// A payment provider: its description, and the calls to its API.
///
/// An instance is used by many tasks at once and keeps no state of payments. It repeats no call by itself: whether a
/// call is tried again is decided by the worker, from ``ProviderFailure`` and the operation's effect.
public protocol PaymentProvider: Sendable {
    /// What the provider can do.
    static var description: ProviderDescription { get }

    /// Makes the client of a provider from its settings, which were checked against the description.
    init(settings: ProviderSettings, transport: any HTTPTransport, clock: WallClock)

    /// Verifies a callback and tells whose it is; called by the ingress, calls nobody.
    /// - Throws: ``CallbackRejection`` when it is not authentic or says no payment.
    func authenticate(_ callback: RawCallback) throws(CallbackRejection) -> CallbackNotice

    /// Executes an operation that changes something: `pay`, `refund`, `confirm`, …
    func execute(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer

    /// Reads the state of a payment, for `check` and `status`.
    func observe(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentObservation

    /// Reads the state that an authenticated callback reports, asking the provider where the callback proves nothing.
    func observe(_ callback: RawCallback, call: ProviderCall) async throws(ProviderFailure) -> PaymentObservation

    /// Tells what became of an execution whose answer was lost, without changing anything.
    ///
    /// The effect is known by ``ProviderCall/idempotencyKey``, which the execution left in the provider's object:
    /// neither an earlier attempt at the same payment nor another command's effect of the same amount is taken for it.
    /// - Returns: `nil` when it provably never happened, or left nothing that anybody could use; the call is then made
    ///   anew, so that a wrong `nil` is a second charge.
    /// - Throws: ``ProviderFailure`` when the provider's answers decide nothing; always as of unknown effect.
    func reconcile(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer?

    /// How an effect whose answer was lost is cleared up; asked for operations that change something.
    func recovery(of operation: Operation) -> EffectRecovery

    /// Takes the money that an observation says is waiting: ``PaymentObservation/awaitsCapture``.
    func capture(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer
}

extension PaymentProvider {
    /// Nothing waits for a capture, unless a provider says otherwise.
    public func capture(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer {
        throw ProviderFailure.operationMissing
    }
}

/// How an effect whose answer was lost is cleared up.
public enum EffectRecovery: Sendable, Hashable {
    /// By the same request under the same key, which the provider answers as it did the first time, also when the
    /// first one is still under way. Only for as long as the key lives, counted from the first attempt; then the
    /// provider is asked. One that keeps its own errors (5xx) under a key is asked as soon as the repeat gets one.
    case repeatUnderKey(life: Duration, keepsErrors: Bool = false)
    /// By asking the provider; what it does not know this long after the call ended did not happen.
    case lookUp(visibilityLag: Duration)

    /// Whether a call may be made again although an earlier one may have had its effect.
    public var isProtectedByKey: Bool {
        if case .repeatUnderKey = self { return true }
        return false
    }
}

/// Why a callback is not taken.
public enum CallbackRejection: Error, Sendable, Hashable {
    /// Signature or other proof is missing, wrong or too old: 401.
    case notAuthentic
    /// Authentic, and yet unreadable: 400 with the text, which holds no value of the callback.
    case unreadable(String)
}

/// What an authentic callback is about.
public enum CallbackNotice: Sendable, Hashable {
    /// A payment's outcome may have changed: to be processed in the lane of this reference.
    case payment(PaymentReference)
    /// Nothing that this service acts on: acknowledged and forgotten.
    case ignored(reason: String)
}

/// The settings of one provider, with what all providers have in common.
public struct ProviderSettings: Sendable {
    /// Public base URL of this service, under which providers reach callbacks; no slash at its end.
    public let publicURL: String?
    /// The provider's name.
    public let provider: ProviderName
    private let values: [String: Secret<String>]

    /// Reads what a description lists, reporting what is missing or ill-formed to the reader.
    public init(description: ProviderDescription, reader: inout SettingsReader, publicURL: String?) {
        var values: [String: Secret<String>] = [:]
        for setting in description.settings {
            let name = description.name.settingPrefix + "_" + setting.name
            switch (setting.kind, setting.isOptional) {
            case (.url, _) where setting.fallback != nil || reader.optionalString(name) != nil:
                values[setting.name] = Secret(reader.url(name, default: setting.fallback ?? "http://invalid.invalid"))
            case (.choice(let words), _):
                values[setting.name] = Secret(reader.choice(name, default: setting.fallback ?? "", of: words))
            case (_, false):
                values[setting.name] = reader.requiredSecret(name, meaning: setting.summary)
            case (_, true):
                values[setting.name] = reader.optionalSecret(name) ?? setting.fallback.map { Secret($0) }
            }
        }
        self.values = values
        self.provider = description.name
        self.publicURL = publicURL
    }

    /// A setting by its name behind the prefix; empty when absent (the start has then failed already if it is
    /// required).
    public func secret(_ name: String) -> Secret<String> {
        values[name] ?? Secret("")
    }

    /// A setting that is no secret.
    public func text(_ name: String) -> String {
        secret(name).exposed
    }

    /// Where the provider delivers callbacks: `{publicURL}/{provider}/callback`.
    public var callbackURL: String {
        (publicURL ?? "") + "/" + provider.value + "/callback"
    }
}
