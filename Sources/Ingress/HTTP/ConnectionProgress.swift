/// How far the requests of one connection have arrived and been answered, and what follows when one goes wrong.
///
/// A value without time or I/O: events in, actions out. HTTP/1.1 answers in the order of the requests, so a refusal has
/// to wait until every request before it has its answer; and from the moment at which a request is given up nothing of
/// it may reach the handler any more, or a payment could be made whose caller was told that its request never arrived.
struct ConnectionProgress: Sendable {
    /// What is to be done.
    enum Action: Sendable, Hashable {
        /// The read deadline begins.
        case startTimer
        /// The read deadline is lifted.
        case stopTimer
        /// Whoever reads the request's body is told that it will not come: without that its beginning would be taken
        /// for the whole.
        case failBody
        /// The answer is written.
        case refuse(RequestRefusal)
        /// Nothing more is sent; what still comes is read and dropped for a moment, then the connection is closed.
        ///
        /// Closing at once would reset the connection under an answer that the peer has not read yet.
        case linger
        /// The connection is closed.
        case close
    }

    private var headsRead = 0
    private var requestsRead = 0
    private var answersBegun = 0
    private var answersEnded = 0
    private var isTimed = false
    private var isClosed = false
    private var pending: RequestRefusal?
    private var isLastAnswer = false

    /// Whether what still arrives is dropped, since a request has been given up.
    private(set) var isDeaf = false
    /// Whether the last answer of this connection has been given, or none can be.
    private(set) var isOver = false

    /// The connection is open: its first request may take the read deadline.
    mutating func opened() -> [Action] { startTimer() }

    /// The connection has ended.
    mutating func closed() -> [Action] {
        guard !isClosed else { return [] }
        (isClosed, isDeaf, isOver) = (true, true, true)
        return stopTimer() + (headsRead > requestsRead ? [.failBody] : [])
    }

    /// Bytes have come; what they are the decoder says next.
    ///
    /// Between two requests the first of them begins the next one. Empty lines there are nobody's.
    mutating func bytesArrived(areEmptyLines: Bool) -> [Action] {
        guard !isDeaf, headsRead == requestsRead, !areEmptyLines else { return [] }
        return startTimer()
    }

    /// The head of a request was read.
    mutating func headRead() -> [Action] {
        headsRead += 1
        return stopTimer() + startTimer()
    }

    /// A request was read to its end.
    mutating func endRead() -> [Action] {
        requestsRead = min(requestsRead + 1, headsRead)
        return stopTimer()
    }

    /// An answer other than an informational one is being written; `isLast` when it announces the connection's end.
    mutating func answerBegun(isLast: Bool) {
        answersBegun += 1
        isLastAnswer = isLast
    }

    /// An answer was written to its end.
    mutating func answerEnded() -> [Action] {
        answersEnded += 1
        if isLastAnswer {
            (isDeaf, isOver) = (true, true)
            return stopTimer() + [.linger]
        }
        guard let pending else { return [] }
        return settle(pending)
    }

    /// The request that is arriving cannot be read any further, or did not arrive in time.
    mutating func givenUp(_ refusal: RequestRefusal) -> [Action] {
        guard !isDeaf else { return [] }
        isDeaf = true
        return stopTimer() + settle(refusal)
    }

    /// Answers when it is the given-up request's turn; a second answer to it would be taken for that of the next one.
    private mutating func settle(_ refusal: RequestRefusal) -> [Action] {
        guard !isOver else { return [] }
        guard answersBegun == answersEnded, answersEnded >= requestsRead else {
            pending = refusal
            return []
        }
        isOver = true
        // Its own answer may have come before its end; then there is nothing to add.
        return answersEnded == requestsRead ? [.refuse(refusal), .linger] : [.close]
    }

    private mutating func startTimer() -> [Action] {
        guard !isTimed else { return [] }
        isTimed = true
        return [.startTimer]
    }

    private mutating func stopTimer() -> [Action] {
        guard isTimed else { return [] }
        isTimed = false
        return [.stopTimer]
    }
}
