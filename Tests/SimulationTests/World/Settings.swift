import Logging
import Providers
import Shared

@testable import Worker

/// What kind of world a seed makes.
struct Settings: Sendable {
    /// How the provider helps to clear up lost calls.
    enum Kind: Sendable, CaseIterable {
        /// It knows a call again by its key.
        case byKey
        /// It can only be asked.
        case byLookUp
    }

    var kind: Kind
    var faults: DeliberateFaults = []
    var workers = 2
    var partitions: Int32 = 2
    var payments = 6
    var troubles = 3

    static let provider: ProviderName = ProviderName("simulated")
    static let sessionTimeout: Duration = .seconds(6)
    static let drain: Duration = .seconds(3)
    /// How long a caller waits.
    static let requestTimeout: Duration = .seconds(12)
    static let providerTimeout: Duration = .seconds(5)
    static let visibilityLag: Duration = .seconds(2)
    /// What compaction leaves alone.
    static let compactionLag: Duration = .seconds(60)

    static let fixed = Backoff(first: .milliseconds(100), cap: .seconds(2), jitter: 0)

    static var worker: WorkerSettings {
        WorkerSettings(
            providerTimeout: providerTimeout, backoff: Backoff(first: .milliseconds(300), cap: .seconds(2), jitter: 0),
            storeBackoff: fixed, asynchronousTime: .seconds(10),
            roundBackoff: Backoff(first: .seconds(3), cap: .seconds(10), jitter: 0), commandPartitions: 2,
            resultPartitions: 1)
    }

    static var journal: JournalSettings {
        JournalSettings(
            partitions: 2, tick: .milliseconds(500), readBackLimit: .seconds(5), reacquireDelay: .seconds(8),
            appendBackoff: fixed, dueBackoff: Backoff(first: .seconds(4), cap: .seconds(16), jitter: 0),
            sweepInterval: .seconds(30))
    }
}
