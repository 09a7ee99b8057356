/// Names of the Kafka headers, CloudEvents 1.0 binary mode and our own; the one place where they are spelt.
public enum MessageHeaderName {
    /// CloudEvents version, always `1.0`.
    public static let specificationVersion = "ce_specversion"
    /// Identifier of the message; of a command, the command id.
    public static let id = "ce_id"
    /// Who wrote it: role and instance.
    public static let source = "ce_source"
    /// Kind and version: ``MessageType``.
    public static let type = "ce_type"
    /// The payment's reference.
    public static let subject = "ce_subject"
    /// When it was written, RFC 3339.
    public static let time = "ce_time"
    /// `application/json`; of a journal's records `application/octet-stream`.
    public static let contentType = "content-type"
    /// Unix milliseconds after which a command must not start.
    public static let deadline = "deadline"
    /// Reply partition and ingress instance, `7/instance`.
    public static let replyTo = "reply-to"
    /// The command that a reply answers.
    public static let correlationID = "correlation-id"
    /// What readers of a journal must know of a record: ``JournalMark``.
    public static let journalMark = "journal-mark"
    /// Why a record is a dead letter.
    public static let deadLetterReason = "dead-letter-reason"
}

/// The same of a journal's records, by which readers look them up in the client's memory.
public enum JournalHeaderName {
    /// ``MessageHeaderName/type``.
    public static let type: StaticString = "ce_type"
    /// ``MessageHeaderName/id``.
    public static let id: StaticString = "ce_id"
    /// ``MessageHeaderName/journalMark``.
    public static let mark: StaticString = "journal-mark"
}

/// Kind and version of a message as it stands in `ce_type`.
public enum MessageType: String, Sendable, CaseIterable {
    /// Something a worker is to do.
    case command = "pgm.command.v1"
    /// The answer to a waiting HTTP request.
    case reply = "pgm.reply.v1"
    /// What became of a command.
    case result = "pgm.result.v1"
    /// What workers tell each other about a payment, in its home lane.
    case task = "pgm.task.v1"
    /// A worker's memory of its effects.
    case journal = "pgm.journal.v3"
    /// A record that could not be processed.
    case deadLetter = "pgm.deadletter.v1"
}

/// Why a record is not a message that this process can handle.
public enum MessageError: Error, Sendable, Hashable {
    /// It can never be read by anyone: a dead letter. The text says what is wrong, never with its content.
    case malformed(String)
    /// A kind or version of message newer than this process: its partition stops, nothing is skipped.
    case unsupportedType(String)
    /// Sealed with a key that this process was not given: its partition stops, nothing is skipped.
    case unknownSealingKey

    /// Whether the record is poison; otherwise a newer process can read it.
    public var isPoison: Bool {
        if case .malformed = self { return true }
        return false
    }
}
