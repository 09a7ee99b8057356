/// Finds where functions, initializers and subscripts begin and end, by their braces.
enum FunctionFinder {
    private struct Token {
        var text: Substring
        var line: Int
    }

    private static let introducers: Set<Substring> = ["func", "init", "deinit", "subscript"]
    /// What can only begin the next declaration: the one before had no body, as in a protocol.
    private static let next: Set<Substring> = [
        "func", "init", "deinit", "subscript", "var", "let", "associatedtype", "static", "mutating", "case", "public",
        "private", "nonisolated", "@",
    ]

    /// The lines, from 1, of each function with a body, from its keyword to its closing brace.
    static func functions(in codeLines: [String]) -> [ClosedRange<Int>] {
        let tokens = tokens(of: codeLines)
        var found: [ClosedRange<Int>] = []
        for (index, token) in tokens.enumerated() where introducers.contains(token.text) {
            let before = index > 0 ? tokens[index - 1].text : ""
            if before == "." || before == "`" { continue }
            guard let opening = body(of: index, in: tokens), let end = closing(of: opening, in: tokens) else {
                continue
            }
            found.append(token.line...max(token.line, end))
        }
        return found
    }

    /// The index of the brace that opens the body.
    private static func body(of declaration: Int, in tokens: [Token]) -> Int? {
        var depth = 0
        for index in tokens.indices.dropFirst(declaration + 1) {
            switch tokens[index].text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return index
            case "}" where depth <= 0: return nil
            case let text where depth == 0 && next.contains(text): return nil
            default: break
            }
        }
        return nil
    }

    private static func closing(of opening: Int, in tokens: [Token]) -> Int? {
        var depth = 0
        for token in tokens[opening...] {
            if token.text == "{" { depth += 1 }
            if token.text == "}" { depth -= 1 }
            if depth == 0 { return token.line }
        }
        return nil
    }

    private static func tokens(of codeLines: [String]) -> [Token] {
        codeLines.enumerated().flatMap { index, line in
            var tokens: [Token] = []
            var word = line.startIndex
            var position = line.startIndex
            func endWord() {
                if word < position { tokens.append(Token(text: line[word..<position], line: index + 1)) }
            }
            while position < line.endIndex {
                let character = line[position]
                let after = line.index(after: position)
                if !(character.isLetter || character.isNumber || character == "_") {
                    endWord()
                    if !character.isWhitespace { tokens.append(Token(text: line[position..<after], line: index + 1)) }
                    word = after
                }
                position = after
            }
            endWord()
            return tokens
        }
    }
}
