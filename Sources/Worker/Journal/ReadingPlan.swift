/// Which partitions of a journal are read from where, and which of them begin anew with that.
///
/// A plan replaces the one before, which may never have come into effect. So what begins anew stays in every later plan
/// until one of them has begun.
struct ReadingPlan: Sendable {
    /// Partitions that are read.
    var followed: Set<Int32>
    /// Partitions that are read from their first record again, and have not begun yet.
    private(set) var restarting: Set<Int32> = []
    private var offsets: [Int32: Int64]

    /// Begins with the places that were found to be in the log.
    init(followed: Set<Int32>, offsets: [Int32: Int64]) {
        self.followed = followed
        self.offsets = offsets
    }

    /// The offsets of what is read, in the order of the partitions.
    var chosen: [(partition: Int32, offset: Int64)] {
        offsets.filter { followed.contains($0.key) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Takes over how far each partition was read; one of which nothing was read yet stays where it is to begin.
    mutating func moved(to positions: [Int32: Int64]) {
        for (partition, position) in positions where !restarting.contains(partition) {
            offsets[partition] = max(offsets[partition] ?? 0, position)
        }
    }

    /// Reads a partition from its first record again.
    mutating func restart(_ partition: Int32, at offset: Int64) {
        offsets[partition] = offset
        restarting.insert(partition)
    }

    /// These have begun.
    mutating func begun(_ partitions: Set<Int32>) { restarting.subtract(partitions) }
}
