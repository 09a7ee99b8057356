import Shared

/// What is counted of HTTP requests.
struct RequestMetrics: Sendable {
    private struct Kind: Hashable, Sendable {
        let route: String
        let method: String
    }

    private struct Answered: Hashable, Sendable {
        let kind: Kind
        let status: Int
    }

    /// Any token may stand as a method in a request: only the usual ones become labels.
    private static let usualMethods: Set<String> = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"]

    private let answers = CounterFamily<Answered>(MetricName.requests) { key in
        Self.dimensions(key.kind) + [("http.response.status_code", String(key.status))]
    }
    private let durations = TimerFamily<Kind>(MetricName.requestDuration) { Self.dimensions($0) }
    private let shed = CounterFamily<String>(MetricName.requestsShed) { [("limit", $0)] }

    /// A request was answered.
    /// - Returns: The method as it may stand in labels and logs.
    func answered(route: String, method: String, status: Int, after duration: Duration) -> String {
        let kind = Kind(route: route, method: Self.usualMethods.contains(method) ? method : "other")
        answers.increment(Answered(kind: kind, status: status))
        durations.record(kind, duration)
        return kind.method
    }

    /// A request was refused because a limit was reached: `process` or `caller`.
    func refused(limit: String) {
        shed.increment(limit)
    }

    private static func dimensions(_ kind: Kind) -> [(String, String)] {
        [("http.route", kind.route), ("http.request.method", kind.method)]
    }
}
