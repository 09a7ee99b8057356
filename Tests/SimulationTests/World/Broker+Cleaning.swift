import Shared

/// What the broker removes: replaced records, and old ones.
extension Broker {
    /// Removes records that a later record of their key has replaced; the last record of the log stays.
    ///
    /// - Parameters:
    ///   - lag: records younger than this stay, and do not count against older ones.
    ///   - key: what makes two records the same.
    ///   - behind: records at this offset and behind it are not looked at, as those of segments that are not cleaned.
    func compact(
        _ partition: KafkaPartition, lag: Duration, before behind: Int64 = .max, key: ([UInt8]) -> [UInt8] = { $0 }
    ) {
        guard let records = logs[partition]?.records, let newest = records.last else { return }
        func isLookedAt(_ stored: Stored) -> Bool {
            stored.message.offset < min(behind, newest.message.offset) && (lag == .zero || now - stored.at > lag)
        }
        var last: [[UInt8]: Int64] = [:]
        for stored in records where isLookedAt(stored) { last[key(stored.message.key ?? [])] = stored.message.offset }
        logs[partition]?.records = records.filter { stored in
            !isLookedAt(stored) || last[key(stored.message.key ?? [])] == stored.message.offset
        }
    }

    /// Removes what is older than a time from the beginning of a log.
    func expire(_ partition: KafkaPartition, olderThan age: Duration) {
        guard let log = logs[partition] else { return }
        let left = log.records.drop { now - $0.at > age }
        guard left.count < log.records.count else { return }
        logs[partition]?.start = left.first?.message.offset ?? log.end
        logs[partition]?.records = Array(left)
    }

    /// Removes what is too old, of every topic.
    func expire(journal: String) {
        for partition in logs.keys.sorted() {
            expire(
                partition,
                olderThan: partition.topic == journal ? Settings.journalRetention : Settings.commandRetention)
        }
    }
}
