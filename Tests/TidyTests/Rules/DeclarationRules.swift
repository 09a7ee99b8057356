/// A file of the product whose types nobody refers to is removed.
struct UnusedFileRule: Rule {
    let name = "unused-file"

    func violations(in files: [SourceFile]) -> [Violation] {
        let sources = files.filter { $0.isSwift && $0.isIn("Sources") }
        var users: [Substring: Set<String>] = [:]
        for file in sources {
            for line in file.codeLines {
                for word in line.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_") }) {
                    users[word, default: []].insert(file.path)
                }
            }
        }
        return sources.compactMap { file in
            let declarations = TopLevelDeclaration.find(in: file)
            // An extension is used through the type that it extends; the program's entry by nobody.
            if declarations.isEmpty || declarations.contains(where: { $0.isExtension || $0.isEntry }) { return nil }
            let isUsed = declarations.contains { users[Substring($0.name)]?.contains { $0 != file.path } ?? false }
            if isUsed { return nil }
            return violation(file, declarations[0].line, "no other file of Sources mentions what this one declares")
        }
    }
}

/// A type of the product says what it is for.
struct DocumentedTypeRule: Rule {
    let name = "documented-type"

    func violations(in files: [SourceFile]) -> [Violation] {
        files.filter { $0.isSwift && $0.isIn("Sources") }.flatMap { file in
            TopLevelDeclaration.find(in: file).filter { declaration in
                !declaration.isExtension && !declaration.isPrivate && !declaration.isDocumented
            }.map { violation(file, $0.line, "\($0.name) has no doc comment: one line that adds to its name") }
        }
    }
}
