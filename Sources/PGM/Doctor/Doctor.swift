import Ingress
import Logging
import Providers
import Shared
import Worker

/// Looks at everything that an installation needs before it serves, and changes nothing.
struct Doctor: Sendable {
    /// The role whose settings are looked at.
    enum Role: String, Sendable, CaseIterable {
        case all, ingress, worker, notifier
    }

    /// Longest wait for each answer of the broker.
    static let brokerLimit: Duration = .seconds(10)
    /// The first version of librdkafka that this service was measured with: 2.0.2, as it counts versions.
    static let libraryVersionMin: Int32 = 0x0200_02FF
    /// A clock before this was never set: 2026-01-01 in Unix milliseconds.
    static let clockMinMilliseconds: Int64 = 1_767_225_600_000
    /// A clock after this is wrong: 2100-01-01 in Unix milliseconds.
    static let clockMaxMilliseconds: Int64 = 4_102_444_800_000

    let role: Role
    let environment: [String: String]

    /// Every finding, in the order of the checks.
    func findings() async -> [Finding] {
        var reader = SettingsReader(environment: environment)
        let process = ProcessSettings(role: "doctor", reader: &reader)
        let selection = role == .notifier ? nil : ProviderSelection(reader: &reader)
        if role == .all || role == .ingress { _ = RoleSettings.ingress(process, &reader) }
        selection?.check(against: RoleSettings.requestTimeout(&reader), &reader)
        if role == .all || role == .worker { _ = RoleSettings.lanes(process, &reader) }
        let notifier = role == .all || role == .notifier ? RoleSettings.notifier(process, &reader) : nil

        var findings = Self.configuration(reader)
        findings.append(Self.library(version: KafkaLibrary.version, number: KafkaLibrary.versionNumber))
        findings.append(Self.clock(.system))
        let isWrong = Set(findings.filter { !$0.isFine }.map(\.subject))
        if !isWrong.contains("PGM_ENCRYPTION_KEYS") { findings.append(Self.keys(process.keys)) }
        // With a Kafka setting wrong already, no client could be made.
        if !isWrong.contains(where: { $0 == "KAFKA_BOOTSTRAP_SERVERS" || $0.hasPrefix("KAFKA_CONFIG_") }) {
            findings += await kafka(process, selection?.names ?? [])
        }
        for entry in selection?.entries ?? [] { findings += await Self.provider(entry) }
        if let notifier, !isWrong.contains("PAYMENT_CALLBACK_URL") {
            findings.append(await Self.address(notifier.settings.callbackURL, setting: "PAYMENT_CALLBACK_URL"))
        }
        return findings
    }

    private static func configuration(_ reader: SettingsReader) -> [Finding] {
        do {
            try reader.finish()
            return [.fine("configuration", "all settings are there and valid")]
        } catch {
            return error.problems.map { .wrong($0.name, $0.problem) }
        }
    }

    /// Whether the library is one that this service is known to work with.
    static func library(version: String, number: Int32) -> Finding {
        guard number >= libraryVersionMin else {
            return .wrong("librdkafka", "is version \(version), older than 2.0.2; install a newer librdkafka")
        }
        return .fine("librdkafka", "version \(version)")
    }

    /// Whether the clock can be right: deadlines, signatures and retention go by it.
    static func clock(_ clock: WallClock) -> Finding {
        let now = clock.unixMilliseconds
        let text = WallClock.rfc3339(unixMilliseconds: now)
        guard (clockMinMilliseconds...clockMaxMilliseconds).contains(now) else {
            return .wrong("clock", "stands at \(text), which cannot be right; set it and keep it with NTP")
        }
        return .fine("clock", text)
    }

    private static func keys(_ keys: SealingKeyRing) -> Finding {
        let text = Array("doctor".utf8)
        let opened = try? keys.open(try keys.seal(text, context: "doctor"), context: "doctor")
        guard opened == text else {
            return .wrong("encryption keys", "what is sealed does not open again; check PGM_ENCRYPTION_KEYS")
        }
        return .fine("encryption keys", "what is sealed opens again")
    }

