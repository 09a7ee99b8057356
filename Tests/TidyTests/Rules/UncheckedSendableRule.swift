/// A class that the compiler does not check says in a comment above why it is safe.
struct UncheckedSendableRule: Rule {
    let name = "unchecked-sendable"

    func violations(in files: [SourceFile]) -> [Violation] {
        files.filter(\.isSwift).flatMap { file in
            file.codeLines.indices.filter { index in
                file.codeLines[index].contains("@unchecked Sendable") && !hasProof(above: index, in: file)
            }.map { index in
                violation(file, index + 1, "the comment right above must begin its proof with \"Sendable:\"")
            }
        }
    }

    /// Looks at the comment and attribute lines directly above the declaration, which may itself be several lines.
    private func hasProof(above index: Int, in file: SourceFile) -> Bool {
        var line = index
        while line > 0 {
            line -= 1
            let text = file.lines[line].drop { $0 == " " }
            if text.hasPrefix("//") {
                if text.contains("Sendable:") { return true }
            } else if !text.hasPrefix("@"), !Self.opens(file.codeLines[line]) {
                return false
            }
        }
        return false
    }

    private static func opens(_ code: String) -> Bool {
        let words = code.split { !$0.isLetter }
        return !code.contains("{") && words.contains { ["class", "struct", "extension", "enum"].contains($0) }
    }
}
