import Foundation
import Testing

/// What `pgm doctor` says of set-ups that are right, and of those that are not.
@Suite(.serialized)
struct DoctorTests {
    /// A set-up that is wrong in one way, and what is said of it.
    struct Broken: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Variables that are set otherwise; empty ones are taken away.
        let variables: [String: String]
        let line: String
        /// Lines that are wrong besides, as a consequence.
        var furtherWrong = 0

        init(_ description: String, _ variables: [String: String], _ line: String, furtherWrong: Int = 0) {
            self.testDescription = description
            self.variables = variables
            self.line = line
            self.furtherWrong = furtherWrong
        }
    }

    private static let nowhere = "http://127.0.0.1:1"

    static let broken: [Broken] = [
        .init(
            "no broker address", ["KAFKA_BOOTSTRAP_SERVERS": ""],
            "wrong  KAFKA_BOOTSTRAP_SERVERS: is required: host:port of brokers, by commas"),
        .init(
            "broker away", ["KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"],
            "wrong  broker: does not answer within 10 seconds; check KAFKA_BOOTSTRAP_SERVERS, the network and "
                + "KAFKA_CONFIG_SECURITY_PROTOCOL"),
        .init(
            "key too short", ["PGM_ENCRYPTION_KEYS": "k1:QUFBQQ=="],
            "wrong  PGM_ENCRYPTION_KEYS: must be a ring of keys, id:base64 of 32 bytes, by commas, the sealing key "
                + "first, each id once"),
        .init(
            "unknown provider", ["ENABLED_PROVIDERS": "generic-provider,paypol"],
            "wrong  ENABLED_PROVIDERS: names a provider that does not exist; there are generic-provider, stripe"),
        .init(
            "credential missing", ["STRIPE_PRIVATE_KEY": ""], "wrong  STRIPE_PRIVATE_KEY: is required: "),
        .init(
            "public URL missing", ["PGM_PUBLIC_URL": ""],
            "wrong  PGM_PUBLIC_URL: is required by generic-provider: public base URL of this service"),
        .init(
            "topics missing", ["KAFKA_TOPIC_PREFIX": "absent."],
            "wrong  topic absent.results: does not exist; create it with: pgm topics create", furtherWrong: 6),
        .init(
            "other command partitions", ["KAFKA_COMMAND_PARTITIONS": "12"],
            "commands.stripe: has 6 partitions, but 12 are configured; set KAFKA_COMMAND_PARTITIONS=6, or begin a new "
                + "KAFKA_TOPIC_PREFIX after draining this one", furtherWrong: 4),
        .init(
            "other reply partitions", ["KAFKA_REPLY_PARTITIONS": "12"],
            "replies: has 3 partitions, but 12 are configured; set KAFKA_REPLY_PARTITIONS=3"),
        .init(
            "provider away", ["STRIPE_BASE_URL": nowhere],
            "wrong  STRIPE_BASE_URL: nothing answers at 127.0.0.1 port 1; check the URL, the network and firewalls"),
        .init(
            "provider's name unknown", ["STRIPE_BASE_URL": "https://api.stripe.invalid"],
            "wrong  STRIPE_BASE_URL: the name of api.stripe.invalid port 443 cannot be resolved; check the URL and the "
                + "name server"),
        .init(
            "TLS to a port without it", ["STRIPE_BASE_URL": "https://{sandbox}"],
            "wrong  STRIPE_BASE_URL: TLS with {sandboxAddress} failed; check the URL's scheme and port, and the "
                + "installed root certificates"),
        .init(
            "merchant away", ["PAYMENT_CALLBACK_URL": nowhere + "/notify"],
            "wrong  PAYMENT_CALLBACK_URL: nothing answers at 127.0.0.1 port 1; check the URL, the network and firewalls"
        ),
        .init(
            "notification secret ill-formed", ["PAYMENT_CALLBACK_SECRETS": "whsec_short"],
            "wrong  PAYMENT_CALLBACK_SECRETS: must be whsec_ and base64 of 24 to 64 bytes, by commas"),
        .init(
            "property that librdkafka does not know", ["KAFKA_CONFIG_SASL_MECHANIZM": "PLAIN"],
            "wrong  KAFKA_CONFIG_SASL_MECHANIZM: librdkafka does not know this property, or not its value"),
        .init(
            "property that may not be set", ["KAFKA_CONFIG_ACKS": "1"],
            "wrong  KAFKA_CONFIG_ACKS: cannot be set: a promise of this service rests on it"),
        .init(
            "provider timeout too long", ["STRIPE_TIMEOUT_SECONDS": "60"],
            "wrong  STRIPE_TIMEOUT_SECONDS: must be at least two seconds less than REQUEST_TIMEOUT_SECONDS"),
        .init(
            "one port for both", ["ADMIN_PORT": "{apiPort}"], "wrong  ADMIN_PORT: must be another port than HTTP_PORT"),
    ]

    @Test(.timeLimit(.minutes(3)))
    func everyBrokenSetUpIsToldWithItsSentence() async throws {
        try await withInstallation { installation in
            let sandboxAddress = installation.sandboxURL.replacing("http://", with: "")
            func filled(_ text: String) -> String {
                text.replacing("{sandbox}", with: sandboxAddress)
                    .replacing("{sandboxAddress}", with: sandboxAddress.replacing(":", with: " port "))
                    .replacing("{apiPort}", with: "\(installation.apiPort)")
            }
            for broken in Self.broken {
                let process = try await installation.start("doctor", extra: broken.variables.mapValues(filled))
                #expect(try await eventually(within: .seconds(40)) { !process.isRunning })
                #expect(process.status == 1, "\(broken.testDescription)")
                let line = filled(broken.line)
                #expect(process.output.contains(line), "\(broken.testDescription):\n\(process.output)")
                let wrong = process.output.split(separator: "\n").filter { $0.hasPrefix("wrong  ") }
                #expect(wrong.count == 1 + broken.furtherWrong, "\(broken.testDescription):\n\(process.output)")
                #expect(!process.output.contains(installation.environment["STRIPE_WEBHOOK_SECRET"] ?? "-"))
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aSetUpThatIsRightIsToldSo() async throws {
        try await withInstallation { installation in
            let process = try await installation.start("doctor")
            #expect(try await eventually(within: .seconds(40)) { !process.isRunning })
            #expect(process.status == 0, "\(process.output)")
            let subjects = [
                "configuration", "librdkafka", "clock", "encryption keys", "broker",
                "topic \(installation.topicPrefix)commands.stripe", "topic \(installation.topicPrefix)replies",
                "GENERIC_PROVIDER_BASE_URL", "STRIPE_BASE_URL", "PAYMENT_CALLBACK_URL",
            ]
            for subject in subjects { #expect(process.output.contains("ok     \(subject): "), "\(subject)") }
            #expect(!process.output.contains("wrong"))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aNotifierNeedsNoProvider() async throws {
        try await withInstallation { installation in
            let process = try await installation.start(
                "doctor", "--role", "notifier", extra: ["ENABLED_PROVIDERS": "", "PGM_PUBLIC_URL": ""])
            #expect(try await eventually(within: .seconds(40)) { !process.isRunning })
            #expect(process.status == 0, "\(process.output)")
            #expect(process.output.contains("ok     PAYMENT_CALLBACK_URL: can be connected to"))
        }
    }
}
