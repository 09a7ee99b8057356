import ArgumentParser
import Foundation
import Logging
import Providers
import Shared
import Worker

/// The command `pgm payments`: what the journals say, and an operator's word where nobody else knows.
struct PaymentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "payments", abstract: "Shows payments and effects of unknown outcome, and settles these by hand.",
        subcommands: [Unknown.self, Show.self, Settle.self])

    /// What every subcommand reads: the journals of an installation.
    struct Journals {
        let codec: MessageCodec
        let kafka: KafkaConfiguration
        let partitions: Int32
        let logger: Logger

        init(_ reader: inout SettingsReader) throws {
            let process = ProcessSettings(role: "payments", reader: &reader)
            try reader.finish()
            codec = MessageCodec(topics: process.topics, source: "/pgm/" + process.instance, keys: process.keys)
            kafka = process.kafka
            partitions = process.plan.commandPartitions
            logger = Logger(label: "pgm") { LineLogHandler(label: $0, level: .error, format: process.logFormat) }
        }

        func read(
            _ provider: ProviderName,
            isWanted: (@Sendable (JournalKey, JournalSummary) -> Bool)? = nil,
            _ entries: @escaping @Sendable (JournalView) async throws -> [JournalView.Entry]
        ) async throws -> [JournalView.Entry] {
            try await JournalView.read(
                provider, partitions: partitions, codec: codec, configuration: kafka, logger: logger,
                isWanted: isWanted, entries)
        }
    }

    /// The provider that an option names; fails with the names there are.
    static func provider(_ name: String) throws -> ProviderName {
        guard let description = ProviderRegistry.description(named: name) else {
            let known = ProviderRegistry.all.map { $0.description.name.value }.sorted().joined(separator: ", ")
            throw ValidationError("--provider: there is no provider '\(name)'; there are \(known)")
        }
        return description.name
    }

    /// One line about an effect: identifiers, amount and state, never a token.
    static func line(_ effect: EffectState, _ stage: JournalMark.Stage) -> String {
        let begun = WallClock.rfc3339(unixMilliseconds: effect.firstAttemptedAtMilliseconds)
        let state = effect.answer?.label ?? (stage == .unknown ? "UNKNOWN" : "UNDER WAY")
        let amount = effect.amount.map { $0.decimalString + " " + $0.currency.code } ?? "-"
        return [
            effect.commandID.value, effect.operation.rawValue, state, amount,
            "shopTransactionID=" + (effect.reference.shopTransactionID ?? "-"),
            "paymentID=" + (effect.answer?.found.paymentID ?? effect.reference.paymentID ?? "-"), begun,
        ].joined(separator: "  ")
    }

    /// The command `pgm payments unknown`.
    struct Unknown: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "unknown", abstract: "Lists effects whose outcome is not known.")

        @Option(help: "Only of this provider.")
        var provider: String?

        @Flag(help: "Also effects that are under way at this moment.")
        var all = false

        func run() async throws {
            let names = try provider.map { [try PaymentsCommand.provider($0)] }
            try await Start.withSettings { reader in
                let journals = try Journals(&reader)
                var count = 0
                for name in names ?? ProviderRegistry.all.map({ $0.description.name }) {
                    let entries = try await journals.read(name) { try await $0.open() }
                    for entry in entries where entry.effect.answer == nil && (all || entry.stage == .unknown) {
                        print(name.value + "  " + PaymentsCommand.line(entry.effect, entry.stage))
                        count += 1
                    }
                }
                print(count == 1 ? "1 effect" : "\(count) effects")
            }
        }
    }

    /// The command `pgm payments show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Shows everything that is known of one payment.")

        @Option(help: "The provider.")
        var provider: String

        @Argument(help: "The merchant's shopTransactionID, the provider's paymentID or a command id.")
        var identifier: String

        func run() async throws {
            let name = try PaymentsCommand.provider(provider)
            let identifier = identifier
            try await Start.withSettings { reader in
                let isWanted: @Sendable (JournalKey, JournalSummary) -> Bool = { key, summary in
                    key == .payment(identifier) || summary.commandID?.value == identifier
                        || summary.reference?.shopTransactionID == identifier
                        || summary.reference?.paymentID == identifier
                }
                let entries = try await Journals(&reader).read(name, isWanted: isWanted) { try await $0.kept() }
                    .filter { Self.concerns($0, identifier) }
                for entry in entries { Self.show(entry) }
                if entries.isEmpty { throw ExitCode(1) }
            }
        }

        private static func concerns(_ entry: JournalView.Entry, _ identifier: String) -> Bool {
            let effects = entry.payment?.attempts.map(\.effect) ?? [entry.effect]
            return entry.key == .payment(identifier)
                || effects.contains { effect in
                    effect.commandID.value == identifier || effect.reference.shopTransactionID == identifier
                        || effect.reference.paymentID == identifier || effect.answer?.found.paymentID == identifier
                }
        }

        private static func show(_ entry: JournalView.Entry) {
            guard let payment = entry.payment else {
                return print(PaymentsCommand.line(entry.effect, entry.stage))
            }
            print("payment \(payment.shopTransactionID): \(payment.attemptNumber) attempts")
            for attempt in payment.attempts {
                let final = attempt.final.map { "  " + $0.rawValue } ?? ""
                print("  \(attempt.number)  " + PaymentsCommand.line(attempt.effect, entry.stage) + final)
            }
            print("  captured \(payment.capturedMinorUnits), refunded \(payment.refundedMinorUnits) minor units")
            for sent in payment.notified { print("  notified \(sent.webhookID)") }
        }
    }

    /// The command `pgm payments settle`.
    struct Settle: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "settle",
            abstract: "Says what became of an effect of unknown outcome; a worker records and publishes it.")

        /// What an operator may say.
        enum Outcome: String, ExpressibleByArgument, CaseIterable {
            case ok, ko
        }

        @Option(help: "The provider.")
        var provider: String

        @Option(help: "The command, as `pgm payments unknown` lists it.")
        var commandID: String

        @Option(help: "ok: it happened at the provider; ko: it did not and will not.")
        var outcome: Outcome

        @Option(help: "The provider's identifier of the payment.")
        var paymentID: String?

        @Option(help: "Text of the recorded answer.")
        var explanation = "settled by an operator"

        func run() async throws {
            let name = try PaymentsCommand.provider(provider)
            guard let id = CommandID(commandID) else {
                throw ValidationError("--command-id must have 26 characters, as `pgm payments unknown` lists them")
            }
            try await Start.withSettings { reader in
                let journals = try Journals(&reader)
                let entry = try await journals.read(name) { try await $0.open() }
                    .first { $0.effect.commandID == id && $0.effect.answer == nil }
                guard let entry, let lane = Lane(key: entry.effect.lane) else {
                    Start.complain("pgm: no effect of this command is open")
                    throw ExitCode(1)
                }
                let task = LaneTask(
                    id: .make(atUnixMilliseconds: WallClock.system.unixMilliseconds), provider: name, lane: lane,
                    createdAtMilliseconds: WallClock.system.unixMilliseconds,
                    content: .settle(
                        OperatorDecision(
                            commandID: id, hasHappened: outcome == .ok, paymentID: paymentID,
                            explanation: explanation)))
                let producer = try KafkaProducer(configuration: journals.kafka, logger: journals.logger)
                let record = try journals.codec.record(for: task, partitionCount: journals.partitions)
                let result: Result<KafkaOffset, any Error>
                do { result = .success(try await producer.send(record)) } catch { result = .failure(error) }
                await producer.close(within: .seconds(5))
                _ = try result.get()
                print("handed to the workers; `pgm payments show` tells when it is recorded")
            }
        }
    }
}
