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
        try checkKeys(journals)
        logger.info("the journals are read, joining the group")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await lanes.run() }
            for journal in journals { group.addTask { await journal.keepSaving(every: snapshotInterval) } }
            group.addTask { try await watchKeys() }
            try await group.waitForAll()
        }
        // What was under way has ended.
        for journal in journals { await journal.saveSnapshot() }
    }

    /// Throws when partitions cannot be owned for want of keys; ends when the process stops.
    private func watchKeys() async throws {
        while await Pause.wait(for: .seconds(1)) { try checkKeys(journals.filter(\.lacksKeys)) }
    }

    private func checkKeys(_ journals: [Journal]) throws {
        let missing = Set(journals.flatMap(\.missingSealingKeys)).sorted()
        guard missing.isEmpty else { throw MissingKeys(ids: missing) }
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
