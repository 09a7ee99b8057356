import CRdKafka
import Dispatch
import Synchronization

/// Wakes one thread that waits for several queues at once.
///
/// A wake-up is never lost: one that comes while the thread works ends its next wait at once.
final class KafkaWaker: Sendable {
    private let isRung = Atomic(false)
    private let bell = DispatchSemaphore(value: 0)

    /// Ends the wait that is under way, or the next one; from any thread.
    func wake() {
        if !isRung.exchange(true, ordering: .acquiringAndReleasing) { bell.signal() }
    }

    /// Blocks the calling thread until somebody wakes it, at most for the limit.
    func wait(for limit: Duration) {
        _ = bell.wait(timeout: .now() + .milliseconds(Int(limit.clampedMilliseconds)))
        isRung.store(false, ordering: .releasing)
    }
}

extension KafkaQueue {
    /// Wakes the waker whenever something comes into the queue while it is empty.
    ///
    /// The queue keeps the waker. Whoever waits must have emptied the queue before.
    func wake(_ waker: KafkaWaker) {
        keep(waker)
        let address = Unmanaged.passUnretained(waker).toOpaque()
        // Called by librdkafka's threads under the queue's lock, so no call is under way once it is taken back.
        rd_kafka_queue_cb_event_enable(
            pointer,
            { _, address in
                guard let address else { return }
                Unmanaged<KafkaWaker>.fromOpaque(address).takeUnretainedValue().wake()
            }, address)
    }
}
