import Providers
import Shared

/// The providers that are enabled, each with its settings.
struct ProviderSelection: Sendable {
    /// One enabled provider.
    struct Entry: Sendable {
        let type: any PaymentProvider.Type
        let settings: ProviderSettings
        let timeout: Duration
        let connectionsMax: Int
    }

    let entries: [Entry]

    /// Names of the enabled providers.
    var names: [ProviderName] { entries.map { $0.type.description.name } }

    /// Reads `ENABLED_PROVIDERS` and the settings of each provider in it.
    init(reader: inout SettingsReader) {
        let known = ProviderRegistry.all.map { $0.description.name.value }.sorted().joined(separator: ", ")
        let names = reader.list("ENABLED_PROVIDERS")
        if names.isEmpty { reader.report("ENABLED_PROVIDERS", "is required: one or more of \(known), by commas") }
        let hasPublicURL = reader.optionalString("PGM_PUBLIC_URL") != nil
        let publicURL = hasPublicURL ? reader.url("PGM_PUBLIC_URL", default: "http://invalid.invalid") : nil
        var entries: [Entry] = []
        var seen: Set<ProviderName> = []
        for name in names {
            let type = ProviderRegistry.all.first { type in
                ([type.description.name] + type.description.aliases).contains { $0.value == name }
            }
            guard let type else {
                reader.report("ENABLED_PROVIDERS", "names a provider that does not exist; there are \(known)")
                continue
            }
            guard seen.insert(type.description.name).inserted else { continue }
            if type.description.needsPublicURL, publicURL == nil {
                reader.report(
                    "PGM_PUBLIC_URL", "is required by \(type.description.name): public base URL of this service")
            }
            entries.append(Self.entry(type, publicURL: publicURL, &reader))
        }
        self.entries = entries
    }

    private static func entry(
        _ type: any PaymentProvider.Type, publicURL: String?, _ reader: inout SettingsReader
    ) -> Entry {
        let prefix = type.description.name.settingPrefix
        return Entry(
            type: type,
            settings: ProviderSettings(description: type.description, reader: &reader, publicURL: publicURL),
            timeout: reader.seconds(prefix + "_TIMEOUT_SECONDS", default: 20, in: 1...600),
            connectionsMax: reader.integer(prefix + "_MAX_CONNECTIONS", default: 128, in: 1...10_000))
    }

    /// Reports provider timeouts that leave a command no time within its caller's wait.
    func check(against requestTimeout: Duration, _ reader: inout SettingsReader) {
        for entry in entries where entry.timeout + .seconds(1) >= requestTimeout {
            reader.report(
                entry.type.description.name.settingPrefix + "_TIMEOUT_SECONDS",
                "must be at least two seconds less than REQUEST_TIMEOUT_SECONDS")
        }
    }
}