    private static func provider(_ entry: ProviderSelection.Entry) async -> [Finding] {
        let description = entry.type.description
        // Other URLs among the settings are for the buyer's browser.
        guard let name = description.settings.first(where: { $0.kind == .url && $0.name.hasPrefix("BASE") })?.name
        else { return [] }
        return [
            await address(entry.settings.secret(name).exposed, setting: description.name.settingPrefix + "_" + name)
        ]
    }

    private static func address(_ url: String, setting: String) async -> Finding {
        if let problem = await AddressCheck.problem(ofURL: url) { return .wrong(setting, problem) }
        return .fine(setting, "can be connected to")
    }
}

extension Doctor {
    private func kafka(_ process: ProcessSettings, _ providers: [ProviderName]) async -> [Finding] {
        let topics = process.plan.topics(named: process.topics, providers: providers)
        let counts: [String: Int]
        do {
            counts = try await KafkaAdministration.partitionCounts(
                topics: topics.map(\.name), configuration: process.kafka, within: Self.brokerLimit)
        } catch {
            return [Self.broker(error)]
        }
        let answered = Finding.fine("broker", "answers")
        let partitions = TopicCheck.partitions(of: topics, counts: counts, names: process.topics)
        let keys = role == .all || role == .worker ? await journalKeys(process, providers, counts) : []
        guard !process.kafka.isEmbedded else { return [answered] + partitions + keys }
        do {
            let settings = try await KafkaAdministration.topicSettings(
                topics: counts.keys.sorted(), configuration: process.kafka, within: Self.brokerLimit)
            return [answered] + partitions + TopicCheck.settings(of: topics, found: settings) + keys
        } catch {
            let sentence = "the broker does not tell them (\(error.code.rawValue)); allow DescribeConfigs on the topics"
            return [answered] + partitions + [.wrong("settings of topics", sentence)] + keys
        }
    }

    /// Which encryption keys the journals still need, and until when; reads them from beginning to end.
    private func journalKeys(
        _ process: ProcessSettings, _ providers: [ProviderName], _ counts: [String: Int]
    ) async -> [Finding] {
        let codec = MessageCodec(topics: process.topics, source: "/pgm/doctor", keys: process.keys)
        let logger = Logger(label: "pgm") { LineLogHandler(label: $0, level: .error, format: process.logFormat) }
        var findings: [Finding] = []
        for provider in providers {
            guard let count = counts[process.topics.journal(of: provider)] else { continue }
            let subject = "encryption keys of " + process.topics.journal(of: provider)
            let used = try? await JournalView.read(
                provider, partitions: Int32(count), codec: codec, configuration: process.kafka,
                logger: logger, within: Self.brokerLimit
            ) { $0.sealingKeys }
            guard let used else {
                findings.append(.wrong(subject, "the journal cannot be read"))
                continue
            }
            for (id, last) in used.sorted(by: { $0.key < $1.key }) {
                let end = last + process.plan.journalRetention.components.seconds * 1000
                let until = id + " is needed until " + WallClock.rfc3339(unixMilliseconds: end)
                let isThere = process.keys.contains(id)
                findings.append(isThere ? .fine(subject, until) : .wrong(subject, until + ", and is not in the ring"))
            }
        }
        return findings
    }

    private static func broker(_ error: KafkaError) -> Finding {
        switch error.code {
        case .invalidProperty, .refusedProperty:
            let name = "KAFKA_CONFIG_" + (error.property ?? "").uppercased().replacing(".", with: "_")
            return .wrong(name, "librdkafka does not know this property, or not its value")
        case .creationFailed:
            return .wrong("broker", "no client can be made of these settings; check the KAFKA_CONFIG_ variables")
        case .unauthorized:
            return .wrong("broker", "refuses our credentials; check the KAFKA_CONFIG_SASL_ variables and the rights")
        default:
            return .wrong(
                "broker",
                "does not answer within 10 seconds; check KAFKA_BOOTSTRAP_SERVERS, the network "
                    + "and KAFKA_CONFIG_SECURITY_PROTOCOL")
        }
    }
}
