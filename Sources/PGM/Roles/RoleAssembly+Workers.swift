import Dispatch
import Foundation
import Providers
import ServiceLifecycle
import Shared
import Worker

extension RoleAssembly {
    /// What the worker of one provider is made of.
    private struct Worker {
        var lanes: LaneConsumer
        var reader: JournalReader
        var topics: [String]
        var services: [any Service]
        var parts: [HealthPart]
    }

    /// The commands of all enabled providers: one member of one group, with bounds and a journal for each provider.
    func workers(
        _ selection: ProviderSelection, _ settings: WorkerRoleSettings
    ) throws -> (services: [any Service], parts: [HealthPart]) {
        let workers = try selection.entries.map { try worker($0, settings) }
        let group = process.topics.workerGroup
        let lanes = try LaneGroup(
            group: group, lanes: workers.map(\.lanes), configuration: process.kafka,
            instanceID: settings.instanceID.map { $0 + "." + group }, logger: logger)
        let gate = gate(
            JoiningWorker(readers: workers.map(\.reader), lanes: lanes, logger: logger),
            topics: workers.flatMap(\.topics) + [process.topics.results])
        return (workers.flatMap(\.services) + [gate], workers.flatMap(\.parts) + [gate.part("topics.worker")])
    }

    private func worker(_ entry: ProviderSelection.Entry, _ settings: WorkerRoleSettings) throws -> Worker {
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
        let lanes = LaneConsumer(
            topic: topic, settings: settings.lanes, journal: journal, crashes: settings.crashes, logger: logger,
            process: { work, partition in await processor.process(work, partition) })
        let journalTopic = process.topics.journal(of: name)
        let health = HealthPart("journal." + name.value) {
            HealthState(
                isUp: journal.isReady && reader.isConnected,
                details: ["open": journal.openCount, "lag": Int(reader.lag)])
        }
        observe(name, journal, reader)
        return Worker(
            lanes: lanes, reader: reader, topics: [topic, journalTopic],
            services: [transport, gate(reader, topics: [journalTopic]), journal],
            parts: [part("worker." + name.value, of: lanes), health])
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
