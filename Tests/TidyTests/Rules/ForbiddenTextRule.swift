import Foundation

/// Code that is not written here, each with the reason and with what to write instead.
struct ForbiddenTextRule: Rule {
    /// Which text a pattern is looked for in.
    enum Text: Sendable {
        /// Swift code without comments and literal contents.
        case swiftCode
        /// Everything in every file, comments included.
        case everything
    }

    let name: String
    let text: Text
    let pattern: NSRegularExpression
    let reason: String
    let applies: @Sendable (SourceFile) -> Bool

    /// Throws when the pattern is not a regular expression.
    init(
        _ name: String,
        _ pattern: String,
        in text: Text = .swiftCode,
        reason: String,
        where applies: @escaping @Sendable (SourceFile) -> Bool = { _ in true }
    ) throws {
        self.name = name
        self.text = text
        self.pattern = try NSRegularExpression(pattern: pattern)
        self.reason = reason
        self.applies = applies
    }

    func violations(in files: [SourceFile]) -> [Violation] {
        files.filter { applies($0) && (text == .everything || $0.isSwift) }.flatMap { file in
            file.linesMatching(pattern, in: text == .everything ? file.lines : file.codeLines).map { line in
                violation(file, line, reason)
            }
        }
    }
}
