/// Splits Swift source into code, comments and string literals.
///
/// `code` has the shape of the source, line for line, with comments and the contents of literals blanked; code inside
/// an interpolation stays. Bare regular expression literals (`/…/`) are read as code: a quote inside one misleads the
/// scanner, at most to the end of that line.
struct SwiftScanner {
    private let source: [UInt8]
    private var position = 0
    private var line = 1
    private var masked: [UInt8] = []

    /// The literals found so far, in the order in which they end.
    private(set) var literals: [StringLiteral] = []

    /// The source without comments and literal contents, with the same lines.
    var code: String { String(decoding: masked, as: UTF8.self) }

    /// Scans the whole text at once.
    init(_ text: String) {
        source = Array(text.utf8)
        masked.reserveCapacity(source.count)
        while position < source.count { scanCode(insideInterpolation: false) }
    }

    private func byte(_ ahead: Int = 0) -> UInt8? {
        position + ahead < source.count ? source[position + ahead] : nil
    }

    private func startsWith(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { source[position...].starts(with: $0) }
    }

    private mutating func advance(keep: Bool, count: Int = 1) {
        for _ in 0..<count where position < source.count {
            let current = source[position]
            masked.append(keep || current == UInt8(ascii: "\n") ? current : UInt8(ascii: " "))
            if current == UInt8(ascii: "\n") { line += 1 }
            position += 1
        }
    }

    private mutating func scanCode(insideInterpolation: Bool) {
        var depth = 0
        while let current = byte() {
            switch current {
            case UInt8(ascii: "/") where startsWith("//"):
                while let next = byte(), next != UInt8(ascii: "\n") { advance(keep: false) }
            case UInt8(ascii: "/") where startsWith("/*"):
                scanBlockComment()
            case UInt8(ascii: "\""), UInt8(ascii: "#"):
                if !scanLiteral() { advance(keep: true) }
            case UInt8(ascii: "("):
                depth += 1
                advance(keep: true)
            case UInt8(ascii: ")"):
                if insideInterpolation, depth == 0 { return }
                depth -= 1
                advance(keep: true)
            default:
                advance(keep: true)
            }
        }
    }

    private mutating func scanBlockComment() {
        var depth = 0
        repeat {
            if startsWith("/*") {
                depth += 1
                advance(keep: false, count: 2)
            } else if startsWith("*/") {
                depth -= 1
                advance(keep: false, count: 2)
            } else {
                advance(keep: false)
            }
        } while depth > 0 && position < source.count
    }

    /// Scans a string literal, or a `#/…/#` one, if one starts here.
    private mutating func scanLiteral() -> Bool {
        var hashes = 0
        while byte(hashes) == UInt8(ascii: "#") { hashes += 1 }
        let pounds = [UInt8](repeating: UInt8(ascii: "#"), count: hashes)
        let start = position + hashes
        if hashes > 0, byte(hashes) == UInt8(ascii: "/") {
            advance(keep: false, count: hashes + 1)
            while position < source.count, !source[position...].starts(with: [UInt8(ascii: "/")] + pounds) {
                advance(keep: false)
            }
            advance(keep: false, count: hashes + 1)
            return true
        }
        guard byte(hashes) == UInt8(ascii: "\"") else { return false }
        let isMultiline = source[start...].starts(with: Array("\"\"\"".utf8))
        let quotes = Array((isMultiline ? "\"\"\"" : "\"").utf8)
        scanString(opening: pounds + quotes, closing: quotes + pounds, escape: [UInt8(ascii: "\\")] + pounds)
        return true
    }

    private mutating func scanString(opening: [UInt8], closing: [UInt8], escape: [UInt8]) {
        let firstLine = line
        let isMultiline = closing.starts(with: Array("\"\"\"".utf8))
        advance(keep: true, count: opening.count)
        var content: [UInt8] = []
        while let current = byte() {
            if source[position...].starts(with: closing) {
                advance(keep: true, count: closing.count)
                break
            }
            if current == UInt8(ascii: "\n"), !isMultiline { break }
            if source[position...].starts(with: escape + [UInt8(ascii: "(")]) {
                advance(keep: false, count: escape.count + 1)
                scanCode(insideInterpolation: true)
                advance(keep: false)
            } else if source[position...].starts(with: escape) {
                let next = min(position + escape.count + 1, source.count)
                content.append(contentsOf: source[position..<next])
                advance(keep: false, count: escape.count + 1)
            } else {
                content.append(current)
                advance(keep: false)
            }
        }
        literals.append(StringLiteral(line: firstLine, content: String(decoding: content, as: UTF8.self)))
    }
}
