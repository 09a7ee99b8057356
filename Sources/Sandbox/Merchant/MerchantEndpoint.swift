import Foundation
import NIOCore
import Synchronization

/// A merchant that accepts the gateway's notifications, remembers them and can be told to be down.
final class MerchantEndpoint: Sendable {
    /// Notifications kept; past it the oldest are forgotten.
    static let maximumNotifications = 100_000
    /// Faults in force at the same time at most.
    static let maximumFaults = 100
    /// Notifications in one answer at most.
    static let maximumPerPage = 10_000

    private static let timeFormat = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    private struct Notification {
        let number: Int
        let receivedAt: Date
        let webhookID: String?
        let isVerified: Bool?
        let shopTransactionID: String?
        let body: [UInt8]
    }

    private struct State {
        /// Oldest first; numbers are consecutive, so that a number tells its index.
        var notifications: [Notification] = []
        var lastNumber = 0
        var faults: [MerchantFault] = []
    }

    private let state = Mutex(State())
    private let verifier: StandardWebhooks

    /// Makes a merchant that verifies signatures with any of the secrets.
    init(secrets: [String]) {
        verifier = StandardWebhooks(secrets: secrets)
    }

    /// Answers a request whose path begins after the merchant's own.
    ///
    /// Throws ``ConnectionCut`` after it closed `channel` on purpose.
    func respond(to request: SimulatedRequest, channel: any Channel) async throws -> SimulatedAnswer {
        switch (request.method, request.path.first) {
        case ("POST", "notifications"): return try await accept(request, channel: channel)
        case ("GET", "notifications"): return list(request)
        case ("DELETE", "notifications"):
            state.withLock { $0.notifications.removeAll() }
            return .json(200, ["count": 0])
        case ("POST", "__faults"): return addFault(request)
        case ("DELETE", "__faults"):
            state.withLock { $0.faults.removeAll() }
            return .json(200, ["faults": []])
        case ("GET", "success"):
            return .page(200, HostedPage.render(title: "Thank you", lines: ["The shop's page after a payment."]))
        case ("GET", "failure"):
            return .page(200, HostedPage.render(title: "Not paid", lines: ["The shop's page after a failed payment."]))
        default: return .operatorError(404, "not_found", "The merchant has no such page.")
        }
    }

    private func accept(_ request: SimulatedRequest, channel: any Channel) async throws -> SimulatedAnswer {
        guard let json = JSONParser.parse(request.body) else {
            return .operatorError(400, "invalid_json", "The body is no JSON.")
        }
        let shopTransactionID = (json["shopTransactionID"] ?? json["shopTransactionId"])?.text
        let webhookID = request.header("webhook-id")
        let isVerified = verifier.verify(
            webhookID: webhookID, timestamp: request.header("webhook-timestamp"),
            signatures: request.header("webhook-signature"), body: request.body)
        let fault = state.withLock { state -> MerchantFault? in
            let fault = Self.strike(&state.faults, shopTransactionID: shopTransactionID)
            if let fault, !fault.happensAfterEffect { return fault }
            state.lastNumber += 1
            state.notifications.append(
                Notification(
                    number: state.lastNumber, receivedAt: request.receivedAt, webhookID: webhookID,
                    isVerified: isVerified, shopTransactionID: shopTransactionID, body: request.body))
            // In chunks, because removing from the front costs as much as the array is long.
            if state.notifications.count > Self.maximumNotifications + 1000 { state.notifications.removeFirst(1000) }
            return fault
        }
        guard let fault else { return .json(200, [:]) }
        switch fault.kind {
        case .status: return .operatorError(fault.status, "simulated_fault", "The merchant is down.")
        case .hang: try await Task.sleep(for: fault.duration)
        case .cut: break
        }
        try? await channel.close().get()
        throw ConnectionCut()
    }

    private static func strike(_ faults: inout [MerchantFault], shopTransactionID: String?) -> MerchantFault? {
        let found = faults.firstIndex { $0.shopTransactionID == nil || $0.shopTransactionID == shopTransactionID }
        guard let found else { return nil }
        let fault = faults[found]
        faults[found].remainingCount -= 1
        if faults[found].remainingCount <= 0 { faults.remove(at: found) }
        return fault
    }

    private func list(_ request: SimulatedRequest) -> SimulatedAnswer {
        let wanted = request.query["shopTransactionID"] ?? request.query["shopTransactionId"]
        let after = request.query["after"].flatMap { Int($0) } ?? 0
        let limit = min(max(0, request.query["limit"].flatMap { Int($0) } ?? 1000), Self.maximumPerPage)
        let all = state.withLock { $0.notifications }
        let matching = all.filter { wanted == nil || $0.shopTransactionID == wanted }
        let page = matching.drop { $0.number <= after }.prefix(limit)
        let shown = page.map { notification -> JSONValue in
            [
                "number": .integer(notification.number),
                "receivedAt": .string(notification.receivedAt.formatted(Self.timeFormat)),
                "webhookId": .text(notification.webhookID),
                "signatureVerified": notification.isVerified.map(JSONValue.bool) ?? .null,
                "body": JSONParser.parse(notification.body) ?? .null,
            ]
        }
        return .json(200, ["count": .integer(matching.count), "notifications": .array(shown)])
    }

    private func addFault(_ request: SimulatedRequest) -> SimulatedAnswer {
        guard let json = JSONParser.parse(request.body), json.fields != nil else {
            return .operatorError(400, "invalid_json", "The body is no JSON object.")
        }
        guard let fault = MerchantFault(json) else {
            return .operatorError(400, "invalid_request", "The fault has an impossible field.")
        }
        let isAdded = state.withLock { state in
            guard state.faults.count < Self.maximumFaults else { return false }
            state.faults.append(fault)
            return true
        }
        guard isAdded else { return .operatorError(409, "too_many_faults", "Delete some faults first.") }
        return .json(201, fault.description)
    }
}
