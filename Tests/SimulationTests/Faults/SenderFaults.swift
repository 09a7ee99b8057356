import Shared

@testable import Worker

/// Calls without an entry in the journal: what is attempted is written where nobody looks for it.
struct AttemptedSkipped: DeliberateFault {
    /// Whether that is done to captures; otherwise to all else.
    var ofCaptures = false

    func sender(_ honest: any RecordSender, _ codec: MessageCodec) -> any RecordSender {
        let topic = codec.topics.journal(of: Settings.provider)
        return RewritingSender(honest: honest) { record in
            guard record.topic == topic, let parts = JournalParts(key: record.key, headers: record.headers),
                parts.mark.stage == .attempted, parts.isCapture == ofCaptures
            else { return record }
            // An owner's record of an epoch that has begun says nothing.
            var hidden = record
            hidden.key = JournalRecordKey(owner: "nobody", epoch: parts.key.writer.epoch).bytes
            hidden.headers.removeAll { $0.name == JournalParts.markHeader }
            hidden.headers.append(KafkaHeader(name: JournalParts.markHeader, text: JournalMark().text))
            return hidden
        }
    }
}

/// Records of every client of a process look like those of its first, and nothing is let go when one fails.
struct GenerationIgnored: DeliberateFault {
    func sender(_ honest: any RecordSender, _ codec: MessageCodec) -> any RecordSender {
        RewritingSender(honest: honest, isOneClient: true) { $0 }
    }

    var tellsOfFailedProducers: Bool { false }
}

/// Every acknowledgement names the offset that proves the ownership.
struct GapNotNoticed: DeliberateFault {
    func sender(_ honest: any RecordSender, _ codec: MessageCodec) -> any RecordSender {
        LyingSender(honest: honest, topic: codec.topics.journal(of: Settings.provider), lie: .everyOffset)
    }
}

/// An acknowledgement without an offset is taken for one with the offset that proves the ownership.
struct RepeatedAcknowledgementTrusted: DeliberateFault {
    func sender(_ honest: any RecordSender, _ codec: MessageCodec) -> any RecordSender {
        LyingSender(honest: honest, topic: codec.topics.journal(of: Settings.provider), lie: .missingOffset)
    }
}

/// Calls as soon as the entry is sent.
struct ProofNotAwaited: DeliberateFault {
    func sender(_ honest: any RecordSender, _ codec: MessageCodec) -> any RecordSender {
        LyingSender(honest: honest, topic: codec.topics.journal(of: Settings.provider), lie: .atOnce)
    }
}

/// Sends something else than it is given.
private struct RewritingSender: RecordSender {
    let honest: any RecordSender
    var isOneClient = false
    let rewrite: @Sendable (KafkaRecord) -> KafkaRecord

    var generation: Int { isOneClient ? 0 : honest.generation }

    func submit(
        _ record: KafkaRecord, generation: Int?,
        _ report: @escaping @Sendable (Result<KafkaOffset, KafkaSendError>) -> Void
    ) {
        honest.submit(rewrite(record), generation: isOneClient ? nil : generation, report)
    }
}

/// Says of the journal's records that they are where nothing came between.
///
/// Sendable: used by its world's thread only.
private final class LyingSender: RecordSender, @unchecked Sendable {
    enum Lie {
        case everyOffset, missingOffset, atOnce
    }

    private let honest: any RecordSender
    private let topic: String
    private let lie: Lie
    /// The offset that comes next as far as the process knows, from its owner's record on.
    private var next: [Int32: Int64] = [:]

    init(honest: any RecordSender, topic: String, lie: Lie) {
        self.honest = honest
        self.topic = topic
        self.lie = lie
    }

    var generation: Int { honest.generation }

    func submit(
        _ record: KafkaRecord, generation: Int?,
        _ report: @escaping @Sendable (Result<KafkaOffset, KafkaSendError>) -> Void
    ) {
        guard record.topic == topic, let parts = JournalParts(key: record.key, headers: record.headers) else {
            return honest.submit(record, generation: generation, report)
        }
        if lie == .atOnce, !parts.isOwner, let told = claim(record.partition) {
            report(.success(told))
            return honest.submit(record, generation: generation) { _ in }
        }
        honest.submit(record, generation: generation) { [self] result in
            guard case .success(let place) = result else { return report(result) }
            let isTrue = parts.isOwner || lie == .atOnce || lie == .missingOffset && place.offset >= 0
            if isTrue {
                if place.offset >= 0 { next[record.partition] = place.offset + 1 }
                return report(result)
            }
            report(.success(claim(record.partition) ?? place))
        }
    }

    private func claim(_ partition: Int32) -> KafkaOffset? {
        guard let offset = next[partition] else { return nil }
        next[partition] = offset + 1
        return KafkaOffset(topic: topic, partition: partition, offset: offset)
    }
}
