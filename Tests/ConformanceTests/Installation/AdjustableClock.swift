import Shared
import Synchronization

/// The machine's clock, put forward or back.
final class AdjustableClock: Sendable {
    private let offsetSeconds = Mutex<Int64>(0)

    func shift(bySeconds seconds: Int64) { offsetSeconds.withLock { $0 = seconds } }

    var clock: WallClock {
        WallClock { WallClock.system.unixMilliseconds + self.offsetSeconds.withLock { $0 } * 1000 }
    }
}
