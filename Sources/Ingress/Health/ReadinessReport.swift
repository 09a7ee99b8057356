/// Answer of `/-/ready`: ready only when every part is.
public struct ReadinessReport: Sendable, Codable, Hashable {
    /// `OK` or `KO`.
    public var status: String
    /// Each part with `OK` or `KO`.
    public var parts: [String: String]

    /// Reports parts by name.
    public init(parts: [String: Bool]) {
        self.parts = parts.mapValues { $0 ? "OK" : "KO" }
        self.status = parts.values.allSatisfy { $0 } ? "OK" : "KO"
    }

    /// Whether every part is ready.
    public var isReady: Bool { status == "OK" }
}
