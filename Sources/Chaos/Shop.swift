import Foundation
import NIOHTTP1
import Synchronization

/// What all merchants of a run share: whom to ask, and until when.
final class Shop: Sendable {
    /// What ends the load.
    private struct State {
        var isClosing = false
        var giveUpAt: ContinuousClock.Instant?
        var records: [PaymentRecord] = []
        var lastNumber: Int
    }

    let client: ChaosClient
    let ingressURLs: [String]
    let seed: UInt64
    let shares: PaymentScript.Shares
    private let state: Mutex<State>

    /// How long one request is repeated.
    static let answerLimit: Duration = .seconds(180)

    /// Opens a shop whose payments are numbered from `firstPayment` on.
    init(
        client: ChaosClient, ingressURLs: [String], seed: UInt64, shares: PaymentScript.Shares, firstPayment: Int = 0
    ) {
        (self.client, self.ingressURLs, self.seed, self.shares) = (client, ingressURLs, seed, shares)
        state = Mutex(State(lastNumber: firstPayment - 1))
    }

    /// Plays payment after payment with so many merchants until the shop closes, and each to its end.
    func run(merchants: Int) async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<merchants {
                group.addTask {
                    while let number = self.nextNumber() {
                        let script = PaymentScript(seed: self.seed, number: number, shares: self.shares)
                        var play = PaymentPlay(script: script, shop: self, number: number)
                        self.keep(await play.run())
                        try? await Task.sleep(for: .milliseconds(number * 37 % 500))
                    }
                }
            }
        }
    }

    /// No more payments begin; those that have begun may go on for so long.
    func close(givingUpAfter limit: Duration) {
        state.withLock { state in
            state.isClosing = true
            state.giveUpAt = .now + limit
        }
    }

    /// Whether nothing is repeated any more.
    var isOver: Bool {
        Task.isCancelled || state.withLock { $0.giveUpAt.map { $0 <= .now } ?? false }
    }

    /// Payments that have come to their end.
    var records: [PaymentRecord] { state.withLock { $0.records } }

    private func nextNumber() -> Int? {
        state.withLock { state in
            guard !state.isClosing, !Task.isCancelled else { return nil }
            state.lastNumber += 1
            return state.lastNumber
        }
    }

    private func keep(_ record: PaymentRecord) { state.withLock { $0.records.append(record) } }
}
