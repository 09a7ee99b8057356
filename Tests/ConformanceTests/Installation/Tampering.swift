import Shared

/// What happens to one request to the simulated provider.
struct Tampering: Sendable {
    enum Kind: Sendable {
        /// The simulator never sees the request; it gets this answer.
        case answer(status: Int, headers: [(String, String)], body: [UInt8])
        /// The simulator never sees the request, and nothing answers.
        case silence
        /// The simulator executes the request, and nothing answers.
        case silenceAfterEffect
        /// The simulator executes the request, then the connection ends.
        case cutAfterEffect
        /// The simulator executes the request; its answer has another body.
        case body([UInt8])
        /// The simulator executes the request; its answer is huge and does not end.
        case flood
    }

    /// Which request since it was armed, counted from 0.
    var index: Int
    var kind: Kind

    /// Bytes of a huge answer that are sent before the rest is held back: many times the client's limit.
    static let floodBytes = 8 << 20
    /// Bytes of one piece of it.
    static let pieceBytes = 1 << 16
}
