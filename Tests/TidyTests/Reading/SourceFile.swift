import Foundation

/// One text file of the repository, read and taken apart once for all rules.
struct SourceFile: Sendable {
    /// The path from the repository's root, such as `Sources/Shared/Money.swift`.
    let path: String
    /// The lines as written.
    let lines: [String]
    /// For Swift the lines with comments and literal contents blanked; for other files as written.
    let codeLines: [String]
    /// The string literals of a Swift file.
    let literals: [StringLiteral]

    /// Takes the text of one file apart.
    init(path: String, text: String) {
        self.path = path
        lines = Self.lines(of: text)
        if path.hasSuffix(".swift") {
            let scanner = SwiftScanner(text)
            codeLines = Self.lines(of: scanner.code)
            literals = scanner.literals
        } else {
            codeLines = lines
            literals = []
        }
    }

    /// Whether the file is Swift source.
    var isSwift: Bool { path.hasSuffix(".swift") }

    /// The file's name without its folders.
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// The module of `Sources/<module>/…` and `Tests/<module>/…`.
    var module: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && ["Sources", "Tests"].contains(parts[0]) ? String(parts[1]) : nil
    }

    /// Whether the file lies in the folder, at any depth; the folder is given without a slash at its end.
    func isIn(_ folder: String) -> Bool { path.hasPrefix(folder + "/") }

    /// The numbers, from 1, of the lines in which the pattern is found.
    func linesMatching(_ pattern: NSRegularExpression, in searched: [String]) -> [Int] {
        searched.indices.filter { index in
            let line = searched[index]
            return pattern.firstMatch(in: line, range: NSRange(line.startIndex..., in: line)) != nil
        }.map { $0 + 1 }
    }

    private static func lines(of text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}
