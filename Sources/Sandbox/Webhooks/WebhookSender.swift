import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization

/// Sends webhooks from a bounded queue, several at a time, and again when they are not accepted.
final class WebhookSender: Sendable {
    /// Webhooks waiting or being sent at most; more are dropped and counted in the log.
    static let maximumOutstanding = 100_000
    /// Webhooks being sent at the same time.
    static let maximumConcurrent = 64
    /// Attempts at one webhook.
    static let maximumAttempts = 6
    /// Deadline of one attempt.
    static let attemptTimeout: TimeAmount = .seconds(10)
    /// Bytes of an answer that are read before the connection is given up.
    static let maximumAnswerBytes = 64 * 1024
    /// Longest wait of a reordered webhook for the one that overtakes it.
    static let reorderWait: Duration = .seconds(2)

    private struct State {
        var outstanding = 0
        /// Webhook held back by a reorder fault, by provider, with a number that tells its timer whether it still
        /// waits.
        var held: [String: (number: Int, webhook: OutgoingWebhook)] = [:]
        var holdNumber = 0
    }

    private enum Job: Sendable {
        case send(WebhookDelivery)
        case wait(Duration, WebhookDelivery)
        case release(provider: String, number: Int)
    }

    private enum Finished: Sendable {
        case sending
        case waiting
    }

    private let httpClient: HTTPClient
    private let logger: Logger
    private let firstRetryDelay: Duration
    private let state = Mutex(State())
    private let jobs: AsyncStream<Job>
    private let continuation: AsyncStream<Job>.Continuation

    /// Makes a sender; nothing is sent before ``run()``.
    init(httpClient: HTTPClient, logger: Logger, firstRetryDelay: Duration = .milliseconds(250)) {
        self.httpClient = httpClient
        self.logger = logger
        self.firstRetryDelay = firstRetryDelay
        // What is in the stream is bounded by `outstanding`, which also counts what is being sent.
        (jobs, continuation) = AsyncStream.makeStream(of: Job.self)
    }

    /// Queues a webhook of `provider`, applying at most one of the provider's webhook faults.
    func enqueue(_ webhook: OutgoingWebhook, provider: String, faults: FaultBook) {
        let fault = faults.take(operation: "webhook") { webhook.reference }
        var delivery = WebhookDelivery(webhook: webhook)
        switch fault?.kind {
        case .drop: return
        case .duplicate: submit(.send(delivery), count: 1)
        case .badSignature: delivery.spoilsSignature = true
        case .delay: return submit(.wait(fault?.duration ?? .zero, delivery), count: 1)
        case .reorder: return hold(webhook, provider: provider)
        default: break
        }
        delivery.follower = state.withLock { $0.held.removeValue(forKey: provider)?.webhook }
        submit(.send(delivery), count: 1)
    }

    private func hold(_ webhook: OutgoingWebhook, provider: String) {
        let (number, overtaken) = state.withLock { state in
            state.holdNumber += 1
            let overtaken = state.held.updateValue((state.holdNumber, webhook), forKey: provider)
            return (state.holdNumber, overtaken?.webhook)
        }
        if let overtaken { submit(.send(WebhookDelivery(webhook: overtaken)), count: 1) }
        submit(.release(provider: provider, number: number), count: 0)
    }

    private func submit(_ job: Job, count: Int) {
        let isAccepted = state.withLock { state in
            guard state.outstanding + count <= Self.maximumOutstanding else { return false }
            state.outstanding += count
            return true
        }
        guard isAccepted else {
            logger.warning("sandbox webhook dropped: too many are waiting")
            return
        }
        continuation.yield(job)
    }

    private func settle() {
        state.withLock { $0.outstanding -= 1 }
    }

    /// Sends what is queued until graceful shutdown or cancellation; what is being sent then may finish.
    func run() async {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Finished.self) { group in
                var sending = 0
                for await job in jobs {
                    if Task.isShuttingDownGracefully { break }
                    while sending >= Self.maximumConcurrent {
                        guard let finished = await group.next() else { break }
                        if finished == .sending { sending -= 1 }
                    }
                    if case .send = job { sending += 1 }
                    group.addTask { await self.perform(job) }
                }
            }
        } onGracefulShutdown: {
            self.continuation.finish()
        }
    }

    private func perform(_ job: Job) async -> Finished {
        switch job {
        case .send(let delivery):
            await send(delivery)
            return .sending
        case .wait(let duration, let delivery):
            if await pause(duration) {
                continuation.yield(.send(delivery))
            }
            return .waiting
        case .release(let provider, let number):
            guard await pause(Self.reorderWait) else { return .waiting }
            let webhook = state.withLock { state -> OutgoingWebhook? in
                guard state.held[provider]?.number == number else { return nil }
                return state.held.removeValue(forKey: provider)?.webhook
            }
            if let webhook { submit(.send(WebhookDelivery(webhook: webhook)), count: 1) }
            return .waiting
        }
    }

    /// Returns false when a shutdown or a cancellation ended the wait.
    private func pause(_ duration: Duration) async -> Bool {
        do {
            try await cancelWhenGracefulShutdown { try await Task.sleep(for: duration) }
            return true
        } catch {
            return false
        }
    }

    private func send(_ delivery: WebhookDelivery) async {
        var delivery = delivery
        delivery.attempts += 1
        let isAccepted = await attempt(delivery)
        if let follower = delivery.follower {
            delivery.follower = nil
            submit(.send(WebhookDelivery(webhook: follower)), count: 1)
        }
        if isAccepted {
            settle()
        } else if delivery.attempts >= Self.maximumAttempts {
            logger.warning(
                "sandbox webhook given up", metadata: ["event": "\(delivery.webhook.eventID)"])
            settle()
        } else {
            let delay = firstRetryDelay * (1 << (delivery.attempts - 1))
            continuation.yield(.wait(delay, delivery))
        }
    }

    private func attempt(_ delivery: WebhookDelivery) async -> Bool {
        let seconds = Int(Date().timeIntervalSince1970)
        let rendered = delivery.webhook.render(delivery.spoilsSignature, seconds)
        var request = HTTPClientRequest(url: rendered.url)
        request.method = rendered.method == "GET" ? .GET : .POST
        for header in rendered.headers { request.headers.add(name: header.name, value: header.value) }
        if !rendered.body.isEmpty { request.body = .bytes(ByteBuffer(bytes: rendered.body)) }
        do {
            let response = try await httpClient.execute(request, timeout: Self.attemptTimeout)
            _ = try await response.body.collect(upTo: Self.maximumAnswerBytes)
            return (200..<300).contains(response.status.code)
        } catch {
            return false
        }
    }
}
