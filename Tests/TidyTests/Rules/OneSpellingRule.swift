/// A name that others rely on is spelt in one file, which everyone else refers to.
struct OneSpellingRule: Rule {
    /// One such name.
    struct Name: Sendable {
        /// The content of the literal; compared without regard to case.
        var literal: String
        /// Whether a literal that only begins with it counts too.
        var isPrefix = false
        /// The only file allowed; nil for any, but one alone.
        var file: String?
    }

    let name = "one-spelling"
    var names: [Name]

    func violations(in files: [SourceFile]) -> [Violation] {
        // Simulators and attackers share nothing with the code they check, names included.
        let strangers = ["Sources/Sandbox", "Sources/Hostile", "Sources/Chaos"]
        let searched = files.filter { file in
            file.isSwift && file.isIn("Sources") && !strangers.contains(where: file.isIn)
        }
        return names.flatMap { name in
            let places = searched.flatMap { file in
                file.literals.filter { matches($0.content, name) }.map { (file, $0.line) }
            }
            let spelling = Set(places.map(\.0.path))
            let isAlone = name.file.map { spelling.isSubset(of: [$0]) } ?? (spelling.count <= 1)
            if isAlone { return [Violation]() }
            let home = name.file ?? spelling.sorted().joined(separator: ", ")
            return places.filter { $0.0.path != name.file }.map { file, line in
                violation(file, line, "\"\(name.literal)\" is spelt in one file alone, as a constant (\(home))")
            }
        }
    }

    private func matches(_ content: String, _ name: Name) -> Bool {
        let content = content.lowercased()
        return name.isPrefix ? content.hasPrefix(name.literal.lowercased()) : content == name.literal.lowercased()
    }
}
