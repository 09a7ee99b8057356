import Shared
import Testing

@testable import PGM

/// The doctor's rules about what no test can break for real.
@Suite
struct DoctorRuleTests {
    private static let names = TopicNames(prefix: "p.")
    private static let topics = TopicPlan(commandPartitions: 6, replyPartitions: 3, replicationFactor: 3)
        .topics(named: names, providers: [])

    private func finding(_ changed: [String: String]) throws -> Finding {
        let topic = try #require(Self.topics.first { $0.name == "p.results" })
        let settings = topic.settings.merging(changed) { $1 }
        return try #require(TopicCheck.settings(of: [topic], found: [topic.name: settings]).first)
    }

    @Test func settingsAsTheyWereCreatedAreFine() throws {
        #expect(try finding([:]).isFine)
    }

    @Test(arguments: [
        (
            "retention.ms", "3600000",
            "retention.ms is 3600000, so records may be deleted before they are processed; it must be 604800000 at least"
        ),
        (
            "min.insync.replicas", "1",
            "min.insync.replicas is 1, so one broker's loss may lose acknowledged records; it must be 2 at least"
        ),
        ("cleanup.policy", "compact", "cleanup.policy is compact, but must be delete"),
    ])
    func aSettingThatLosesRecordsIsTold(name: String, value: String, sentence: String) throws {
        let found = try finding([name: value])
        #expect(!found.isFine)
        #expect(found.line == "wrong  settings of topic p.results: \(sentence); change it with: kafka-configs --alter")
    }

    @Test(arguments: [("retention.ms", "-1"), ("retention.ms", "999999999999"), ("min.insync.replicas", "3")])
    func aSettingThatKeepsMoreIsFine(name: String, value: String) throws {
        #expect(try finding([name: value]).isFine)
    }

    @Test func severalWrongSettingsAreToldTogether() throws {
        let found = try finding(["retention.ms": "1", "cleanup.policy": "compact"])
        #expect(found.sentence.contains("cleanup.policy is compact"))
        #expect(found.sentence.contains("retention.ms is 1,"))
    }

    @Test func aSettingThatTheBrokerDoesNotTellIsWrong() throws {
        let topic = try #require(Self.topics.first)
        let found = try #require(TopicCheck.settings(of: [topic], found: [topic.name: [:]]).first)
        #expect(found.sentence.contains("cleanup.policy is not told by the broker, but must be delete"))
    }

    @Test(arguments: [Int64(0), 1_735_689_600_000, 4_102_444_800_001])
    func aClockThatCannotBeRightIsTold(unixMilliseconds: Int64) {
        let found = Doctor.clock(WallClock { unixMilliseconds })
        #expect(!found.isFine)
        #expect(found.sentence.hasSuffix("which cannot be right; set it and keep it with NTP"))
    }

    @Test func anOldLibraryIsTold() {
        #expect(!Doctor.library(version: "1.9.2", number: 0x0109_02FF).isFine)
        #expect(Doctor.library(version: "2.0.2", number: 0x0200_02FF).isFine)
    }
}
