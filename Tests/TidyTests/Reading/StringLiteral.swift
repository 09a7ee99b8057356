/// One string literal of a source file.
struct StringLiteral: Sendable, Equatable {
    /// The line, from 1, on which it opens.
    var line: Int
    /// What stands between the quotes, interpolations left out, escapes as written.
    var content: String
}
