/// What a ``Sandbox`` is told at start: where it lives, which credentials it expects and how much it keeps.
public struct SandboxConfiguration: Sendable {
    /// Path under which every simulated provider is found, as `{basePath}/{provider}`; no trailing slash.
    public var basePath: String
    /// Path of the simulated merchant; no trailing slash.
    public var merchantPath: String
    /// Scheme, host and port by which a browser reaches this process; hosted page addresses begin with it.
    public var publicBaseURL: String
    /// Credentials and settings by provider name, then by setting name; what is absent comes from
    /// ``defaultProviderSettings``.
    ///
    /// `stripe`: `privateKey`, `webhookSecret`, `webhookURL` (no webhooks without it), `prices` (see
    /// ``StripeCatalogue``).
    /// `generic-provider`: `apiKey`, `callbackSecret`.
    public var providerSettings: [String: [String: String]]
    /// `whsec_…` secrets of which any may sign a merchant notification; empty leaves notifications unverified.
    public var merchantSecrets: [String]
    /// Time every provider operation takes before it has its effect.
    public var latency: Duration
    /// Time until a payment that was made is found by its reference, where a provider lists payments.
    public var visibilityLag: Duration
    /// Whether each provider keeps its last requests for `GET …/__requests`.
    public var recordsRequests: Bool
    /// Payments a provider keeps before it forgets the oldest closed ones.
    public var maximumPayments: Int

    /// Settings used for whatever ``providerSettings`` leaves out; good for a development machine only.
    public static let defaultProviderSettings: [String: [String: String]] = [
        "stripe": [
            "privateKey": "sk_test_sandbox", "webhookSecret": "whsec_sandbox",
            "prices": "price_test=500,price_monthly=1000/month/1,price_yearly=10000/year/1",
        ],
        "generic-provider": ["apiKey": "generic-sandbox-key", "callbackSecret": "generic-sandbox-secret"],
    ]

    /// Makes a configuration whose defaults suit `pgm dev`.
    public init(
        publicBaseURL: String,
        basePath: String = "/-/sandbox",
        merchantPath: String = "/-/merchant",
        providerSettings: [String: [String: String]] = [:],
        merchantSecrets: [String] = [],
        latency: Duration = .zero,
        visibilityLag: Duration = .zero,
        recordsRequests: Bool = false,
        maximumPayments: Int = 200_000
    ) {
        self.publicBaseURL = publicBaseURL
        self.basePath = basePath
        self.merchantPath = merchantPath
        self.providerSettings = providerSettings
        self.merchantSecrets = merchantSecrets
        self.latency = latency
        self.visibilityLag = visibilityLag
        self.recordsRequests = recordsRequests
        self.maximumPayments = maximumPayments
    }

    /// The value of one provider setting, or its default; nil or empty means absent.
    func setting(_ name: String, of provider: String) -> String? {
        let value = providerSettings[provider]?[name] ?? Self.defaultProviderSettings[provider]?[name]
        return value?.isEmpty == true ? nil : value
    }
}
