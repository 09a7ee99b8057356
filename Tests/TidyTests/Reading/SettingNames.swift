import Foundation
import Providers
import Shared

/// The settings that the sources read: literals of the command line's module and of whoever is handed a settings
/// reader, and what the descriptions of the providers list.
enum SettingNames {
    /// All names; one that ends with an underscore is the beginning of a family.
    static func read(in files: [SourceFile]) -> Set<String> {
        var names = Set(described.keys)
        for literal in readers(in: files).flatMap(\.literals) { names.formUnion(complete(literal.content)) }
        return names
    }

    /// By name what the README may tell as the default, as far as the source says it as a literal.
    static func defaults(in files: [SourceFile]) -> [String: Set<String>] {
        var defaults = described
        for file in readers(in: files) {
            let text = file.lines.joined(separator: "\n")
            for match in matches(of: #""([A-Z0-9_]+)",\s*default: ("[^"]*"|[0-9_]+(?: \* [0-9_]+)?|true|false)"#, text)
            {
                guard let value = value(match[2]) else { continue }
                for name in complete(match[1]) { defaults[name] = value }
            }
            for match in matches(of: #"required(?:String|Secret|URL)\(\s*"([A-Z0-9_]+)""#, text) {
                for name in complete(match[1]) { defaults[name] = ["required"] }
            }
        }
        return defaults
    }

    private static func readers(in files: [SourceFile]) -> [SourceFile] {
        files.filter { file in
            guard file.isSwift, file.isIn("Sources") else { return false }
            return file.isIn("Sources/PGM") || file.codeLines.contains { $0.contains("SettingsReader") }
        }
    }

    /// The names that a literal stands for: itself, with a provider's name before it when it begins with an underscore.
    private static func complete(_ literal: String) -> [String] {
        guard !matches(of: "^_?[A-Z][A-Z0-9]*(_[A-Z0-9]+)*_?$", literal).isEmpty, literal.contains("_") else {
            return []
        }
        guard literal.hasPrefix("_") else { return [literal] }
        return ProviderRegistry.all.map { $0.description.name.settingPrefix + literal }
    }

    private static var described: [String: Set<String>] {
        var settings: [String: Set<String>] = [:]
        for description in ProviderRegistry.all.map({ $0.description }) {
            for setting in description.settings {
                let cell = setting.fallback.map { "`\($0)`" } ?? (setting.isOptional ? "none" : "required")
                settings[description.name.settingPrefix + "_" + setting.name] = [cell]
            }
        }
        return settings
    }

    /// A literal as a cell; zero may stand for none.
    ///
    /// A placeholder that never comes into force is no default.
    private static func value(_ literal: String) -> Set<String>? {
        if literal.hasPrefix("\"") {
            let text = literal.dropFirst().dropLast()
            return text.hasPrefix("http://invalid.") ? nil : ["`\(text)`"]
        }
        let numbers = literal.filter { $0 != "_" && $0 != " " }.split(separator: "*").map { Int($0) }
        guard let first = numbers.first, first != nil else { return ["`\(literal)`"] }
        let product = numbers.reduce(1) { $0 * ($1 ?? 1) }
        return product == 0 ? ["`0`", "none"] : ["`\(product)`"]
    }

    private static func matches(of pattern: String, _ text: String) -> [[String]] {
        guard let expression = try? NSRegularExpression(pattern: pattern) else { return [] }
        return expression.matches(in: text, range: NSRange(text.startIndex..., in: text)).map { match in
            (0..<match.numberOfRanges).map { index in
                Range(match.range(at: index), in: text).map { String(text[$0]) } ?? ""
            }
        }
    }
}
