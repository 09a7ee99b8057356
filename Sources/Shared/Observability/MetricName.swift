/// Names of metrics, by OpenTelemetry's conventions; the one place where they are spelt.
public enum MetricName {
    /// Commands executed, by provider, operation and outcome.
    public static let commands = "pgm.commands.executed"
    /// Time from the start of a command to its outcome.
    public static let commandDuration = "pgm.command.duration"
    /// Commands that came too late and never ran.
    public static let commandsExpired = "pgm.commands.expired"
    /// Records that became dead letters, by topic.
    public static let deadLetters = "pgm.deadletters"
    /// HTTP requests, by route, method and status.
    public static let requests = "http.server.requests"
    /// Time of HTTP requests, by route and method.
    public static let requestDuration = "http.server.request.duration"
    /// Replies that nobody waited for.
    public static let repliesDropped = "pgm.replies.dropped"
    /// Notifications, by outcome.
    public static let notifications = "pgm.notifications"
}
