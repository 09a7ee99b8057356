import Shared

/// What is counted of a journal.
struct JournalMetrics: Sendable {
    private struct Recovered: Hashable, Sendable {
        let operation: String
        let outcome: String
    }

    private struct Key: Hashable, Sendable {
        let id: String
        let isPresent: Bool
    }

    private let provider: ProviderName
    private let entries: CounterFamily<ProviderName>
    private let voids: CounterFamily<ProviderName>
    private let fences: CounterFamily<ProviderName>
    private let resets: CounterFamily<ProviderName>
    private let loads: CounterFamily<ProviderName>
    private let contradictions: CounterFamily<ProviderName>
    private let keys: GaugeFamily<Key>
    private let unknowns: CounterFamily<Operation>
    private let recoveries: CounterFamily<Recovered>

    init(provider: ProviderName) {
        self.provider = provider
        let label: @Sendable (ProviderName) -> [(String, String)] = { [("provider", $0.value)] }
        entries = CounterFamily(MetricName.journalEntries, label)
        voids = CounterFamily(MetricName.journalVoid, label)
        fences = CounterFamily(MetricName.journalFenced, label)
        resets = CounterFamily(MetricName.journalReset, label)
        // What should never happen is shown before it does.
        for family in [voids, fences, resets] { family.increment(provider, by: 0) }
        loads = CounterFamily(MetricName.journalLoaded, label)
        contradictions = CounterFamily(MetricName.contradictions, label)
        keys = GaugeFamily(MetricName.journalKeyNeeded) { key in
            [("provider", provider.value), ("key", key.id), ("present", String(key.isPresent))]
        }
        unknowns = CounterFamily(MetricName.effectsUnknown) { operation in
            [("provider", provider.value), ("operation", operation.rawValue)]
        }
        recoveries = CounterFamily(MetricName.effectsRecovered) { key in
            [("provider", provider.value), ("operation", key.operation), ("outcome", key.outcome)]
        }
    }

    /// Records were read.
    func applied(_ count: Int) { entries.increment(provider, by: Int64(count)) }

    /// Records were read whose writers did not own the partition any more.
    func void(_ count: Int) { voids.increment(provider, by: Int64(count)) }

    /// Another process was found to own a partition.
    func fenced() { fences.increment(provider) }

    /// A log was found not to be the one that was read.
    func reset() { resets.increment(provider) }

    /// A record was read again by its offset.
    func loaded() { loads.increment(provider) }

    /// An encryption key is needed until a time, Unix seconds.
    func key(_ id: String, isPresent: Bool, neededUntil time: Int64) {
        keys.set(Key(id: id, isPresent: isPresent), Double(time))
    }

    /// The outcome of a call is not known.
    func unknown(_ operation: Operation) { unknowns.increment(operation) }

    /// What became of a call is known after all.
    func recovered(_ operation: Operation, _ outcome: String) {
        recoveries.increment(Recovered(operation: operation.rawValue, outcome: outcome))
    }

    /// The provider says something else than it said before.
    func contradicted() { contradictions.increment(provider) }
}
