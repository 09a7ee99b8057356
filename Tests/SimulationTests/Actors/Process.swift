import Shared

@testable import Worker

/// What every simulated process has: a thread of its own, clocks, a producer, and ways to die.
///
/// Sendable: used by its world's thread only.
class SimulatedProcess: @unchecked Sendable {
    let world: World
    let broker: Broker
    let settings: Settings
    let executor: WorldExecutor
    let name: String
    private(set) var isDead = false
    private(set) var isFrozen = false
    /// Whether the network to the broker is cut.
    var isCutOff = false
    /// How far its clock is from the true time.
    private let skew: Int64
    private var root: Task<Void, Never>?
    private var onThaw: [() -> Void] = []
    private(set) lazy var producer = WorldSender(world, broker, self)
    /// What the process believes to be its producer.
    private(set) lazy var sender: any RecordSender = producer

    init(_ world: World, _ broker: Broker, _ settings: Settings, name: String) {
        self.world = world
        self.broker = broker
        self.settings = settings
        self.name = name
        self.executor = world.makeExecutor()
        let skewMax = Int(settings.skewMax / .milliseconds(1))
        self.skew = Int64(world.pick(-skewMax...skewMax))
    }

    /// Puts something between the process and its producer.
    func replaceSender(_ replace: (any RecordSender) -> any RecordSender) { sender = replace(producer) }

    var isResponsive: Bool { !isDead && !isFrozen && !isCutOff && !broker.isDown }

    var clock: WallClock { WallClock { [world, skew] in world.wall + skew } }

    var timing: Timing {
        Timing(
            now: { [world] in world.now }, pause: { [unowned self] in await wait($0) },
            sleep: { [unowned self] in await wait($0) })
    }

    func begin(_ body: @escaping @Sendable () async -> Void) {
        root = Task(executorPreference: executor) { await body() }
    }

    /// Does something now, or when the process goes on again; a dead one does nothing.
    func whenAwake(_ action: @escaping () -> Void) {
        guard !isDead else { return }
        if isFrozen { onThaw.append(action) } else { action() }
    }

    func freeze() {
        isFrozen = true
        executor.isFrozen = true
    }

    func thaw() {
        guard isFrozen else { return }
        isFrozen = false
        executor.isFrozen = false
        producer.wokeUp()
        let actions = onThaw
        onThaw = []
        for action in actions { whenAwake(action) }
    }

    /// Ends at once: what runs unwinds without having any effect.
    func crash() {
        isDead = true
        executor.isFrozen = false
        onThaw = []
        producer.abandon()
        root?.cancel()
    }

    /// Waits in the world's time.
    func wait(_ time: Duration) async -> Bool {
        if isDead || Task.isCancelled { return false }
        let timer = Timer()
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                timer.continuation = continuation
                if Task.isCancelled { return timer.fire() }
                world.after(time) { timer.fire() }
            }
        } onCancel: {
            timer.fire()
        }
        return !isDead && !Task.isCancelled
    }

    /// Sendable: used by its world's thread only.
    private final class Timer: @unchecked Sendable {
        var continuation: UnsafeContinuation<Void, Never>?

        func fire() {
            let waiting = continuation
            continuation = nil
            waiting?.resume()
        }
    }
}
