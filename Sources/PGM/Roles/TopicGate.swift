import Logging
import ServiceLifecycle
import Shared

/// Runs a service once the topics it needs are there with the partitions it was told; waits for an unreachable broker.
///
/// A missing topic or another number of partitions ends the process: a command in the wrong partition would lose its
/// order.
struct TopicGate: Service {
    let topics: [KafkaTopicSpecification]
    let configuration: KafkaConfiguration
    let inner: any Service
    let isOpen: Latch
    let logger: Logger

    /// The gate as a part of the process's health: up once the topics were found as they must be.
    func part(_ name: String) -> HealthPart {
        HealthPart(name, isNeeded: false) { [isOpen] in HealthState(isUp: isOpen.isSet) }
    }

    /// Longest wait for each answer of the broker.
    static let questionTimeout: Duration = .seconds(5)

    func run() async throws {
        guard try await check() else { return }
        isOpen.set()
        try await inner.run()
    }

    /// `false` when the process is stopping before the broker could be asked.
    private func check() async throws -> Bool {
        let backoff = Backoff(first: .milliseconds(250), cap: .seconds(5))
        var attempt = 1
        while true {
            do {
                let counts = try await KafkaAdministration.partitionCounts(
                    topics: topics.map(\.name), configuration: configuration, within: Self.questionTimeout)
                try compare(counts)
                return true
            } catch let error as TopicMismatch {
                logger.critical("a topic is not as it must be", metadata: .of([.topic: error.topic]))
                throw error
            } catch {
                logger.warning("the broker does not answer yet", metadata: .of([.attempt: "\(attempt)"]))
            }
            guard await Pause.wait(for: backoff.delay(afterAttempt: attempt)) else { return false }
            attempt += 1
        }
    }

    private func compare(_ counts: [String: Int]) throws {
        for topic in topics {
            guard let count = counts[topic.name] else {
                throw TopicMismatch(topic: topic.name, problem: "does not exist; create it with: pgm topics create")
            }
            guard count == Int(topic.partitions) else {
                let problem = "has \(count) partitions, but \(topic.partitions) are configured"
                throw TopicMismatch(topic: topic.name, problem: problem)
            }
        }
    }
}

/// A topic that is missing or has another number of partitions than configured.
struct TopicMismatch: Error, CustomStringConvertible {
    let topic: String
    let problem: String

    var description: String { "topic \(topic) \(problem)" }
}
