/// A type, function or value declared outside of all braces.
struct TopLevelDeclaration: Sendable {
    var name: String
    /// The line of the declaring keyword, from 1.
    var line: Int
    var isExtension: Bool
    var isEntry: Bool
    var isPrivate: Bool
    /// Whether a `///` comment stands above, attributes aside.
    var isDocumented: Bool

    private static let keywords: Set<Substring> = [
        "struct", "class", "enum", "actor", "protocol", "typealias", "func", "let", "var", "extension",
    ]

    /// Finds them by their braces; a name on the line after its keyword is not found.
    static func find(in file: SourceFile) -> [TopLevelDeclaration] {
        var found: [TopLevelDeclaration] = []
        var depth = 0
        for (index, code) in file.codeLines.enumerated() {
            let words = code.split { !($0.isLetter || $0.isNumber || "_@".contains($0)) }
            if depth == 0, let keyword = words.firstIndex(where: keywords.contains), keyword + 1 < words.count,
                !code.hasPrefix(" ")
            {
                let above = commentAndAttributes(above: index, in: file)
                found.append(
                    TopLevelDeclaration(
                        name: String(words[keyword + 1]),
                        line: index + 1,
                        isExtension: words[keyword] == "extension",
                        isEntry: words.contains("@main") || above.contains { $0.hasPrefix("@main") },
                        isPrivate: words.contains("private") || words.contains("fileprivate"),
                        isDocumented: above.contains { $0.hasPrefix("///") }
                    ))
            }
            for character in code where "{}()[]".contains(character) { depth += "{([".contains(character) ? 1 : -1 }
        }
        return found
    }

    private static func commentAndAttributes(above index: Int, in file: SourceFile) -> [String] {
        file.lines[..<index].reversed().prefix { $0.hasPrefix("//") || $0.hasPrefix("@") }
    }
}
