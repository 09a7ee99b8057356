import Shared

/// One process as its consumer group sees it.
protocol GroupMember: AnyObject {
    /// Whether it answers the coordinator.
    var isResponsive: Bool { get }
    /// Takes partitions from these offsets.
    func assigned(_ offsets: [KafkaOffset])
    /// Lets go of everything; calls when that is done. `isLost` when others have the partitions already.
    func revoked(isLost: Bool, _ done: @escaping () -> Void)
}

/// A consumer group with its coordinator: eager rebalances, sessions that time out, commits.
///
/// Sendable: used by its world's thread only.
final class Group: @unchecked Sendable {
    private final class Seat {
        let member: any GroupMember
        var silentSince: Duration?
        var hasPartitions = false
        /// The generation that it was last given partitions in.
        var generation = 0
        init(_ member: any GroupMember) { self.member = member }
    }

    private unowned let world: World
    let topic: String
    let partitions: Int32
    private var seats: [Seat] = []
    /// Members that were thrown out and do not know it yet.
    private var expelled: [Seat] = []
    private(set) var committed: [KafkaPartition: Int64] = [:]
    private var generation = 0
    /// The generation in which partitions were given last.
    private var assignedGeneration = 0
    private(set) var refusedCommits = 0
    private var isRebalancing = false
    private var isWanted = false
    private var forgetsCommits = false
    private var waiting: [ObjectIdentifier] = []
    private var losses: [KafkaPartition: (end: Int64, until: Duration)] = [:]
    private(set) var rebalances = 0

    init(_ world: World, topic: String, partitions: Int32) {
        self.world = world
        self.topic = topic
        self.partitions = partitions
        watch()
    }

    func join(_ member: any GroupMember) {
        seats.append(Seat(member))
        world.after(world.milliseconds(20...200)) { self.rebalance() }
    }

    /// A member that leaves politely.
    func leave(_ member: any GroupMember) {
        seats.removeAll { $0.member === member }
        rebalance()
    }

    /// Takes commits of members that hold partitions; none of those that were expelled, or are of an earlier
    /// generation.
    func commit(_ offsets: [KafkaOffset], by member: any GroupMember) {
        guard let seat = seats.first(where: { $0.member === member }), seat.hasPartitions,
            seat.generation == assignedGeneration
        else {
            refusedCommits += 1
            return
        }
        for offset in offsets {
            // Who lets go of partitions may not have learnt yet that the log has lost its end.
            let loss = losses[offset.partition].flatMap { world.now < $0.until ? $0.end : nil }
            committed[offset.partition] = min(offset.offset, loss ?? .max)
        }
    }

    /// Gives the partitions to others, as when a member joins.
    func move() { rebalance() }

    /// Where the topic's end is now: what was committed behind it is not there.
    func lost(_ partition: KafkaPartition, _ end: Int64) {
        losses[partition] = (end, world.now + .seconds(10))
        if let offset = committed[partition], offset > end { committed[partition] = end }
    }

    /// Loses the last commits of every partition, and moves partitions: what was done is delivered again.
    func forgetCommits() {
        forgetsCommits = true
        rebalance()
    }

    private func watch() {
        world.after(.milliseconds(500)) { [self] in
            for seat in seats {
                if seat.member.isResponsive {
                    seat.silentSince = nil
                } else if let since = seat.silentSince {
                    if world.now - since >= Settings.sessionTimeout { expel(seat) }
                } else {
                    seat.silentSince = world.now
                }
            }
            // Who is back within its session, and was passed over meanwhile, joins again.
            if !isRebalancing, seats.contains(where: { !$0.hasPartitions && $0.member.isResponsive }) { rebalance() }
            for seat in expelled where seat.member.isResponsive {
                expelled.removeAll { $0 === seat }
                // It learns of it with its next heartbeat.
                world.after(world.milliseconds(0...1500)) { [self] in
                    seat.member.revoked(isLost: true) { [self] in
                        seat.hasPartitions = false
                        seat.silentSince = nil
                        seats.append(seat)
                        rebalance()
                    }
                }
            }
            watch()
        }
    }

    private func expel(_ seat: Seat) {
        seats.removeAll { $0 === seat }
        expelled.append(seat)
        rebalance()
    }

    private func rebalance() {
        guard !isRebalancing else {
            isWanted = true
            return
        }
        isRebalancing = true
        isWanted = false
        generation += 1
        rebalances += 1
        let current = generation
        waiting = seats.map { ObjectIdentifier($0) }
        for seat in seats {
            guard seat.hasPartitions else {
                answered(seat, current)
                continue
            }
            world.after(world.milliseconds(5...300)) { [self] in
                guard seat.member.isResponsive else { return }
                seat.member.revoked(isLost: false) { [self] in answered(seat, current) }
            }
        }
        if seats.isEmpty { isRebalancing = false }
        world.after(Settings.sessionTimeout) { [self] in finish(current) }
    }

    private func answered(_ seat: Seat, _ answeredGeneration: Int) {
        guard answeredGeneration == generation, isRebalancing else { return }
        seat.hasPartitions = false
        waiting.removeAll { $0 == ObjectIdentifier(seat) }
        if waiting.isEmpty { world.after(.milliseconds(10)) { [self] in finish(answeredGeneration) } }
    }

    private func finish(_ finishedGeneration: Int) {
        guard finishedGeneration == generation, isRebalancing else { return }
        isRebalancing = false
        // Who has not answered in time is out.
        for seat in seats where seat.hasPartitions {
            seats.removeAll { $0 === seat }
            expelled.append(seat)
        }
        let members = seats.filter { $0.member.isResponsive }
        guard !members.isEmpty else { return }
        if forgetsCommits {
            forgetsCommits = false
            for partition in committed.keys.sorted(by: { $0.partition < $1.partition }) {
                committed[partition] = max(0, (committed[partition] ?? 0) - Int64(world.pick(1...4)))
            }
        }
        var shares: [[KafkaOffset]] = Array(repeating: [], count: members.count)
        for number in 0..<partitions {
            let partition = KafkaPartition(topic: topic, partition: number)
            let share = (Int(number) + finishedGeneration) % members.count
            shares[share].append(KafkaOffset(partition: partition, offset: committed[partition] ?? 0))
        }
        assignedGeneration = finishedGeneration
        for (seat, share) in zip(members, shares) {
            seat.hasPartitions = true
            seat.generation = finishedGeneration
            seat.member.assigned(share)
        }
        if isWanted { rebalance() }
    }
}
