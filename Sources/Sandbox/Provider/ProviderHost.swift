import Foundation
import Hummingbird
import NIOCore

/// Runs one simulated provider: applies faults to its API and adds the operator endpoints.
final class ProviderHost: Sendable {
    /// Longest time a hanging operation is held before its connection is closed.
    static let maximumHang: Duration = .seconds(120)
    /// Accounts in one page of `__accounts` at most.
    static let maximumAccountsPerPage = 1000

    private let provider: any SimulatedProvider
    private let faults: FaultBook
    private let recorder: RequestRecorder?
    private let send: @Sendable (OutgoingWebhook) -> Void
    private let latency: Duration

    /// Makes the host of `provider`; `send` delivers webhooks past the faults of ``FaultBook``.
    init(
        provider: any SimulatedProvider, faults: FaultBook, recorder: RequestRecorder?, latency: Duration,
        send: @escaping @Sendable (OutgoingWebhook) -> Void
    ) {
        self.provider = provider
        self.faults = faults
        self.recorder = recorder
        self.latency = latency
        self.send = send
    }

    /// Answers any request under the provider's path.
    ///
    /// Throws ``ConnectionCut`` after it closed `channel` on purpose.
    func respond(to request: SimulatedRequest, channel: any Channel) async throws -> SimulatedAnswer {
        guard let first = request.path.first, first.hasPrefix("__") else {
            recorder?.record(request)
            return try await respondToOperation(request, channel: channel)
        }
        let rest = request.droppingPath(1)
        switch (request.method, first) {
        case (_, "__pages"): return provider.page(rest)
        case ("GET", "__accounts"): return accounts(request)
        case (_, "__faults"): return faults.respond(to: request)
        case ("POST", "__webhooks"): return resendWebhook(rest)
        case ("GET", "__requests"): return requests(request)
        default:
            return provider.control(request)
                ?? .operatorError(404, "not_found", "There is no such operator endpoint.")
        }
    }

    private func respondToOperation(_ request: SimulatedRequest, channel: any Channel) async throws -> SimulatedAnswer {
        let operation = provider.operation(of: request)
        let fault = faults.take(operation: operation) { provider.reference(of: request) }
        guard let fault else { return try await provider.answer(request, after: latency) }
        if !fault.happensAfterEffect {
            switch fault.kind {
            case .cutBefore: try await cut(channel)
            case .hang: try await hang(fault, channel: channel)
            case .status: return fault.answer
            default: break
            }
        }
        let delaysEffect = fault.kind == .latency && !fault.happensAfterEffect
        let pause = delaysEffect ? latency + fault.duration : latency
        var answer = try await provider.answer(request, after: pause)
        switch fault.kind {
        case .cutAfter, .cutBefore: try await cut(channel)
        case .hang: try await hang(fault, channel: channel)
        case .status: answer = fault.answer
        case .latency where !delaysEffect: try await Task.sleep(for: fault.duration)
        case .malformed: answer.body = fault.body ?? Array(answer.body.prefix(answer.body.count / 2))
        default: break
        }
        return answer
    }

    private func cut(_ channel: any Channel) async throws {
        try? await channel.close().get()
        throw ConnectionCut()
    }

    private func hang(_ fault: Fault, channel: any Channel) async throws {
        try await Task.sleep(for: fault.milliseconds == nil ? Self.maximumHang : min(fault.duration, Self.maximumHang))
        try await cut(channel)
    }

    private func accounts(_ request: SimulatedRequest) -> SimulatedAnswer {
        let limit = request.query["limit"].flatMap { Int($0) } ?? 100
        let after = request.query["after"].flatMap { Int($0) } ?? 0
        guard limit >= 0, limit <= Self.maximumAccountsPerPage, after >= 0 else {
            return .operatorError(400, "invalid_request", "limit must be 0 to 1000 and after not negative.")
        }
        return .json(200, provider.accounts(reference: request.query["reference"], after: after, limit: limit))
    }

    private func resendWebhook(_ request: SimulatedRequest) -> SimulatedAnswer {
        guard let paymentID = request.path.first, let webhook = provider.lastWebhook(paymentID: paymentID) else {
            return .operatorError(404, "not_found", "No webhook was sent for that payment.")
        }
        send(webhook)
        return .json(202, ["eventId": .string(webhook.eventID)])
    }

    private func requests(_ request: SimulatedRequest) -> SimulatedAnswer {
        guard let recorder else {
            return .operatorError(404, "recording_is_off", "This sandbox does not record requests.")
        }
        let limit = request.query["limit"].flatMap { Int($0) } ?? RequestRecorder.maximumRequests
        return .json(200, ["requests": .array(recorder.last(limit))])
    }
}

/// Says that the connection was closed on purpose, so that there is nobody to answer.
struct ConnectionCut: Error, CustomStringConvertible {
    let description = "connection closed by a simulated fault"
}
