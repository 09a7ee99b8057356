import ArgumentParser
import Foundation
import Providers
import Shared

/// The command `pgm topics`.
struct TopicsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topics", abstract: "Manages the topics of an installation.", subcommands: [Create.self])

    /// The command `pgm topics create`.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Creates every topic that is missing, with explicit settings.")

        @OptionGroup var journal: JournalTopicSettings

        func run() async throws {
            let journal = journal
            try await Start.withSettings { reader in
                let kafka = ProcessSettings.kafka(clientID: "pgm-topics", &reader)
                let names = TopicNames(prefix: reader.string("KAFKA_TOPIC_PREFIX", default: "pgm."))
                let plan = TopicPlan(
                    commandPartitions: Int32(reader.integer("KAFKA_COMMAND_PARTITIONS", default: 12, in: 1...1000)),
                    replyPartitions: Int32(reader.integer("KAFKA_REPLY_PARTITIONS", default: 12, in: 1...1000)),
                    replicationFactor: Int32(reader.integer("KAFKA_REPLICATION_FACTOR", default: 3, in: 1...7)))
                try reader.finish()
                let providers = ProviderRegistry.all.map { $0.description.name }
                let journals = Set(providers.map { names.journal(of: $0) })
                let topics = plan.topics(named: names, providers: providers).map { topic in
                    journals.contains(topic.name) ? journal.applied(to: topic) : topic
                }
                let outcomes = try await KafkaAdministration.createTopics(
                    topics, configuration: kafka, within: .seconds(30))
                var isComplete = true
                for topic in topics {
                    switch outcomes[topic.name] {
                    case .created: print("created  \(topic.name) (\(topic.partitions) partitions)")
                    case .existed: print("exists   \(topic.name)")
                    case .failed(let error):
                        print("failed   \(topic.name): \(error)")
                        isComplete = false
                    case nil:
                        print("failed   \(topic.name): the broker did not answer for it")
                        isComplete = false
                    }
                }
                if !isComplete { throw ExitCode(1) }
            }
        }
    }
}
