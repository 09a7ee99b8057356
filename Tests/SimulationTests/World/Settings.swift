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
    /// What is broken on purpose.
    var fault: any DeliberateFault = NoFault()
    var workers = 2
    var partitions: Int32 = 2
    var payments = 6
    var troubles = 4
    /// Whether the provider's answers can take longer than anybody waits when partitions go.
    var isSlow = false
    /// How far clocks are from the true time.
    var skewMax: Duration = .milliseconds(1500)
    /// How long the provider says that it knows its keys.
    var keyLife: Duration = .seconds(3600)
    /// Whether the provider keeps its own errors under a key.
    var keepsErrors = false
    /// What compaction leaves alone; zero for a broker that compacts all but the last record.
    var compactionLag: Duration = .seconds(15)
    /// Which partitions of the journal a worker follows.
    var standby: JournalStandby = .all
    /// Bytes of recent values in a worker's memory.
    var cacheBytesMax = 32 << 20
    /// Bounds of the lanes.
    var lanes = LaneScheduler.Limits(inFlightMax: 32, waitingPerLaneMax: 100, bufferedMax: 200, spanMax: 1000)
    /// Whether merchants come back after days.
    var hasDays = false
    /// When processes begin to seal with a new key.
    var rotation: Duration?

    init(kind: Kind) { self.kind = kind }

    /// The world of a seed.
    init(seed: UInt64, fault: any DeliberateFault = NoFault()) {
        self.init(kind: Kind.allCases[Int(seed % 2)])
        self.fault = fault
        var chance = SeededGenerator(seed: seed ^ 0x5E77_1265)
        func isOne(of count: UInt64) -> Bool { chance.next() % count == 0 }
        isSlow = isOne(of: 3)
        if isOne(of: 2) { compactionLag = .zero }
        if isOne(of: 6) { skewMax = .seconds(180) }
        if isOne(of: 4), !hasFalseClocks { keyLife = .seconds(20) }
        keepsErrors = isOne(of: 3)
        if isOne(of: 3) { standby = .assigned }
        if isOne(of: 3) { cacheBytesMax = 2000 }
        if isOne(of: 4) { lanes = .init(inFlightMax: 3, waitingPerLaneMax: 3, bufferedMax: 12, spanMax: 12) }
        hasDays = isOne(of: 6)
        if isOne(of: 3) { rotation = .seconds(Int64(chance.next() % 30)) }
    }

    /// Whether clocks differ so much that a command can be taken for late that is not.
    var hasFalseClocks: Bool { skewMax > .seconds(5) }

    static let provider: ProviderName = ProviderName("simulated")
    static let sessionTimeout: Duration = .seconds(6)
    static let drain: Duration = .seconds(3)
    static let visibilityLag: Duration = .seconds(2)
    /// How much longer than it says the provider knows its keys: what clocks and calls under way may take.
    static let keyLifeMargin: Duration = .seconds(60)
    /// How long a caller's key is remembered.
    static let claimRetention: Duration = .seconds(86_400)
    /// How long the broker keeps commands, results and replies.
    static let commandRetention: Duration = .seconds(7 * 86_400)
    /// How long the broker keeps the journal.
    static let journalRetention: Duration = .seconds(180 * 86_400)

    /// How long a caller waits.
    var requestTimeout: Duration { isSlow ? .seconds(25) : .seconds(12) }
    var providerTimeout: Duration { isSlow ? .seconds(18) : .seconds(5) }
    /// How often a merchant repeats a request.
    var triesMax: Int { hasFalseClocks ? 8 : 150 }

    static let fixed = Backoff(first: .milliseconds(100), cap: .seconds(2), jitter: 0)

    var worker: WorkerSettings {
        WorkerSettings(
            providerTimeout: providerTimeout, backoff: Backoff(first: .milliseconds(300), cap: .seconds(2), jitter: 0),
            storeBackoff: Self.fixed, asynchronousTime: requestTimeout - .seconds(2),
            roundBackoff: Backoff(first: .seconds(3), cap: .seconds(10), jitter: 0), commandPartitions: partitions,
            resultPartitions: 1)
    }

    var journal: JournalSettings {
        JournalSettings(
            partitions: partitions, standby: standby, tick: .milliseconds(500),
            boundsInterval: .seconds(1), appendLimit: .seconds(5), reacquireDelay: .seconds(8),
            appendBackoff: Self.fixed,
            dueBackoff: Backoff(first: .seconds(4), cap: .seconds(16), jitter: 0), retention: Self.journalRetention,
            cacheBytesMax: cacheBytesMax)
    }
}
