public import Shared

/// Times and bounds of command processing.
public struct WorkerSettings: Sendable, Hashable {
    /// Longest time of one request to the provider.
    public var providerTimeout: Duration
    /// Delays between attempts of one command.
    public var backoff: Backoff
    /// Delays between attempts at storing a record.
    public var storeBackoff: Backoff
    /// How long an asynchronous command is tried in place before it is put back to the end of its topic.
    public var asynchronousTime: Duration
    /// Delays between such rounds.
    public var roundBackoff: Backoff
    /// Rounds after which an asynchronous command is a dead letter.
    public var roundsMax: Int
    /// Partitions of the command topics.
    public var commandPartitions: Int32
    /// Partitions of the results topic.
    public var resultPartitions: Int32

    /// Makes settings.
    public init(
        providerTimeout: Duration = .seconds(20),
        backoff: Backoff = Backoff(first: .milliseconds(500), cap: .seconds(5)),
        storeBackoff: Backoff = Backoff(first: .milliseconds(100), cap: .seconds(5)),
        asynchronousTime: Duration = .seconds(60),
        roundBackoff: Backoff = Backoff(first: .seconds(30), cap: .seconds(900)),
        roundsMax: Int = 200, commandPartitions: Int32 = 12, resultPartitions: Int32 = 12
    ) {
        self.providerTimeout = providerTimeout
        self.backoff = backoff
        self.storeBackoff = storeBackoff
        self.asynchronousTime = asynchronousTime
        self.roundBackoff = roundBackoff
        self.roundsMax = roundsMax
        self.commandPartitions = commandPartitions
        self.resultPartitions = resultPartitions
    }
}
