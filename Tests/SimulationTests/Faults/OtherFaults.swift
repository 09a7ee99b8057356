import Shared

@testable import Worker

/// Ends late commands without looking whether they ran.
struct DeadlineFirst: DeliberateFault {
    func process(_ message: KafkaMessage, _ office: FaultyOffice) async -> RecordDisposition? {
        guard !office.codec.isTask(message), let command = try? office.codec.command(from: message),
            let deadline = command.deadlineMilliseconds, office.clock.unixMilliseconds > deadline
        else { return nil }
        let result = ResultEvent(
            commandID: command.id, provider: command.provider, operation: command.operation,
            reference: command.reference, amount: command.amount, outcome: Outcome.expiredLabel,
            occurredAtMilliseconds: office.clock.unixMilliseconds, notification: nil)
        guard let record = try? office.codec.record(for: result, partitionCount: 1),
            (try? await office.sender.send(record)) != nil
        else { return nil }
        return .done
    }
}

/// Commits records when they are read.
struct CommittedEarly: DeliberateFault {
    var commitsEarly: Bool { true }
}

/// Asks the provider while the lost call may still be under way: the journal's clock is a hundred times too fast.
struct WaitSkipped: DeliberateFault {
    func journalTiming(_ timing: Timing) -> Timing {
        Timing(
            now: { timing.now * 100 }, pause: { await timing.pause(for: $0) }, sleep: { await timing.delay(for: $0) })
    }
}

/// Records are known by their entry alone, so that compaction takes one owner's for another's.
struct KeyWithoutEpoch: DeliberateFault {
    func compactionKey(_ key: [UInt8]) -> [UInt8] {
        guard let sign = key.lastIndex(of: UInt8(ascii: "@")) else { return key }
        return Array(key[..<sign])
    }
}
