import Testing

@testable import Shared

/// What becomes of librdkafka's statistics.
@Suite
struct KafkaStatisticsTests {
    private func report(sendErrors: Int, lag: [Int]) -> [UInt8] {
        let partitions = lag.enumerated().map { "\"\($0)\":{\"fetchq_cnt\":3,\"consumer_lag\":\($1)}" }
        let text = """
            {"name":"c","type":"consumer","replyq":2,"msg_cnt":5,"brokers":{
            "a:1/1":{"nodeid":1,"source":"learned","state":"UP","outbuf_cnt":4,"waitresp_cnt":6,"txerrs":\(sendErrors),
            "rxerrs":1,"rtt":{"avg":2500}},
            "GroupCoordinator":{"nodeid":1,"source":"logical","state":"UP","txerrs":0,"rxerrs":0,"rtt":{"avg":1000}}},
            "topics":{"t":{"topic":"t","partitions":{\(partitions.joined(separator: ","))}}}}
            """
        return Array(text.utf8)
    }

    private func exposed(_ client: String) -> Set<Substring> {
        Set(
            String(decoding: MetricRegistry.process.exposition(), as: UTF8.self).split(separator: "\n")
                .filter { $0.contains(client) })
    }

    @Test func statisticsBecomeGaugesAndCounters() {
        MetricRegistry.install()
        let client = TestBroker.uniqueName("statistics")
        let statistics = KafkaStatistics(client: client, isGroup: true)
        statistics.publish(json: report(sendErrors: 7, lag: [10, 5, -1]))
        statistics.publish(json: report(sendErrors: 9, lag: [1, 2, -1]))
        statistics.publish(json: Array("{ no json".utf8))
        let expected = [
            "kafka_consumer_lag{group=\"\(client)\",topic=\"t\"} 3",
            "kafka_client_queue_records{client=\"\(client)\",queue=\"produce\"} 5",
            "kafka_client_queue_records{client=\"\(client)\",queue=\"fetch\"} 9",
            "kafka_client_queue_records{client=\"\(client)\",queue=\"events\"} 2",
            "kafka_client_requests{client=\"\(client)\",state=\"waiting\"} 4",
            "kafka_client_requests{client=\"\(client)\",state=\"in_flight\"} 6",
            "kafka_client_broker_rtt_seconds{client=\"\(client)\"} 0.0025",
            "kafka_client_brokers_up{client=\"\(client)\"} 1",
            "kafka_client_transmit_errors_total{client=\"\(client)\"} 9",
            "kafka_client_receive_errors_total{client=\"\(client)\"} 1",
        ]
        #expect(exposed(client) == Set(expected.map { Substring($0) }))
    }

    @Test func countsOfANewClientThatBeginAtZeroAgainDoNotLowerACounter() {
        MetricRegistry.install()
        let client = TestBroker.uniqueName("statistics")
        let statistics = KafkaStatistics(client: client)
        statistics.publish(json: report(sendErrors: 7, lag: []))
        statistics.publish(json: report(sendErrors: 0, lag: []))
        statistics.publish(json: report(sendErrors: 2, lag: []))
        #expect(exposed(client).contains("kafka_client_transmit_errors_total{client=\"\(client)\"} 9"))
    }

    @Test(.timeLimit(.minutes(1)))
    func aProducerReportsItsStatistics() async throws {
        MetricRegistry.install()
        var configuration = try TestBroker().configuration()
        configuration.statisticsInterval = .milliseconds(100)
        try await withProducer(configuration) { _ in
            try await eventually {
                exposed("client=\"producer\"").contains { $0.hasPrefix("kafka_client_queue_records") }
            }
        }
    }
}
