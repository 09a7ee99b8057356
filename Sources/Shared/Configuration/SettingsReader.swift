import Configuration
import Foundation

/// What is wrong with one setting.
public struct SettingProblem: Sendable, Hashable {
    /// Name of the environment variable.
    public var name: String
    /// What is wrong and what is expected, never with the value.
    public var problem: String
}

/// All that is wrong with the settings of a process.
public struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// In the order in which they were read.
    public var problems: [SettingProblem]

    /// One line a problem.
    public var description: String {
        problems.map { "  \($0.name): \($0.problem)" }.joined(separator: "\n")
    }
}

/// Reads settings and collects every problem instead of stopping at the first.
///
/// Settings are environment variables; `HTTP_PORT` is read from any provider of swift-configuration as `http.port`.
/// A problem yields a harmless value, so reading goes on; ``finish()`` then throws them all.
public struct SettingsReader: Sendable {
    private let reader: ConfigReader
    private let environment: [String: String]
    private var problems: [SettingProblem] = []

    /// Reads from the given variables.
    public init(environment: [String: String]) {
        self.environment = environment
        self.reader = ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: environment))
    }

    /// Throws all problems found so far.
    public func finish() throws(SettingsError) {
        if !problems.isEmpty { throw SettingsError(problems: problems) }
    }

    /// Adds a problem that only the caller can see, a relation between settings for instance.
    public mutating func report(_ name: String, _ problem: String) {
        problems.append(SettingProblem(name: name, problem: problem))
    }

    /// The trimmed text, or `nil` when the variable is unset or empty.
    public func optionalString(_ name: String, isSecret: Bool = false) -> String? {
        let key = ConfigKey(name.lowercased().split(separator: "_").map(String.init))
        let text = reader.string(forKey: key, isSecret: isSecret)?.trimmingCharacters(in: .whitespacesAndNewlines)
        return (text ?? "").isEmpty ? nil : text
    }

    /// A text with a default.
    public func string(_ name: String, default fallback: String) -> String {
        optionalString(name) ?? fallback
    }

    /// A text that must be there.
    public mutating func requiredString(_ name: String, meaning: String) -> String {
        if let text = optionalString(name) { return text }
        report(name, "is required: \(meaning)")
        return ""
    }

    /// A secret that must be there.
    public mutating func requiredSecret(_ name: String, meaning: String) -> Secret<String> {
        if let text = optionalString(name, isSecret: true) { return Secret(text) }
        report(name, "is required: \(meaning)")
        return Secret("")
    }

    /// A secret that may be absent.
    public func optionalSecret(_ name: String) -> Secret<String>? {
        optionalString(name, isSecret: true).map { Secret($0) }
    }

    /// A whole number within a range.
    public mutating func integer(_ name: String, default fallback: Int, in range: ClosedRange<Int>) -> Int {
        guard let text = optionalString(name) else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            report(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return fallback
        }
        return number
    }

    /// A duration in whole seconds within a range.
    public mutating func seconds(_ name: String, default fallback: Int, in range: ClosedRange<Int>) -> Duration {
        .seconds(integer(name, default: fallback, in: range))
    }

    /// A whole number of days within a range.
    public mutating func days(_ name: String, default fallback: Int, in range: ClosedRange<Int>) -> Duration {
        .seconds(integer(name, default: fallback, in: range) * 86_400)
    }

    /// `true` or `false`.
    public mutating func boolean(_ name: String, default fallback: Bool) -> Bool {
        guard let text = optionalString(name) else { return fallback }
        switch text.lowercased() {
        case "true": return true
        case "false": return false
        default:
            report(name, "must be true or false")
            return fallback
        }
    }

    /// An absolute `http` or `https` URL, without a slash at its end.
    public mutating func url(_ name: String, default fallback: String) -> String {
        let text = optionalString(name) ?? fallback
        guard Self.isWebURL(text) else {
            report(name, "must be an absolute http or https URL")
            return fallback
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    /// An absolute URL that must be there.
    public mutating func requiredURL(_ name: String, meaning: String) -> String {
        guard optionalString(name) != nil else {
            report(name, "is required: \(meaning)")
            return ""
        }
        return url(name, default: "http://invalid.invalid")
    }

    /// A list separated by commas, without empty parts.
    public func list(_ name: String) -> [String] {
        (optionalString(name) ?? "").split(separator: ",")
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    /// One of a fixed list of words.
    public mutating func choice(_ name: String, default fallback: String, of words: [String]) -> String {
        guard let text = optionalString(name)?.lowercased() else { return fallback }
        guard words.contains(text) else {
            report(name, "must be one of \(words.joined(separator: ", "))")
            return fallback
        }
        return text
    }

    /// All variables whose name begins with the prefix, without it.
    public func variables(withPrefix prefix: String) -> [String: String] {
        var found: [String: String] = [:]
        for (name, value) in environment where name.hasPrefix(prefix) {
            found[String(name.dropFirst(prefix.count))] = value
        }
        return found
    }

    private static func isWebURL(_ text: String) -> Bool {
        guard let scheme = URLComponents(string: text)?.scheme?.lowercased() else { return false }
        return ["http", "https"].contains(scheme) && RequestValidator.isAbsoluteURL(text)
    }
}
