/// One or more decoders of bytes from outside, with what must hold whatever the bytes are.
///
/// Besides a trap, a finding is whatever ``run`` throws.
struct FuzzTarget: Sendable {
    /// Name on the command line and of the folder of its seeds.
    let name: String
    /// The decoders that it covers.
    let covers: String
    /// Takes one input.
    let run: @Sendable ([UInt8]) async throws -> Void

    init(_ name: String, covers: String, run: @escaping @Sendable ([UInt8]) async throws -> Void) {
        self.name = name
        self.covers = covers
        self.run = run
    }
}

/// A promise of a decoder that an input breaks.
struct Finding: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// Throws when a promise does not hold.
    static func unless(_ holds: Bool, _ promise: @autoclosure () -> String) throws {
        if !holds { throw Finding(promise()) }
    }
}

/// Every fuzz target.
enum FuzzTargets {
    static let all: [FuzzTarget] = [
        .connection, .requestTarget, .requestHeaders, .requestBody, .callback, .providerAnswer, .commandRecord,
        .otherRecords, .journalRecord, .journalLog, .journalSnapshot, .taskRecord, .sealing, .json, .texts, .settings,
    ]
}
