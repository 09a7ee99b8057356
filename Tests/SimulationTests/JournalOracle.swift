import Shared
import Synchronization

@testable import Worker

/// What the journal must say when everything is settled, read by a rule as short as it can be: the state of an entry is
/// the last record of its highest writer.
struct JournalOracle {
    private let simulation: Simulation

    init(_ simulation: Simulation) { self.simulation = simulation }

    private func violate(_ text: String) { simulation.world.violate(text) }

    func judge() {
        var records: [String: PaymentRecord] = [:]
        for place in simulation.journals {
            let states = states(of: place)
            for (name, state) in states.sorted(by: { $0.key < $1.key }) {
                if state.mark.isOpen { violate("\(name) is open in the end") }
                guard state.key.entry.isPayment else { continue }
                do {
                    let content = try simulation.codec.journalContent(
                        PaymentRecord.self, from: state.value, key: state.key.entry, of: Settings.provider)
                    records[content.shopTransactionID] = content
                } catch {
                    violate("\(name) cannot be opened")
                }
            }
            compareWorkers(place, states)
        }
        judgeHomes(records)
    }

    private func states(of place: KafkaPartition) -> [String: JournalStoredRecord] {
        var states: [String: JournalStoredRecord] = [:]
        for message in simulation.broker.all(place) {
            guard let key = message.key.flatMap({ $0.withUnsafeBytes { JournalRecordKey($0) } }) else {
                violate("the journal holds a record that cannot be read")
                continue
            }
            if key.entry == .owner { continue }
            guard let record = try? simulation.codec.journalRecord(from: message) else {
                violate("the journal holds a record that cannot be read")
                continue
            }
            if let known = states[key.entry.text], known.key.writer > key.writer { continue }
            states[key.entry.text] = record
        }
        return states
    }

    /// Whoever reads the log, whenever and compacted or not, must come to the same states.
    private func compareWorkers(_ place: KafkaPartition, _ states: [String: JournalStoredRecord]) {
        for worker in simulation.workers where !worker.isDead {
            let log = worker.journal.state.withLock { $0.partitions[place.partition]?.log }
            guard let log, log.position == simulation.broker.end(of: place) else { continue }
            for (name, state) in states.sorted(by: { $0.key < $1.key }) {
                let places = log.places(of: worker.journal.hash.of(state.key.entry))
                if !places.contains(state.offset) {
                    violate("\(worker.name) holds another state of \(name) than its log: \(places), \(state.offset)")
                }
            }
        }
    }

    /// The home lane of a payment was told of every refund, whichever lane made it.
    private func judgeHomes(_ records: [String: PaymentRecord]) {
        for order in simulation.shop.orders {
            guard let record = records[order.reference] else { continue }
            let made = simulation.bank.refunds.count { $0.reference == order.reference }
            if record.refunds.count != made {
                violate("\(order.reference): its home knows of \(record.refunds.count) refunds, \(made) were made")
            }
        }
    }
}
