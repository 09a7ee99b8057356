import ArgumentParser

/// What goes wrong in a run beside kills, and what is asked of what nothing happened to.
struct TroubleOptions: ParsableArguments {
    @Option(help: "How lost calls are cleared up: key, look-up, or both, one installation after the other.")
    var recovery = RecoveryChoice.both

    @Option(help: "Share of the provider's answers that are slow, 0 for none.")
    var slowAnswers = 0.03

    @Option(help: "Seconds that a slow answer takes at least.")
    var slowLeast = 6

    @Option(help: "Seconds that a slow answer takes at most; a worker waits a little less, so that some get 504.")
    var slowMost = 15

    @Option(help: "Share of killed workers that begin again with an empty disk.")
    var emptyDisks = 0.3

    @Option(help: "Share of payments whose merchant does not repeat after a 504 or a broken connection.")
    var waitingMerchants = 0.25

    @Flag(inversion: .prefixedNo, help: "Periods in which the merchant's endpoint fails.")
    var merchantOutages = true

    @Flag(inversion: .prefixedNo, help: "A broker of yours compacts the journal while the run lasts.")
    var compaction = true

    @Option(help: "Another setting of the journals' topics at a broker of yours, NAME=VALUE; may be repeated.")
    var journalSetting: [String] = []

    @Option(help: "Shell command that stops a broker of yours; with --broker-start a trouble of the plan.")
    var brokerStop: String?

    @Option(help: "Shell command that starts it again; it ends when the broker has started.")
    var brokerStart: String?

    @Option(help: "Seconds of load without trouble behind each part of the plan; half of it before the first.")
    var calmSeconds = 20

    @Option(help: "Seconds that a payment may take that nothing happened to, beside the provider's slow answers.")
    var longestPayment = 10

    /// What makes a broker compact every few seconds.
    private static let compactionSettings = [
        "segment.ms=2000", "min.compaction.lag.ms=0", "max.compaction.lag.ms=2000", "min.cleanable.dirty.ratio=0.01",
    ]
    /// Of a run without slow answers.
    private static let quickTimeoutSeconds = 5

    func validate() throws {
        guard [slowAnswers, emptyDisks, waitingMerchants].allSatisfy((0...1).contains), slowLeast > 0,
            (slowLeast...60).contains(slowMost), (0...600).contains(calmSeconds), (1...600).contains(longestPayment),
            journalSetting.allSatisfy({ $0.dropFirst().contains("=") })
        else { throw ValidationError("an option is out of range") }
        guard (brokerStop == nil) == (brokerStart == nil) else {
            throw ValidationError("--broker-stop and --broker-start go together")
        }
    }

    private var hasSlowAnswers: Bool { slowAnswers > 0 }

    /// How long a worker waits for the provider: about two thirds of the slow answers are in time.
    var providerTimeoutSeconds: Int {
        let quick = Self.quickTimeoutSeconds
        return hasSlowAnswers ? max(quick, slowLeast + (slowMost - slowLeast) * 2 / 3) : quick
    }

    /// How long a caller waits for an answer; a slow one can be too late for it.
    var requestTimeoutSeconds: Int { hasSlowAnswers ? max(12, providerTimeoutSeconds + 2) : 20 }

    /// What is too slow where no trouble was: twice a slow answer, for a call and for its repeat.
    var longestUntouched: Duration { .seconds(longestPayment + (hasSlowAnswers ? 2 * slowMost : 0)) }

    /// A hang that a worker does not wait for.
    var hangMilliseconds: Int { (providerTimeoutSeconds + 2) * 1_000 }

    /// Settings of the journals' topics, the given ones last.
    var journalSettings: [String] { (compaction ? Self.compactionSettings : []) + journalSetting }

    /// Orders to the provider that are in force all the time.
    ///
    /// Where the provider knows no keys its effects come before the delay: one that comes when the call's time is over
    /// is beyond what anybody can find out by asking.
    func slowFaults(_ recovery: Recovery) -> [ProviderFault] {
        guard hasSlowAnswers else { return [] }
        let places = recovery == .key ? [false, true] : [true]
        return places.map { isAfter in
            .slow(slowLeast * 1_000...slowMost * 1_000, share: slowAnswers / Double(places.count), afterEffect: isAfter)
        }
    }

    /// What a plan may bring.
    func planOptions(hasOwnBroker: Bool) -> ChaosPlan.Options {
        ChaosPlan.Options(
            hasOwnBroker: hasOwnBroker, canRestartBroker: !hasOwnBroker && brokerStop != nil,
            hasMerchantOutages: merchantOutages, emptyDisks: emptyDisks, hangMilliseconds: hangMilliseconds)
    }
}
