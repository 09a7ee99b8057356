import Logging
import Providers
import ServiceLifecycle
import Shared
import Worker

extension RoleAssembly {
    /// What the worker of one provider is made of.
    private struct Worker {
        var lanes: LaneConsumer
        var journal: Journal
        var topics: [String]
        var services: [any Service]
        var parts: [HealthPart]
    }

    /// The commands of all enabled providers: one member of one group, with bounds and a journal for each provider.
    func workers(
        _ selection: ProviderSelection, _ settings: WorkerRoleSettings
    ) throws -> (services: [any Service], parts: [HealthPart]) {
        let reader = try JournalReader(configuration: process.kafka, producer: producer, logger: logger)
        let workers = try selection.entries.map { try worker($0, settings, reader) }
        let journals = workers.map(\.journal)
        producer.onFailure { for journal in journals { journal.producerFailed() } }
        let group = process.topics.workerGroup
        let lanes = try LaneGroup(
            group: group, lanes: workers.map(\.lanes), configuration: process.kafka,
            instanceID: settings.instanceID.map { $0 + "." + group }, logger: logger)
        let gate = gate(
            JoiningWorker(
                journals: journals, lanes: lanes, snapshotInterval: settings.snapshotInterval, logger: logger),
            topics: workers.flatMap(\.topics) + [process.topics.results])
        let readerGate = self.gate(
            reader, topics: selection.names.map { process.topics.journal(of: $0) })
        return (
            workers.flatMap(\.services) + [readerGate] + journals + [gate],
            workers.flatMap(\.parts) + [gate.part("topics.worker")]
        )
    }

    private func worker(
        _ entry: ProviderSelection.Entry, _ settings: WorkerRoleSettings, _ reader: JournalReader
    ) throws -> Worker {
        let (provider, transport) = provider(entry)
        let name = entry.type.description.name
        let topic = process.topics.commands(of: name)
        let journal = journal(of: name, settings)
        reader.add(journal)
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
                details: ["open": journal.openCount, "lag": Int(journal.lag), "entries": journal.size.entries])
        }
        observe(name, journal)
        return Worker(
            lanes: lanes, journal: journal, topics: [topic, journalTopic], services: [transport],
            parts: [part("worker." + name.value, of: lanes), health])
    }

    /// A journal, and where its index is kept; without that, or where nothing can be kept, its log is read at each
    /// start.
    private func journal(of name: ProviderName, _ settings: WorkerRoleSettings) -> Journal {
        var snapshots: JournalSnapshotStore?
        if let directory = settings.journalDirectory {
            do throws(JournalDirectoryError) {
                snapshots = try JournalSnapshotStore(directory: directory, name: process.topics.journal(of: name))
            } catch {
                logger.warning(
                    "the journal's index cannot be kept in JOURNAL_DIRECTORY", metadata: .of([.reason: "\(error)"]))
            }
        }
        return Journal(
            provider: name, instance: process.instance, codec: codec, sender: producer,
            settings: JournalSettings(
                partitions: process.plan.commandPartitions, standby: settings.standby,
                reacquireDelay: process.kafka.sessionTimeout + .seconds(2), retention: process.plan.journalRetention,
                cacheBytesMax: settings.journalCacheBytes),
            snapshots: snapshots, clock: clock, logger: logger)
    }

    private func observe(_ name: ProviderName, _ journal: Journal) {
        let registry = MetricRegistry.process
        let labels = [("provider", name.value)]
        registry.observe(MetricName.journalLag, dimensions: labels) { Double(journal.lag) }
        registry.observe(MetricName.journalOpen, dimensions: labels) { Double(journal.openCount) }
        registry.observe(MetricName.journalIndexEntries, dimensions: labels) { Double(journal.size.entries) }
        registry.observe(MetricName.journalIndexBytes, dimensions: labels) { Double(journal.size.bytes) }
    }
}
