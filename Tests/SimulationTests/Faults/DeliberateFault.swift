import Shared

@testable import Worker

/// A rule that is broken on purpose, from outside of the product: a simulation that does not find that out proves
/// nothing.
protocol DeliberateFault: Sendable {
    /// What a worker has in place of its producer.
    func sender(_ honest: any RecordSender, _ codec: MessageCodec) -> any RecordSender

    /// What a worker's journal is told in place of its log, if it is.
    func journalLie(_ codec: MessageCodec) -> (any JournalLie)?

    /// The clock of a worker's journal.
    func journalTiming(_ timing: Timing) -> Timing

    /// What is done with a record before the product sees it; `nil` leaves it to the product.
    func process(_ message: KafkaMessage, _ office: FaultyOffice) async -> RecordDisposition?

    /// Whether a worker commits what it has read before it is done.
    var commitsEarly: Bool { get }

    /// Whether a worker's journal learns that its producer has failed for good.
    var tellsOfFailedProducers: Bool { get }

    /// What makes two records of the journal the same to compaction.
    func compactionKey(_ key: [UInt8]) -> [UInt8]
}

extension DeliberateFault {
    func sender(_ honest: any RecordSender, _ codec: MessageCodec) -> any RecordSender { honest }
    func journalLie(_ codec: MessageCodec) -> (any JournalLie)? { nil }
    func journalTiming(_ timing: Timing) -> Timing { timing }
    func process(_ message: KafkaMessage, _ office: FaultyOffice) async -> RecordDisposition? { nil }
    var commitsEarly: Bool { false }
    var tellsOfFailedProducers: Bool { true }
    func compactionKey(_ key: [UInt8]) -> [UInt8] { key }
}

/// Nothing is broken.
struct NoFault: DeliberateFault {}

/// What a fault needs to do a worker's work badly.
struct FaultyOffice: Sendable {
    let codec: MessageCodec
    let sender: any RecordSender
    let clock: WallClock
}

/// What a journal is told instead of what its log says.
///
/// Used by its world's thread only.
protocol JournalLie: AnyObject {
    /// The record that is told in place of one; `nil` when it is kept back.
    func told(_ record: KafkaMessage) -> KafkaMessage?
}

/// The parts of a journal's record, as a fault sees them.
struct JournalParts {
    let key: JournalRecordKey
    let mark: JournalMark

    /// Takes a record apart; `nil` when it is none of a journal.
    init?(key bytes: [UInt8]?, headers: [KafkaHeader]) {
        guard let bytes, let key = bytes.withUnsafeBytes({ JournalRecordKey($0) }) else { return nil }
        guard let header = headers.last(where: { $0.name == Self.markHeader })?.value,
            let mark = JournalMark(String(decoding: header, as: UTF8.self))
        else { return nil }
        self.key = key
        self.mark = mark
    }

    var isOwner: Bool { key.entry == .owner }
    var isCapture: Bool { key.entry.text.hasPrefix("x:") }

    static let markHeader = "journal-mark"
}
