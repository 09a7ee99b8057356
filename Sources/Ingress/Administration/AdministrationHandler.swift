import HTTPTypes
import Hummingbird
import NIOCore
import Shared

/// Answers what operators and orchestrators ask of a process: alive, ready, check-up, metrics.
struct AdministrationHandler: Sendable {
    let parts: [HealthPart]
    let registry: MetricRegistry

    /// The answer to an administrative target; `nil` for any other one.
    func answer(_ target: RouteTarget) -> Response? {
        switch target {
        case .health: return Answer.json(["status": "OK"])
        case .readiness:
            let report = ReadinessReport(parts)
            return Answer.json(report, status: report.isReady ? .ok : .serviceUnavailable)
        case .checkUp:
            let report = CheckUpReport(parts)
            return Answer.json(report, status: report.isReady ? .ok : .serviceUnavailable)
        case .metrics:
            var headers = HTTPFields()
            headers[.contentType] = MetricRegistry.expositionContentType
            return Response(
                status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: registry.exposition())))
        default: return nil
        }
    }
}
