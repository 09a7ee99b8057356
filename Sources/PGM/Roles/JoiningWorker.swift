import Logging
import ServiceLifecycle
import Worker

/// Workers that join their group when they have read all journals: until then others go on with its partitions.
struct JoiningWorker: Service {
    let readers: [JournalReader]
    let lanes: LaneGroup
    let logger: Logger

    func run() async throws {
        let areRead = await withTaskGroup(of: Bool.self) { group in
            for reader in readers { group.addTask { await reader.catchUp() } }
            return await group.allSatisfy(\.self)
        }
        guard areRead else { return }
        logger.info("the journals are read, joining the group")
        try await lanes.run()
    }
}
