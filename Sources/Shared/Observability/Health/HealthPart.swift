/// Something that a process depends on, and how it is.
public struct HealthPart: Sendable {
    /// The name in reports: `broker`, `worker.stripe`, `merchant`.
    public let name: String
    /// Whether the process is ready only while this part is up.
    public let isNeeded: Bool
    /// Asks for the state; returns at once.
    public let state: @Sendable () -> HealthState

    /// Names a part.
    public init(_ name: String, isNeeded: Bool = true, state: @escaping @Sendable () -> HealthState) {
        self.name = name
        self.isNeeded = isNeeded
        self.state = state
    }
}

/// How one part of a process is.
public struct HealthState: Sendable, Hashable, Encodable {
    /// Whether it works.
    public enum Status: String, Sendable, Hashable, Encodable {
        /// It works.
        case up = "UP"
        /// It does not, or not yet.
        case down = "DOWN"
    }

    /// Whether it works.
    public var status: Status
    /// Numbers that say more, by name.
    public var details: [String: Int]

    /// Makes a state.
    public init(isUp: Bool, details: [String: Int] = [:]) {
        self.status = isUp ? .up : .down
        self.details = details
    }
}

/// Answer of `/-/ready`: ready only when every needed part is up.
public struct ReadinessReport: Sendable, Encodable, Hashable {
    /// `OK` or `KO`.
    public var status: String
    /// Each needed part with `OK` or `KO`.
    public var parts: [String: String]

    /// Asks the needed parts.
    public init(_ parts: [HealthPart]) {
        self.parts = [:]
        for part in parts where part.isNeeded { self.parts[part.name] = part.state().status == .up ? "OK" : "KO" }
        self.status = self.parts.values.allSatisfy { $0 == "OK" } ? "OK" : "KO"
    }

    /// Whether every needed part is up.
    public var isReady: Bool { status == "OK" }
}

/// Answer of `/-/check-up`: the state of every part, needed or not; its status is that of `/-/ready`.
public struct CheckUpReport: Sendable, Encodable, Hashable {
    /// `OK` or `KO`.
    public var status: String
    /// Each part by name.
    public var dependencies: [String: HealthState]

    /// Asks every part.
    public init(_ parts: [HealthPart]) {
        var isReady = true
        self.dependencies = [:]
        for part in parts {
            let state = part.state()
            dependencies[part.name] = state
            if part.isNeeded, state.status == .down { isReady = false }
        }
        self.status = isReady ? "OK" : "KO"
    }

    /// Whether every needed part is up.
    public var isReady: Bool { status == "OK" }
}
