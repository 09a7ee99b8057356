import Testing

@testable import Shared

struct TopicPlanTests {
    private static let names = TopicNames(prefix: "p.")
    private static let providers: [ProviderName] = [ProviderName("first"), ProviderName("second")]
    private static let plan = TopicPlan(commandPartitions: 6, replyPartitions: 3, replicationFactor: 3)
    private static let topics = plan.topics(named: names, providers: providers)

    @Test func everyProviderHasCommandsAndAJournalBesideTheCommonTopics() {
        #expect(
            Self.topics.map(\.name).sorted() == [
                "p.commands.first", "p.commands.second", "p.deadletter", "p.journal.first", "p.journal.second",
                "p.replies", "p.results",
            ])
        #expect(Set(Self.topics.map(\.replicationFactor)) == [3])
        #expect(Set(Self.topics.map { $0.settings["min.insync.replicas"] }) == ["2"])
    }

    @Test func aJournalHasAsManyPartitionsAsItsCommands() throws {
        for provider in Self.providers {
            let commands = try #require(Self.topics.first { $0.name == Self.names.commands(of: provider) })
            let journal = try #require(Self.topics.first { $0.name == Self.names.journal(of: provider) })
            #expect(commands.partitions == 6)
            #expect(journal.partitions == commands.partitions)
        }
    }

    @Test func aJournalKeepsTheLastRecordOfEachKeyUntilItExpires() throws {
        let journal = try #require(Self.topics.first { $0.name == "p.journal.first" })
        #expect(journal.settings["cleanup.policy"] == "compact,delete")
        #expect(journal.settings["retention.ms"] == String(180 * 86_400_000))
        // What was just written can be read by its offset for a while.
        let lag = try #require(journal.settings["min.compaction.lag.ms"].flatMap { Int($0) })
        #expect(lag >= 3_600_000)
        let segment = try #require(journal.settings["segment.ms"].flatMap { Int($0) })
        #expect(segment < 180 * 86_400_000)
        var short = Self.plan
        short.journalRetention = .seconds(40 * 86_400)
        let settings = short.topics(named: Self.names, providers: Self.providers).first { $0.name == "p.journal.first" }
        #expect(settings?.settings["retention.ms"] == String(40 * 86_400_000))
    }

    @Test func everythingElseIsDeletedAfterItsTime() {
        for topic in Self.topics where !topic.name.contains("journal") {
            #expect(topic.settings["cleanup.policy"] == "delete", "\(topic.name)")
            #expect((topic.settings["retention.ms"].flatMap { Int($0) } ?? 0) > 0, "\(topic.name)")
        }
    }
}
