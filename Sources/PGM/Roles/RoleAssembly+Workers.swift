import Dispatch
import Foundation
import Providers
import ServiceLifecycle
import Shared
import Worker

extension RoleAssembly {
    /// Consumers of the commands of every enabled provider, each in a group of its own and with a journal of its own.
    func workers(
        _ selection: ProviderSelection, _ settings: WorkerRoleSettings
    ) throws -> (services: [any Service], parts: [HealthPart]) {
        var services: [any Service] = []
        var parts: [HealthPart] = []
        for entry in selection.entries {
            let made = try worker(entry, settings)
            services += made.services
            parts += made.parts
        }
        return (services, parts)
    }

    private func worker(
        _ entry: ProviderSelection.Entry, _ settings: WorkerRoleSettings
    ) throws -> (services: [any Service], parts: [HealthPart]) {
        let (provider, transport) = provider(entry)
        let name = entry.type.description.name
        let topic = process.topics.commands(of: name)
        let (journal, reader) = try journal(of: name, settings)
        let processor = CommandProcessor(
            .init(
                provider: provider, codec: codec, sender: producer, journal: journal,
                settings: WorkerSettings(
                    providerTimeout: entry.timeout, commandPartitions: process.plan.commandPartitions,
                    resultPartitions: process.plan.commandPartitions),
                deadLetters: deadLetters, clock: clock, crashes: settings.crashes, logger: logger))
        let consumer = LaneConsumer(
            topic: topic, settings: settings.lanes, journal: journal, crashes: settings.crashes, logger: logger,
            process: { work, partition in await processor.process(work, partition) })
        try join(consumer, topic: topic, group: process.topics.workerGroup(of: name), instanceID: settings.instanceID)
        let journalTopic = process.topics.journal(of: name)
        let journalGate = gate(reader, topics: [journalTopic])
        let gate = gate(
            JoiningWorker(reader: reader, consumer: consumer, logger: logger),
            topics: [topic, journalTopic, process.topics.results])
        let health = HealthPart("journal." + name.value) {
            HealthState(
                isUp: journal.isReady && reader.isConnected,
                details: ["open": journal.openCount, "lag": Int(reader.lag)])
        }
        observe(name, journal, reader)
        return (
            [transport, journalGate, journal, gate],
            [part("worker." + name.value, of: consumer), gate.part("topics.worker." + name.value), health]
        )
    }

    private func journal(
        of name: ProviderName, _ settings: WorkerRoleSettings
    ) throws -> (journal: Journal, reader: JournalReader) {
        let disk = DispatchQueue(label: "pgm.journal." + name.value)
        let blocking = BlockingWork { work in
            await withCheckedContinuation { continuation in
                disk.async {
                    work()
                    continuation.resume()
                }
            }
        }
        let journal = Journal(
            provider: name, instance: process.instance, codec: codec, sender: producer,
            index: try SQLiteJournalIndex(
                directory: settings.journalDirectory, name: process.topics.journal(of: name), logger: logger),
            settings: JournalSettings(
                partitions: process.plan.commandPartitions,
                reacquireDelay: process.kafka.sessionTimeout + .seconds(2)),
            clock: clock, blocking: blocking, logger: logger)
        let reader = try JournalReader(
            journal: journal, topic: process.topics.journal(of: name), partitions: process.plan.commandPartitions,
            standby: settings.standby, configuration: process.kafka, logger: logger)
        return (journal, reader)
    }

    private func observe(_ name: ProviderName, _ journal: Journal, _ reader: JournalReader) {
        let registry = MetricRegistry.process
        let labels = [("provider", name.value)]
        registry.observe(MetricName.journalLag, dimensions: labels) { Double(reader.lag) }
        registry.observe(MetricName.journalOpen, dimensions: labels) { Double(journal.openCount) }
    }
}
