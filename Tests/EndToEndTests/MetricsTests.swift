import Foundation
import Logging
import Shared
import Testing

/// Every metric appears where and when its event happens.
@Suite(.serialized)
struct MetricsTests {
    /// What becomes visible of one installation, by exposed name.
    private struct Expected: Sendable {
        let process: String
        let name: String
        var labels: [String: String] = [:]
        var isMet: @Sendable (Double) -> Bool = { $0 >= 1 }
    }

    private static let any: @Sendable (Double) -> Bool = { _ in true }
    private static let provider = ["provider": "generic-provider"]

    private static let all: [Expected] = [
        .init(
            process: "ingress", name: "http_server_requests_total",
            labels: ["http_route": "/{provider}/{payment-method}/pay", "http_response_status_code": "200"]),
        .init(
            process: "ingress", name: "http_server_request_duration_seconds_count",
            labels: ["http_request_method": "POST"]),
        .init(process: "ingress", name: "http_server_active_requests", isMet: { $0 == 0 }),
        .init(process: "ingress", name: "pgm_requests_shed_total", labels: ["limit": "process"]),
        .init(process: "ingress", name: "pgm_replies_awaited", isMet: { $0 == 0 }),
        .init(process: "ingress", name: "pgm_replies_dropped_total"),
        .init(
            process: "worker", name: "pgm_commands_executed_total",
            labels: ["operation": "pay", "outcome": "OK", "provider": "generic-provider"]),
        .init(process: "worker", name: "pgm_command_duration_seconds_count", labels: provider),
        .init(process: "worker", name: "pgm_commands_expired_total", labels: ["operation": "status"]),
        .init(process: "worker", name: "pgm_deadletters_total"),
        .init(process: "worker", name: "pgm_lanes_running", labels: ["consumer": "worker.stripe"], isMet: any),
        .init(process: "worker", name: "pgm_lanes_buffered", labels: ["consumer": "worker.stripe"], isMet: any),
        .init(
            process: "worker", name: "pgm_lanes_partitions", labels: ["consumer": "worker.stripe"], isMet: { $0 == 6 }),
        .init(process: "worker", name: "pgm_lanes_stopped_partitions", labels: ["consumer": "worker.generic-provider"]),
        .init(
            process: "worker", name: "kafka_consumer_lag", labels: ["topic": "commands.generic-provider"], isMet: any),
        .init(
            process: "worker", name: "kafka_consumer_repositioned_total",
            labels: ["topic": "commands.generic-provider"], isMet: { $0 == 0 }),
        .init(process: "worker", name: "pgm_journal_entries_total", labels: provider),
        .init(process: "worker", name: "pgm_journal_lag_records", labels: ["provider": "stripe"], isMet: any),
        .init(process: "worker", name: "pgm_journal_open", labels: ["provider": "stripe"], isMet: any),
        .init(process: "worker", name: "pgm_journal_void_total", labels: provider),
        .init(process: "worker", name: "pgm_journal_fenced_total", labels: provider),
        .init(process: "worker", name: "pgm_journal_reset_total", labels: provider, isMet: { $0 == 0 }),
        .init(process: "worker", name: "pgm_journal_loaded_total", labels: provider),
        .init(process: "worker", name: "pgm_journal_index_entries", labels: provider),
        .init(process: "worker", name: "pgm_journal_index_bytes", labels: provider),
        .init(
            process: "worker", name: "pgm_journal_key_needed_until_seconds",
            labels: ["provider": "generic-provider", "present": "true"]),
        .init(process: "worker", name: "pgm_payments_contradicted_total", labels: provider),
        .init(process: "worker", name: "pgm_effects_unknown_total", labels: ["operation": "pay"]),
        .init(process: "worker", name: "pgm_effects_recovered_total", labels: ["operation": "pay", "outcome": "OK"]),
        .init(process: "notifier", name: "pgm_notifications_total", labels: ["outcome": "delivered"]),
        .init(process: "notifier", name: "pgm_notifications_total", labels: ["outcome": "failed"]),
        .init(process: "notifier", name: "pgm_merchant_up", isMet: any),
        .init(process: "ingress", name: "pgm_producer_pending", isMet: any),
        .init(process: "ingress", name: "pgm_producer_replacements_total", isMet: { $0 == 0 }),
        .init(process: "ingress", name: "kafka_client_queue_records", labels: ["client": "producer"], isMet: any),
        .init(process: "ingress", name: "kafka_client_requests", labels: ["client": "reader"], isMet: any),
        .init(
            process: "ingress", name: "kafka_client_broker_rtt_seconds", labels: ["client": "reader"], isMet: { $0 > 0 }
        ),
        .init(process: "ingress", name: "kafka_client_brokers_up", labels: ["client": "producer"]),
        .init(process: "ingress", name: "kafka_client_transmit_errors_total", isMet: any),
        .init(process: "ingress", name: "kafka_client_receive_errors_total", isMet: any),
        .init(process: "ingress", name: "pgm_metrics_series_dropped_total", isMet: { $0 == 0 }),
        .init(process: "notifier", name: "target_info", labels: ["service_name": "pgm"], isMet: { $0 == 1 }),
    ]

