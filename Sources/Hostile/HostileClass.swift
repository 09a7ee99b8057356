/// One kind of hostile input: what is sent, and what exactly must come back.
struct HostileClass: Sendable {
    /// One thing that a hostile client does.
    enum Step: Sendable {
        /// Sends bytes at once.
        case send([UInt8])
        /// Sends bytes one by one, with a pause after each, until all are sent or the server has closed.
        case drip([UInt8], every: Duration)
        /// Ends its half of the connection.
        case endSending
        /// Closes without waiting for anything.
        case abort
    }

    /// What must come back on one connection.
    struct Expectation: Sendable, Hashable {
        /// Statuses of the answers, in order, each failure with its code.
        var answers: [Answer]
        /// Whether the server must close behind them; otherwise it must not.
        var closes: Bool

        /// An answer's status with its code; none for a success.
        struct Answer: Sendable, Hashable {
            var status: Int
            var code: String?
        }

        /// One failure.
        static func refusal(_ status: Int, _ code: String, closes: Bool = false) -> Expectation {
            Expectation(answers: [Answer(status: status, code: code)], closes: closes)
        }

        /// Nothing but the end of the connection.
        static let silence = Expectation(answers: [], closes: true)

        /// These, with successes before them.
        func after(_ successes: Int) -> Expectation {
            let before = Array(repeating: Answer(status: 200, code: nil), count: successes)
            return Expectation(answers: before + answers, closes: closes)
        }
    }

    /// Name in the table.
    let name: String
    /// What must come back, for every request of the class.
    let expected: Expectation
    /// Whether each request takes as long as the server's patience, so that all are sent at once.
    let isSlow: Bool
    /// What request number n does.
    let steps: @Sendable (Int) -> [Step]

    init(
        _ name: String, _ expected: Expectation, isSlow: Bool = false, steps: @escaping @Sendable (Int) -> [Step]
    ) {
        self.name = name
        self.expected = expected
        self.isSlow = isSlow
        self.steps = steps
    }

    /// A class whose requests are sent at once, each as one text.
    init(_ name: String, _ expected: Expectation, text: @escaping @Sendable (Int) -> String) {
        self.init(name, expected) { [.send(Array(text($0).utf8))] }
    }

    /// Requests of each class.
    static let requestsEach = 200

    /// What every request carries and no answer may repeat.
    static let marker = "zq7hostile"
}
