/// State of a payment as `status` answers it.
public enum PaymentStatus: String, Sendable, Codable, Hashable {
    /// The money is taken, or reserved where pre-authorisation is on.
    case accepted = "ACCEPTED"
    /// The payment will not happen.
    case failed = "FAILED"
    /// Not decided yet.
    case pending = "PENDING"

    /// Whether nothing later can change it.
    public var isFinal: Bool { self != .pending }
}

/// Body of the answer to `status`.
public struct StatusReply: Sendable, Hashable, Codable {
    /// The state that the provider reports.
    public var status: PaymentStatus

    /// Wraps a state.
    public init(status: PaymentStatus) {
        self.status = status
    }
}

/// Body of the answer to `check`: the command was stored and its outcome will be notified.
public struct CheckReply: Sendable, Hashable, Codable {
    /// The command that asks the provider.
    public var commandID: CommandID

    /// Names the stored command.
    public init(commandID: CommandID) {
        self.commandID = commandID
    }
}
