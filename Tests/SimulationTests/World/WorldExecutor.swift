/// Runs the tasks of one simulated process, one job at a time, when its world says so.
///
/// Sendable: used by its world's thread only.
final class WorldExecutor: TaskExecutor, @unchecked Sendable {
    private var jobs: [UnownedJob] = []
    /// A process that is stopped: its jobs wait, the world goes on.
    var isFrozen = false

    var isReady: Bool { !isFrozen && !jobs.isEmpty }
    var isIdle: Bool { jobs.isEmpty }

    func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

    /// Runs one of the jobs that wait: usually the first, as threads do, sometimes another.
    func runOne(_ chance: UInt64) {
        let index = chance % 4 == 0 ? Int((chance >> 8) % UInt64(jobs.count)) : 0
        let job = jobs.remove(at: index)
        job.runSynchronously(on: asUnownedTaskExecutor())
    }
}
