public import Logging
import ServiceLifecycle
public import Shared
import Synchronization

/// Settings of the notifier.
public struct NotifierSettings: Sendable {
    /// Where notifications are POSTed.
    public var callbackURL: String
    /// Longest time of one delivery.
    public var timeout: Duration
    /// Deliveries of one notification, after which it is a dead letter.
    public var attemptsMax: Int
    /// Delays between deliveries of one notification.
    public var backoff: Backoff
    /// Failures in a row after which the endpoint is held to be down.
    public var downAfterFailures: Int
    /// Payments that must be among them.
    public var downAfterPayments: Int
    /// Delay between probes of an endpoint that is down.
    public var probeInterval: Duration

    /// Makes settings.
    public init(
        callbackURL: String, timeout: Duration = .seconds(10), attemptsMax: Int = 10,
        backoff: Backoff = Backoff(first: .seconds(1), cap: .seconds(60)), downAfterFailures: Int = 10,
        downAfterPayments: Int = 3, probeInterval: Duration = .seconds(5)
    ) {
        self.callbackURL = callbackURL
        self.timeout = timeout
        self.attemptsMax = attemptsMax
        self.backoff = backoff
        self.downAfterFailures = downAfterFailures
        self.downAfterPayments = downAfterPayments
        self.probeInterval = probeInterval
    }
}

/// Delivers notifications to the merchant: each at least once, those of one payment in order.
public final class Notifier: Sendable {
    private let settings: NotifierSettings
    private let transport: any HTTPTransport
    private let signer: WebhookSigner
    private let codec: MessageCodec
    private let clock: WallClock
    private let timing: Timing
    private let deadLetters: DeadLetterWriter
    private let logger: Logger
    private let health: Mutex<EndpointHealth>
    private let deliveries = CounterFamily<String>(MetricName.notifications) { [("outcome", $0)] }

    /// Makes a notifier.
    public init(
        settings: NotifierSettings, transport: any HTTPTransport, signer: WebhookSigner, codec: MessageCodec,
        deadLetters: DeadLetterWriter, clock: WallClock, timing: Timing = .system, logger: Logger
    ) {
        self.settings = settings
        self.timing = timing
        self.transport = transport
        self.signer = signer
        self.codec = codec
        self.clock = clock
        self.deadLetters = deadLetters
        self.logger = logger
        self.health = Mutex(
            EndpointHealth(
                limits: .init(
                    failuresMax: settings.downAfterFailures, paymentsMin: settings.downAfterPayments,
                    probeInterval: settings.probeInterval)))
    }

    /// Whether the merchant's endpoint takes deliveries.
    public var isEndpointUp: Bool { health.withLock { $0.isUp } }

    /// Works on one record of the results topic; there is no other work.
    public func process(_ work: LaneWork, _ partition: KafkaPartition) async -> RecordDisposition {
        guard case .record(let message) = work else { return .done }
        return await process(message)
    }

    /// Processes one record of the results topic to its end.
    func process(_ message: KafkaMessage) async -> RecordDisposition {
        let result: ResultEvent
        do {
            result = try codec.result(from: message)
        } catch {
            return await deadLetters.bury(message, unreadable: error)
        }
        guard let notification = result.notification else { return .done }
        guard let body = try? JSONCoding.encode(notification.message) else {
            return await deadLetters.bury(message, reason: "the notification cannot be written")
        }
        return await deliver(notification.webhookID, body, result, message)
    }

    private func deliver(
        _ webhookID: String, _ body: [UInt8], _ result: ResultEvent, _ message: KafkaMessage
    ) async -> RecordDisposition {
        let hop = TraceHop.start("notify", .consumer, parent: result.trace)
        defer { hop.end() }
        var attempt = 1
        while !Task.isShuttingDownGracefully {
            let permit = health.withLock { $0.permit(at: elapsed) }
            if case .wait(let time) = permit {
                guard await timing.pause(for: time) else { return .leftForSuccessor }
                continue
            }
            if await send(webhookID, body, trace: hop.context) {
                health.withLock { $0.succeeded() }
                deliveries.increment("delivered")
                return .done
            }
            let hasGoneDown = health.withLock { $0.failed(payment: result.key, permit: permit, at: elapsed) }
            deliveries.increment("failed")
            if hasGoneDown {
                logger.error("the merchant's endpoint is down; notifications wait until it is back")
            }
            guard permit == .send, health.withLock({ $0.isUp }) else { continue }
            guard attempt < settings.attemptsMax else {
                return await deadLetters.bury(message, reason: "the merchant's endpoint refused it \(attempt) times")
            }
            guard await timing.pause(for: settings.backoff.delay(afterAttempt: attempt)) else {
                return .leftForSuccessor
            }
            attempt += 1
        }
        return .leftForSuccessor
    }

    private var elapsed: Duration { timing.now }

    /// One delivery; only a 2xx is a success, and redirects are not followed.
    private func send(_ webhookID: String, _ body: [UInt8], trace parent: TraceContext) async -> Bool {
        let now = clock.unixSeconds
        let hop = TraceHop.start("deliver notification", .client, parent: parent)
        defer { hop.end() }
        var headers: [OutgoingRequest.Header] = [
            .init("Content-Type", "application/json"), .init("webhook-id", webhookID),
            .init("webhook-timestamp", String(now)),
        ]
        if let signature = signer.signature(id: webhookID, timestampSeconds: now, body: body) {
            headers.append(.init("webhook-signature", signature))
        }
        headers += hop.context.headers
        let request = OutgoingRequest(
            method: "POST", url: settings.callbackURL, headers: headers, body: body, timeout: settings.timeout)
        do {
            let response = try await transport.send(request)
            if (200...299).contains(response.statusCode) { return true }
            logger.warning(
                "the merchant's endpoint refused a notification",
                metadata: .of([
                    .statusCode: "\(response.statusCode)", .traceID: hop.context.traceIDText,
                ]))
        } catch {
            logger.warning(
                "the merchant's endpoint could not be reached",
                metadata: .of([
                    .code: error.code.rawValue, .traceID: hop.context.traceIDText,
                ]))
            if error.code == .cancelled { health.withLock { $0.probeAbandoned(at: elapsed) } }
        }
        return false
    }
}
