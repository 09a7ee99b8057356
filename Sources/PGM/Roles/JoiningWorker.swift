import Logging
import ServiceLifecycle
import Shared
import Worker

/// Workers that join their group when they have read all journals: until then others go on with its partitions.
struct JoiningWorker: Service {
    let journals: [Journal]
    let lanes: LaneGroup
    let snapshotInterval: Duration
    let logger: Logger

    func run() async throws {
        let areRead = await withTaskGroup(of: Bool.self) { group in
            for journal in journals { group.addTask { await journal.catchUp() } }
            return await group.allSatisfy(\.self)
        }
        guard areRead else { return }
        let missing = Set(journals.flatMap(\.missingSealingKeys)).sorted()
        guard missing.isEmpty else { throw MissingKeys(ids: missing) }
        logger.info("the journals are read, joining the group")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for journal in journals { group.addTask { await journal.keepSaving(every: snapshotInterval) } }
            try await lanes.run()
            // The indexes are kept once more when what was under way has ended.
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}

/// Records of a journal are sealed with keys that this process was not given.
struct MissingKeys: Error, CustomStringConvertible {
    let ids: [String]

    var description: String {
        "PGM_ENCRYPTION_KEYS lacks keys that the journal needs: " + ids.joined(separator: ", ")
            + "; `pgm doctor` says until when"
    }
}
