/// What one check found: one line of `pgm doctor`.
struct Finding: Sendable, Hashable {
    /// What was looked at.
    let subject: String
    /// How it is, or what is wrong and what to do about it; never a secret.
    let sentence: String
    /// Whether it is as it must be.
    let isFine: Bool

    static func fine(_ subject: String, _ sentence: String) -> Finding {
        Finding(subject: subject, sentence: sentence, isFine: true)
    }

    static func wrong(_ subject: String, _ sentence: String) -> Finding {
        Finding(subject: subject, sentence: sentence, isFine: false)
    }

    /// The line as it is printed.
    var line: String { (isFine ? "ok     " : "wrong  ") + subject + ": " + sentence }
}
