import Logging
import Shared

@testable import Worker

/// A notifier: the product's own, with the world in place of Kafka and the merchant's endpoint.
///
/// Sendable: used by its world's thread only.
final class SimulatedNotifier: SimulatedConsumer, @unchecked Sendable {
    private let notifier: Notifier

    init(
        _ world: World, _ broker: Broker, _ group: Group, _ statistics: Statistics, _ settings: Settings,
        name: String, codec: MessageCodec, shop: Shop
    ) throws {
        let box = WeakBox()
        let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
        let clock = WallClock { box.process?.clock.unixMilliseconds ?? 0 }
        let timing = Timing(
            now: { world.now }, pause: { await box.process?.wait($0) ?? false },
            sleep: { await box.process?.wait($0) ?? false })
        notifier = Notifier(
            settings: NotifierSettings(
                callbackURL: "http://shop.example", attemptsMax: 50,
                backoff: Backoff(first: .milliseconds(500), cap: .seconds(4), jitter: 0)),
            transport: ShopTransport(world: world, shop: shop, box: box),
            signer: try WebhookSigner(secrets: []).unwrapped(), codec: codec,
            deadLetters: DeadLetterWriter(
                codec: codec, sender: BoxedSender(box: box), partitionCount: 1, clock: clock, logger: logger),
            clock: clock, timing: timing, logger: logger)
        super.init(world, broker, group, statistics, settings, name: name)
        box.process = self
    }

    override func process(_ work: LaneWork, _ partition: KafkaPartition) async -> RecordDisposition {
        await notifier.process(work, partition)
    }
}

/// Delivers to the shop, over a network that loses requests and answers.
///
/// Sendable: used by its world's thread only.
struct ShopTransport: HTTPTransport, @unchecked Sendable {
    let world: World
    let shop: Shop
    let box: WeakBox

    func send(_ request: OutgoingRequest) async throws(OutgoingFailure) -> OutgoingResponse {
        guard let process = box.process, !process.isDead else {
            throw OutgoingFailure(code: .cancelled, mayHaveBeenSent: false)
        }
        let fate = world.pick(0...9)
        guard await process.wait(world.milliseconds(2...80)) else {
            throw OutgoingFailure(code: .cancelled, mayHaveBeenSent: false)
        }
        if fate == 0 { throw OutgoingFailure(code: .connectionFailed, mayHaveBeenSent: false) }
        shop.received(
            request.headers.first { $0.name == "webhook-id" }?.value ?? "", request.body ?? [])
        if fate == 1 { throw OutgoingFailure(code: .timeout, mayHaveBeenSent: true) }
        return OutgoingResponse(statusCode: 200, headers: [:], body: [])
    }
}

/// A value that the simulation relies on is absent.
struct Absent: Error {}

extension Optional {
    func unwrapped() throws -> Wrapped {
        guard let self else { throw Absent() }
        return self
    }
}