    @Test func everyMetricOfTheCatalogueIsExpectedSomewhere() {
        let suffixes = ["", "_count"]
        for definition in MetricCatalogue.all {
            let names = suffixes.map { definition.exposedName + $0 }
            #expect(Self.all.contains { names.contains($0.name) }, "\(definition.name) has no test")
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func everyMetricAppearsAfterItsEvent() async throws {
        let extra = ["HTTP_MAX_REQUESTS": "1", "KAFKA_STATISTICS_INTERVAL_SECONDS": "1"]
        try await withInstallation(extra) { installation in
            let ports = try await Installation.freePorts(2)
            try await installation.start("ingress")
            try await installation.start("worker", extra: ["ADMIN_PORT": "\(ports[0])"])
            try await installation.start("notifier", extra: ["ADMIN_PORT": "\(ports[1])"])
            let urls = [
                "ingress": installation.apiURL, "worker": "http://127.0.0.1:\(ports[0])",
                "notifier": "http://127.0.0.1:\(ports[1])",
            ]
            for url in urls.values {
                #expect(try await eventually(within: .seconds(60)) { try await installation.answers(url + "/-/ready") })
            }
            try await pay(installation)
            try await loseAnAnswer(installation)
            try await shed(installation)
            try await sendStrangeRecords(installation)
            for expected in Self.all {
                let url = try #require(urls[expected.process])
                var labels = expected.labels
                if let topic = labels["topic"] { labels["topic"] = installation.topicPrefix + topic }
                let wanted = labels
                let isThere = try await eventually(within: .seconds(20)) {
                    try await Exposition.of(url).value(expected.name, wanted).map(expected.isMet) ?? false
                }
                #expect(isThere, "\(expected.process) does not show \(expected.name) \(wanted)")
            }
        }
    }

    /// One payment with a notification whose first delivery fails.
    private func pay(_ installation: Installation) async throws {
        let provider = installation.apiURL + "/generic-provider"
        let fault = try JSONCoding.decode(JSONValue.self, from: Array(#"{"status":503,"count":1}"#.utf8))
        #expect(try await API.post(installation.sandboxURL + "/-/merchant/__faults", fault).status == 201)
        let paid = try await API.post(
            provider + "/credit-cards/pay",
            .object([
                "amount": .string("5.00"), "shopTransactionID": .string("m-1"), "creditCardToken": .string("OK-1"),
            ]))
        #expect(paid.body["result"]?.stringValue == "OK")
        #expect(try await API.get(provider + "/check?shopTransactionId=m-1").status == 202)
    }

    /// A payment whose first answer can be read by nobody, and is asked for again under its key.
    private func loseAnAnswer(_ installation: Installation) async throws {
        let fault = try JSONCoding.decode(
            JSONValue.self, from: Array(#"{"operation":"*","kind":"malformed","count":1,"reference":"m-2"}"#.utf8))
        let faults = installation.sandboxURL + "/-/sandbox/generic-provider/__faults"
        #expect(try await API.post(faults, fault).status == 201)
        let paid = try await API.post(
            installation.apiURL + "/generic-provider/credit-cards/pay",
            .object([
                "amount": .string("5.00"), "shopTransactionID": .string("m-2"), "creditCardToken": .string("OK-1"),
            ]))
        #expect(paid.body["result"]?.stringValue == "OK")
    }

    /// More requests at once than the ingress takes.
    private func shed(_ installation: Installation) async throws {
        let url = installation.apiURL + "/generic-provider/status?shopTransactionId=m-1"
        let isShed = try await eventually(within: .seconds(20)) {
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await API.get(url).status } }
                return try await group.contains(503)
            }
        }
        #expect(isShed)
    }

    /// What nobody sends in good order.
    ///
    /// A command too late, one that cannot be read, one of a later version, and a reply to nobody.
    private func sendStrangeRecords(_ installation: Installation) async throws {
        let environment = installation.environment
        let keys = try #require(SealingKeyRing.parse(environment["PGM_ENCRYPTION_KEYS"] ?? ""))
        let codec = MessageCodec(topics: TopicNames(prefix: installation.topicPrefix), source: "/test", keys: keys)
        let producer = try KafkaProducer(
            configuration: KafkaConfiguration(
                bootstrapServers: environment["KAFKA_BOOTSTRAP_SERVERS"] ?? "", clientID: "strange",
                isEmbedded: environment["KAFKA_EMBEDDED"] == "true"),
            logger: Logger(label: "strange"))
        let provider = try #require(ProviderName("generic-provider"))
        let id = CommandID.make(atUnixMilliseconds: WallClock.system.unixMilliseconds)
        var late = Command(
            id: id, provider: provider, operation: .status, reference: PaymentReference(shopTransactionID: "late"),
            acceptedAtMilliseconds: 1, payload: CommandPayload())
        late.deadlineMilliseconds = 2
        let topic = codec.topics.commands(of: provider)
        let ingress = try await Exposition.of(installation.apiURL)
        let instance = try #require(ingress.label("service_instance_id", of: "target_info"))
        let partition = try await API.get(installation.apiURL + "/-/check-up")
            .body["dependencies", "replies", "details", "partition"]?.integerValue
        let address = ReplyAddress(partition: Int32(try #require(partition)), instance: instance)
        let reply = Reply(commandID: id, statusCode: 200, body: Array("{}".utf8))
        _ = try await producer.send(codec.record(for: late, partitionCount: 6))
        _ = try await producer.send(codec.record(for: reply, to: address, atMilliseconds: 1))
        _ = try await producer.send(KafkaRecord(topic: topic, partition: 0, key: nil, value: Array("x".utf8)))
        for record in try foreignRecords(codec, of: provider) { _ = try await producer.send(record) }
        let later = KafkaHeader(name: MessageHeaderName.type, text: "pgm.command.v99")
        for _ in 0..<2 {
            _ = try await producer.send(
                KafkaRecord(topic: topic, partition: 1, key: nil, value: nil, headers: [later]))
        }
        await producer.close(within: .seconds(2))
    }

    /// A payment as a former owner of the partition writes it.
    private func lateRecord(
        _ codec: MessageCodec, of provider: ProviderName, partition: Int32
    ) throws -> KafkaRecord {
        let lists = ["attempts", "others", "notified", "refunds", "captures"].map { ($0, JSONValue.array([])) }
        let content: [String: JSONValue] = ["shopTransactionID": "foreign", "attemptNumber": 0]
            .merging(lists) { $1 }
        let key = JournalKey.payment("foreign")
        let value = try codec.journalValue(
            JournalSummary(), try JSONCoding.encode(JSONValue.object(content)), of: key, provider: provider)
        let record = JournalRecord(
            id: "foreign-1", key: JournalRecordKey(key, JournalWriter(epoch: 1, generation: 0)), mark: JournalMark(),
            value: value)
        return codec.record(for: record, of: provider, partition: partition)
    }

    /// Another owner of a partition and a record of the former one, and a payment of which two outcomes are told.
    private func foreignRecords(_ codec: MessageCodec, of provider: ProviderName) throws -> [KafkaRecord] {
        let tasks = [PaymentStatus.accepted, .failed].map { status in
            let id = CommandID.make(atUnixMilliseconds: WallClock.system.unixMilliseconds)
            let message = MerchantNotification(
                providerName: "generic-provider", paymentType: "CREDITCARD", isSuccessful: status == .accepted,
                resultDescription: "", reference: ("elsewhere-1", "elsewhere"))
            let state = ObservedState(status: status, kind: "payment", occurrence: "", amount: nil, message: message)
            let news = PaymentNews(
                reference: PaymentReference(shopTransactionID: "elsewhere", paymentID: "elsewhere-1"), cause: id,
                operation: .callback, event: .observed(state))
            return LaneTask(
                id: id, provider: provider, lane: .shopTransaction("elsewhere"),
                createdAtMilliseconds: WallClock.system.unixMilliseconds, content: .news(news))
        }
        let key = Array(Lane.shopTransaction("elsewhere").key.utf8)
        // Not where the payment is at home: that partition has to go on at once.
        let partition = (Partitioner.partition(forKey: key, count: 6) + 1) % 6
        let owner = codec.ownerRecord(
            id: "foreign", epoch: 1_000_000, summary: JournalSummary(), of: provider, partition: partition)
        return try tasks.map { try codec.record(for: $0, partitionCount: 6) } + [
            owner, try lateRecord(codec, of: provider, partition: partition),
        ]
    }
}
