import Foundation
import Shared

@testable import Worker

/// What must hold at the end of every run.
struct Oracle {
    private let simulation: Simulation

    init(_ simulation: Simulation) { self.simulation = simulation }

    func judge() {
        for order in simulation.shop.orders { judge(order) }
        judgeNotifications()
        judgeCaptures()
        judgeResults()
        JournalOracle(simulation).judge()
    }

    private func violate(_ text: String) { simulation.world.violate(text) }

    private func judge(_ order: Order) {
        let bank = simulation.bank
        let charges = bank.charges(of: order.reference)
        if charges > 1 { violate("\(order.reference) was charged \(charges) times") }
        if order.results.last == "OK", charges != 1 { violate("\(order.reference) was answered OK and not charged") }
        if order.results.isEmpty, order.abandoned == nil, !order.isGivenUp { violate("\(order.reference) was lost") }
        let pages = bank.payments.filter { $0.reference == order.reference && $0.state != "refused" }
        if pages.count > 1 { violate("\(order.reference) has \(pages.count) payments") }
        let refunds = bank.refunds.filter { $0.reference == order.reference }
        let (done, asked) = (order.refundsDone, order.refunds.count)
        if refunds.count < done || refunds.count > asked {
            violate("\(order.reference): \(refunds.count) refunds, \(done) answered, \(asked) asked for")
        }
        if Set(refunds.map(\.key)).count != refunds.count { violate("\(order.reference): a refund was made twice") }
    }

    /// Payments whose outcome the merchant must be told and was not.
    var missingNotifications: [String] {
        simulation.shop.orders.filter { order in
            // Who asked twice at once may know by the other answer.
            let isWaiting = order.abandoned != nil && order.results.last != "OK"
            guard order.expectsNotification || isWaiting else { return false }
            let outcome = simulation.bank.payments.last {
                $0.reference == order.reference && (order.expectsNotification || $0.token == order.abandoned)
            }
            // What never came to the provider has no outcome.
            guard let isPaid = outcome?.isCharged ?? (order.expectsNotification ? true : nil) else { return false }
            return !simulation.shop.told.contains { $0.reference == order.reference && $0.isSuccessful == isPaid }
        }.map(\.reference)
    }

    private func judgeNotifications() {
        var successful: Set<String> = []
        var outcomes: [String: Bool] = [:]
        for told in simulation.shop.told {
            if let known = outcomes[told.paymentID], known != told.isSuccessful {
                violate("\(told.reference): told two outcomes of \(told.paymentID)")
            }
            outcomes[told.paymentID] = told.isSuccessful
            if successful.contains(told.reference) {
                let all = simulation.shop.told.filter { $0.reference == told.reference }
                violate("\(told.reference): told again after its success: \(told), \(all)")
            }
            if told.isSuccessful {
                successful.insert(told.reference)
                if simulation.bank.charges(of: told.reference) == 0 { violate("\(told.reference): told of no charge") }
            }
        }
    }

    private func judgeCaptures() {
        for payment in simulation.bank.payments where payment.captures.count > 1 {
            violate("\(payment.reference) was captured \(payment.captures.count) times")
        }
    }

    /// A command that had an outcome is never said to have come too late.
    private func judgeResults() {
        var outcomes: [CommandID: Set<String>] = [:]
        let place = KafkaPartition(topic: simulation.codec.topics.results, partition: 0)
        for message in simulation.broker.all(place) {
            guard let result = try? simulation.codec.result(from: message) else { continue }
            outcomes[result.commandID, default: []].insert(result.outcome)
        }
        let providers: Set = ["OK", "KO", "REDIRECT_TO_URL", "PENDING"]
        for (id, told) in outcomes where told.contains("EXPIRED") && !told.isDisjoint(with: providers) {
            violate("\(id): told to have expired, and \(told.sorted())")
        }
    }

    /// Everything in the topics about one payment, for people.
    func describe(_ reference: String) -> String {
        let topics = simulation.codec.topics
        let names = [
            topics.commands(of: Settings.provider), topics.journal(of: Settings.provider), topics.results,
        ]
        var lines: [String] = []
        for name in names {
            for number in 0..<simulation.settings.partitions {
                for message in simulation.broker.all(KafkaPartition(topic: name, partition: number)) {
                    let line = describe(message)
                    if line.contains(reference) || line.contains("/o@") { lines.append(line) }
                }
            }
        }
        for payment in simulation.bank.payments where payment.reference == reference {
            lines.append("bank \(payment.id) \(payment.state) \(payment.key) at \(payment.createdAt)")
        }
        return lines.joined(separator: "\n")
    }

    private func describe(_ message: KafkaMessage) -> String {
        let headers = message.headers.filter { ["ce_id", "journal-mark", "ce_type", "ce_source"].contains($0.name) }
            .map { String(decoding: $0.value ?? [], as: UTF8.self) }.joined(separator: " ")
        let key = String(decoding: message.key ?? [], as: UTF8.self)
        var value = String(decoding: (message.value ?? []).prefix { $0 != 10 }, as: UTF8.self)
        if let sealed = value.range(of: "\"sealed\":\"[^\"]*\"", options: .regularExpression) {
            value.removeSubrange(sealed)
        }
        return "\(message.topic)/\(message.partition)/\(message.offset)/\(key) \(headers) \(value)"
    }
}
