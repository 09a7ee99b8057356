/// Something that holds for all files of the repository.
protocol Rule: Sendable {
    /// A short fixed name.
    var name: String { get }

    /// Every place that breaks the rule; gets all files, as some rules are about several.
    func violations(in files: [SourceFile]) -> [Violation]
}

extension Rule {
    func violation(_ file: SourceFile, _ line: Int, _ reason: String) -> Violation {
        Violation(path: file.path, line: line, rule: name, reason: reason)
    }
}
