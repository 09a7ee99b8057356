import Logging
import ServiceLifecycle
import Worker

/// A worker that joins its group when it has read the journal: until then the others go on with its partitions.
struct JoiningWorker: Service {
    let reader: JournalReader
    let consumer: LaneConsumer
    let logger: Logger

    func run() async throws {
        guard await reader.catchUp() else { return }
        logger.info("the journal is read, joining the group")
        try await consumer.run()
    }
}
