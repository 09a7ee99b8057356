import Ingress
import ServiceLifecycle
import Shared
import Worker

extension RoleAssembly {
    /// Health and metrics of a process without an API, on `ADMIN_PORT`; nothing when that is unset.
    func adminServer(_ parts: [HealthPart]) -> [any Service] {
        guard let port = process.adminPort else { return [] }
        return [AdministrationServer.service(host: process.adminHost, port: port, parts: parts, logger: logger)]
    }

    /// Parts that every role has.
    var parts: [HealthPart] {
        let producer = producer
        return [
            HealthPart("broker") {
                HealthState(isUp: producer.isHealthy, details: ["pending": producer.pendingRecords])
            }
        ]
    }

    /// A consumer as a part of the process's health, and its gauges.
    func part(_ name: String, of consumer: LaneConsumer) -> HealthPart {
        let registry = MetricRegistry.process
        let labels = [("consumer", name)]
        registry.observe(MetricName.laneRunning, dimensions: labels) { Double(consumer.runningCount) }
        registry.observe(MetricName.laneBuffered, dimensions: labels) { Double(consumer.bufferedCount) }
        registry.observe(MetricName.lanePartitions, dimensions: labels) { Double(consumer.partitionCounts.assigned) }
        registry.observe(MetricName.laneStopped, dimensions: labels) { Double(consumer.partitionCounts.stopped) }
        return HealthPart(name) {
            let partitions = consumer.partitionCounts
            return HealthState(
                isUp: consumer.isReady,
                details: [
                    "partitions": partitions.assigned, "stoppedPartitions": partitions.stopped,
                    "running": consumer.runningCount, "buffered": consumer.bufferedCount,
                ])
        }
    }

    /// Gauges of the process itself.
    func observe() {
        let (registry, producer) = (MetricRegistry.process, producer)
        registry.observe(MetricName.producerPending) { Double(producer.pendingRecords) }
        registry.observe(MetricName.producerReplacements) { Double(producer.replacements) }
        let labels = [("service.name", "pgm"), ("service.instance.id", process.instance)]
        registry.observe(MetricName.target, dimensions: labels) { 1 }
    }
}
