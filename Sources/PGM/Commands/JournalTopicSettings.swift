import ArgumentParser
import Shared

/// Settings of the journals' topics that `pgm topics create` is given, by Kafka's own names.
struct JournalTopicSettings: ParsableArguments {
    /// What may be set: when the broker compacts, never whether it keeps what it must.
    static let names: Set<String> = [
        "delete.retention.ms", "max.compaction.lag.ms", "min.cleanable.dirty.ratio", "min.compaction.lag.ms",
        "segment.bytes", "segment.ms",
    ]

    @Option(
        help: ArgumentHelp(
            "A setting of the journals' topics in place of the default, NAME=VALUE; may be repeated.",
            discussion: "One of \(names.sorted().joined(separator: ", "))."))
    var journalSetting: [String] = []

    mutating func validate() throws {
        for text in journalSetting {
            guard let (name, value) = Self.pair(text), Double(value).map({ $0 >= 0 && $0.isFinite }) == true else {
                throw ValidationError("--journal-setting: '\(text)' is not NAME=VALUE with a number")
            }
            guard Self.names.contains(name) else {
                let known = Self.names.sorted().joined(separator: ", ")
                throw ValidationError("--journal-setting: '\(name)' is not one of \(known)")
            }
        }
    }

    /// The specification of a journal's topic with these settings.
    func applied(to topic: KafkaTopicSpecification) -> KafkaTopicSpecification {
        var topic = topic
        for text in journalSetting {
            if let (name, value) = Self.pair(text) { topic.settings[name] = value }
        }
        return topic
    }

    private static func pair(_ text: String) -> (name: String, value: String)? {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }
}
