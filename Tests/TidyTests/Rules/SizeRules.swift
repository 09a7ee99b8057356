/// A Swift file is short enough to be read at once.
struct FileLengthRule: Rule {
    let name = "file-length"
    let limit = 400

    func violations(in files: [SourceFile]) -> [Violation] {
        files.filter { $0.isSwift && $0.lines.count > limit }.map { file in
            violation(file, limit + 1, "\(file.lines.count) lines, more than \(limit): split the file by concept")
        }
    }
}

/// A Swift line fits an editor's window.
struct LineLengthRule: Rule {
    let name = "line-length"
    let limit = 120

    func violations(in files: [SourceFile]) -> [Violation] {
        files.filter(\.isSwift).flatMap { file in
            file.lines.indices.filter { file.lines[$0].count > limit }.map { index in
                violation(file, index + 1, "\(file.lines[index].count) columns, more than \(limit)")
            }
        }
    }
}

/// A function fits a screen.
struct FunctionLengthRule: Rule {
    let name = "function-length"
    let limit = 70

    func violations(in files: [SourceFile]) -> [Violation] {
        files.filter(\.isSwift).flatMap { file in
            FunctionFinder.functions(in: file.codeLines).filter { $0.count > limit }.map { lines in
                violation(
                    file, lines.lowerBound, "a function of \(lines.count) lines, more than \(limit): name its parts")
            }
        }
    }
}
