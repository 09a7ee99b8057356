public import Hummingbird
public import Logging
public import NIOCore

/// Context of a request at the edge: nothing but where it came from.
public struct EdgeContext: InitializableFromSource, Sendable {
    /// The connection.
    public let channel: any Channel
    /// The request's logger.
    public let logger: Logger

    /// Keeps the source's parts.
    public init(source: ApplicationRequestContextSource) {
        self.channel = source.channel
        self.logger = source.logger
    }

    /// The source again, for another responder.
    public var source: ApplicationRequestContextSource {
        ApplicationRequestContextSource(channel: channel, logger: logger)
    }
}
