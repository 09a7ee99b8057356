/// What is read of one partition of a log, and what of it is under way: a value without client or time.
///
/// A look-up interrupts the range, which goes on afterwards where it was. Between ``Step``s nothing is read.
struct LogPartition {
    /// One record that somebody waits for.
    struct LookUp: Sendable {
        let offset: Int64
        let deadline: ContinuousClock.Instant
        /// Called once.
        let report: @Sendable (Result<KafkaMessage?, KafkaError>) -> Void
    }

    /// What is read at this moment.
    enum Reading: Equatable {
        case range
        case lookUp
    }

    /// What records that arrived are for.
    enum Use: Equatable {
        /// Of the records in hand those in this part are the range's; the range ends there when it is complete.
        case range(Range<Int>, isComplete: Bool)
        /// The first one, when there is one at the wanted offset, else nothing is there.
        case lookUp(Int?)
        /// Nobody wants them.
        case none
    }

    /// The rest of the range: from the next offset to before the end.
    private(set) var range: Range<Int64>?
    /// The look-ups that wait, the one that is read first.
    private(set) var lookUps: [LookUp] = []
    /// What is read now.
    private(set) var reading: Reading?
    /// The offset from which the client reads on.
    private(set) var position: Int64 = 0
    /// Since when the log is known to end before the range does.
    private(set) var shortSince: ContinuousClock.Instant?

    /// Whether nothing is wanted of the partition.
    var isIdle: Bool { range == nil && lookUps.isEmpty }

    /// What should be read, and from where.
    var wanted: (reading: Reading, from: Int64)? {
        if let first = lookUps.first { return (.lookUp, first.offset) }
        return range.map { (.range, $0.lowerBound) }
    }

    /// Takes another range in place of the one before; true when what is being read is not what is wanted any more.
    mutating func read(_ next: Range<Int64>) -> Bool {
        let goesOn = reading == .range && range?.lowerBound == next.lowerBound
        range = next
        shortSince = nil
        return reading == .range && !goesOn
    }

    /// Takes a look-up; true when a range is being read that has to wait.
    mutating func lookUp(_ lookUp: LookUp) -> Bool {
        lookUps.append(lookUp)
        return reading == .range
    }

    /// Reading has begun.
    mutating func begun(_ reading: Reading, at offset: Int64) {
        self.reading = reading
        position = offset
        shortSince = nil
    }

    /// Reading has ended.
    mutating func stopped() { reading = nil }

    /// Nothing more of the range is wanted.
    mutating func endRange() {
        range = nil
        shortSince = nil
    }

    /// Takes the look-up that is read.
    mutating func endLookUp() -> LookUp? { lookUps.isEmpty ? nil : lookUps.removeFirst() }

    /// Takes the look-ups that have waited too long, and all of them when there is no time any more.
    mutating func expireLookUps(at now: ContinuousClock.Instant?) -> [LookUp] {
        guard let now else {
            defer { lookUps = [] }
            return lookUps
        }
        let expired = lookUps.filter { $0.deadline <= now }
        if !expired.isEmpty { lookUps.removeAll { $0.deadline <= now } }
        return expired
    }

    /// Decides what records are for, and moves the range on; offsets rise.
    mutating func received(count: Int, offset: (Int) -> Int64) -> Use {
        guard count > 0, let reading else { return .none }
        switch reading {
        case .lookUp:
            guard let wanted = lookUps.first?.offset else { return .none }
            // What was written in one piece with the record comes with it.
            guard let index = (0..<count).first(where: { offset($0) >= wanted }) else { return .none }
            return .lookUp(offset(index) == wanted ? index : nil)
        case .range:
            guard let range else { return .none }
            var first = 0
            while first < count, offset(first) < range.lowerBound { first += 1 }
            var end = count
            while end > first, offset(end - 1) >= range.upperBound { end -= 1 }
            // One at or behind the last offset is proof that nothing more comes.
            let last = offset(count - 1)
            let isComplete = last >= range.upperBound - 1
            position = last < .max ? max(position, last + 1) : last
            shortSince = nil
            if !isComplete { self.range = max(range.lowerBound, position)..<range.upperBound }
            return .range(first..<end, isComplete: isComplete)
        }
    }

    /// What is known from the end of the log.
    enum EndOfLog: Equatable {
        /// The range has everything.
        case complete
        /// There is no record for the look-up.
        case noRecord
        /// The log ends before the range, for now.
        case short
        case nothing
    }

    /// The log ends at this offset.
    mutating func ended(at offset: Int64, now: ContinuousClock.Instant) -> EndOfLog {
        switch reading {
        case .lookUp: return .noRecord
        case .range:
            guard let range else { return .nothing }
            if offset >= range.upperBound { return .complete }
            if shortSince == nil { shortSince = now }
            return .short
        case nil: return .nothing
        }
    }
}
