import Shared

/// Compares topics as they are with how they must be.
enum TopicCheck {
    /// Existence and partitions.
    static func partitions(
        of topics: [KafkaTopicSpecification], counts: [String: Int], names: TopicNames
    ) -> [Finding] {
        topics.map { topic in
            let subject = "topic " + topic.name
            guard let count = counts[topic.name] else {
                return .wrong(subject, "does not exist; create it with: pgm topics create")
            }
            guard count == Int(topic.partitions) else {
                return .wrong(
                    subject,
                    "has \(count) partitions, but \(topic.partitions) are configured; "
                        + remedy(for: topic.name, count: count, names: names))
            }
            return .fine(subject, "\(count) partitions")
        }
    }

    private static func remedy(for topic: String, count: Int, names: TopicNames) -> String {
        switch topic {
        case names.replies: "set KAFKA_REPLY_PARTITIONS=\(count)"
        case names.deadLetters: "create it anew with: pgm topics create"
        default: "set KAFKA_COMMAND_PARTITIONS=\(count), or begin a new KAFKA_TOPIC_PREFIX after draining this one"
        }
    }

    /// Settings, of the topics that the cluster tells settings of.
    static func settings(of topics: [KafkaTopicSpecification], found: [String: [String: String]]) -> [Finding] {
        topics.compactMap { topic in
            guard let settings = found[topic.name] else { return nil }
            let subject = "settings of topic " + topic.name
            let problems = topic.settings.sorted { $0.key < $1.key }.compactMap { name, wanted in
                problem(name, wanted: wanted, found: settings[name])
            }
            if problems.isEmpty { return .fine(subject, "as they must be") }
            return .wrong(subject, problems.joined(separator: "; ") + "; change it with: kafka-configs --alter")
        }
    }

    private static func problem(_ name: String, wanted: String, found: String?) -> String? {
        guard let found else { return "\(name) is not told by the broker, but must be \(wanted)" }
        guard found != wanted else { return nil }
        switch name {
        case "retention.ms":
            // Kept longer, or for ever, does no harm.
            guard let found = Int64(found), let wanted = Int64(wanted) else { break }
            if found < 0 || found >= wanted { return nil }
            return "retention.ms is \(found), so records may be deleted before they are processed; it must be "
                + "\(wanted) at least"
        case "min.insync.replicas":
            guard let found = Int64(found), let wanted = Int64(wanted), found < wanted else { return nil }
            return "min.insync.replicas is \(found), so one broker's loss may lose acknowledged records; it must be "
                + "\(wanted) at least"
        default: break
        }
        return "\(name) is \(found), but must be \(wanted)"
    }
}
