import Foundation
import Ingress
import Shared
import Worker

/// What a worker needs besides its providers.
struct WorkerRoleSettings: Sendable {
    var lanes: LaneConsumer.Settings
    var instanceID: String?
    /// Where indexes of journals are kept; `nil` where nothing is kept.
    var journalDirectory: String?
    var snapshotInterval: Duration
    var journalCacheBytes: Int
    var standby: JournalStandby
    var crashes: CrashPlan?
}

/// Reads the settings of each role, reporting what is wrong to the reader.
enum RoleSettings {
    /// Settings of the workers.
    static func worker(_ process: ProcessSettings, _ reader: inout SettingsReader) -> WorkerRoleSettings {
        let standby = reader.choice(
            "JOURNAL_STANDBY", default: JournalStandby.all.rawValue, of: JournalStandby.allCases.map(\.rawValue))
        return WorkerRoleSettings(
            lanes: lanes(process, &reader), instanceID: reader.optionalString("WORKER_INSTANCE_ID"),
            // The embedded broker is a new one every time, and with it the journal.
            journalDirectory: process.kafka.isEmbedded
                ? reader.optionalString("JOURNAL_DIRECTORY")
                : reader.string("JOURNAL_DIRECTORY", default: journalDirectory),
            snapshotInterval: reader.seconds("JOURNAL_SNAPSHOT_SECONDS", default: 300, in: 1...86_400),
            journalCacheBytes: reader.integer("JOURNAL_CACHE_MIB", default: 32, in: 1...65_536) << 20,
            standby: JournalStandby(rawValue: standby) ?? .all, crashes: crashes(&reader))
    }

    /// What is there can always be made again, so the system's directory for such files will do.
    private static var journalDirectory: String {
        FileManager.default.temporaryDirectory.appending(path: "pgm-journal").path
    }

    /// Where the crash harness ends this process; nothing unless it says so.
    private static func crashes(_ reader: inout SettingsReader) -> CrashPlan? {
        guard let text = reader.optionalString("PGM_CRASH_AT") else { return nil }
        let plan = CrashPlan(text) { kill(getpid(), SIGKILL) }
        if plan == nil { reader.report("PGM_CRASH_AT", "must be a place of the crash harness, a colon and a number") }
        return plan
    }

    /// Longest time that a caller waits.
    static func requestTimeout(_ reader: inout SettingsReader) -> Duration {
        reader.seconds("REQUEST_TIMEOUT_SECONDS", default: 30, in: 3...600)
    }

    /// Settings of the ingress.
    static func ingress(_ process: ProcessSettings, _ reader: inout SettingsReader) -> IngressSettings {
        let requestsMax = reader.integer("HTTP_MAX_REQUESTS", default: 4096, in: 1...1_000_000)
        let settings = IngressSettings(
            host: reader.string("HTTP_HOST", default: "0.0.0.0"),
            port: reader.integer("HTTP_PORT", default: 8080, in: 0...65_535),
            administrationPort: process.adminPort,
            requestTimeout: requestTimeout(&reader),
            bodyBytesMax: reader.integer("HTTP_MAX_BODY_BYTES", default: 256 * 1024, in: 1024...(16 << 20)),
            readTimeout: reader.seconds("HTTP_READ_TIMEOUT_SECONDS", default: 15, in: 1...600),
            idleTimeout: reader.seconds("HTTP_IDLE_TIMEOUT_SECONDS", default: 60, in: 1...3600),
            connectionsMax: reader.integer("HTTP_MAX_CONNECTIONS", default: 10_000, in: 1...1_000_000),
            requestsMax: requestsMax,
            requestsPerCallerMax: reader.integer(
                "HTTP_MAX_REQUESTS_PER_CALLER", default: requestsMax, in: 1...1_000_000),
            apiKeys: reader.list("PGM_API_KEYS").map { Secret($0) },
            paymentMethods: reader.list("PAYMENT_METHODS"),
            commandPartitions: process.plan.commandPartitions)
        if process.kafka.deliveryTimeout >= settings.requestTimeout {
            reader.report("KAFKA_DELIVERY_TIMEOUT_SECONDS", "must be less than REQUEST_TIMEOUT_SECONDS")
        }
        if let port = process.adminPort, port == settings.port {
            reader.report("ADMIN_PORT", "must be another port than HTTP_PORT")
        }
        return settings
    }

    /// Bounds of a worker's lanes.
    static func lanes(_ process: ProcessSettings, _ reader: inout SettingsReader) -> LaneConsumer.Settings {
        LaneConsumer.Settings(
            inFlightMax: reader.integer("WORKER_MAX_IN_FLIGHT", default: 256, in: 1...100_000),
            waitingPerLaneMax: reader.integer("WORKER_MAX_WAITING_PER_LANE", default: 1000, in: 1...1_000_000),
            spanMax: Int64(reader.integer("WORKER_MAX_SPAN", default: 50_000, in: 1...10_000_000)),
            rebalanceDrain: process.rebalanceDrain, shutdownGrace: process.shutdownGrace)
    }

    /// Settings of the notifier, with the signer of its secrets.
    static func notifier(
        _ process: ProcessSettings, _ reader: inout SettingsReader
    ) -> (settings: NotifierSettings, signer: WebhookSigner?, lanes: LaneConsumer.Settings) {
        let settings = NotifierSettings(
            callbackURL: reader.requiredURL("PAYMENT_CALLBACK_URL", meaning: "where outcomes are POSTed"),
            timeout: reader.seconds("NOTIFY_TIMEOUT_SECONDS", default: 10, in: 1...120),
            attemptsMax: reader.integer("NOTIFY_MAX_ATTEMPTS", default: 10, in: 1...1000),
            downAfterFailures: reader.integer("NOTIFY_DOWN_AFTER_FAILURES", default: 10, in: 1...10_000),
            probeInterval: reader.seconds("NOTIFY_PROBE_SECONDS", default: 5, in: 1...600))
        let signer = WebhookSigner(secrets: reader.list("PAYMENT_CALLBACK_SECRETS").map { Secret($0) })
        if signer == nil {
            reader.report("PAYMENT_CALLBACK_SECRETS", "must be whsec_ and base64 of 24 to 64 bytes, by commas")
        }
        let lanes = LaneConsumer.Settings(
            inFlightMax: reader.integer("NOTIFY_MAX_IN_FLIGHT", default: 64, in: 1...10_000),
            rebalanceDrain: process.rebalanceDrain, shutdownGrace: process.shutdownGrace)
        return (settings, signer, lanes)
    }
}
