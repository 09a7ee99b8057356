import Synchronization

/// What became of each cell, and the table of all.
final class Table: Sendable {
    enum Cell: String, Sendable {
        case ok
        case failed = "FAIL"
        case notApplicable = "n.a."
    }

    static let shared = Table()

    private struct State {
        var cells: [String: [Scenario: [Cell]]] = [:]
        var isPrinted = false
    }

    private let state = Mutex(State())

    /// Enters the cells of all operations of a provider under a scenario.
    /// - Returns: The table, once every provider was under every scenario.
    func enter(_ cells: [Cell], provider: String, _ scenario: Scenario, of providers: [String]) -> String? {
        state.withLock { state in
            state.cells[provider, default: [:]][scenario] = cells
            let isComplete = providers.allSatisfy { state.cells[$0]?.count == Scenario.allCases.count }
            guard isComplete, !state.isPrinted else { return nil }
            state.isPrinted = true
            return Self.text(state.cells, providers)
        }
    }

    private static func text(_ cells: [String: [Scenario: [Cell]]], _ providers: [String]) -> String {
        let first = (Scenario.allCases.map(\.rawValue.count).max() ?? 0) + 2
        var lines = [padded("", first) + providers.map { padded($0, 20) }.joined()]
        for scenario in Scenario.allCases {
            let row = providers.map { padded(summary(cells[$0]?[scenario] ?? []), 20) }
            lines.append(padded(scenario.rawValue, first) + row.joined())
        }
        return "\nConformance (operations that a scenario applies to, of all)\n\n" + lines.joined(separator: "\n")
            + "\n"
    }

    /// `ok 8/14` when it applies to eight operations of fourteen.
    private static func summary(_ cells: [Cell]) -> String {
        let applying = cells.filter { $0 != .notApplicable }.count
        let result: Cell = cells.contains(.failed) ? .failed : applying == 0 ? .notApplicable : .ok
        return result == .notApplicable ? result.rawValue : "\(result.rawValue) \(applying)/\(cells.count)"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
