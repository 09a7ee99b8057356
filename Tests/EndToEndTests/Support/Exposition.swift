import Foundation

/// Metrics of a process, as a scraper reads them.
struct Exposition: Sendable {
    let text: String

    /// Scrapes a process.
    static func of(_ url: String) async throws -> Exposition {
        Exposition(text: try await API.get(url + "/-/metrics").text)
    }

    /// The sum of a metric's series that have all the given labels; nil when there is none.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        let wanted = labels.map { "\($0.key)=\"\($0.value)\"" }
        let values = text.split(separator: "\n").compactMap { line -> Double? in
            guard line.hasPrefix(name + "{") || line.hasPrefix(name + " ") else { return nil }
            guard wanted.allSatisfy({ line.contains($0) }) else { return nil }
            return line.split(separator: " ").last.flatMap { Double($0) }
        }
        return values.isEmpty ? nil : values.reduce(0, +)
    }

    /// The value of one label in the first series of a metric.
    func label(_ label: String, of name: String) -> String? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name + "{") }) else { return nil }
        guard let start = line.range(of: label + "=\"")?.upperBound else { return nil }
        return line[start...].split(separator: "\"", maxSplits: 1).first.map(String.init)
    }
}
