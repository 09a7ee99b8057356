import Foundation
import Providers
import Shared

/// The commands of a tour with the answers that the page promises, read as `Scripts/tour` reads them.
struct TourPage {
    /// An operation of a provider, and the payment method where the path has one.
    struct Call: Hashable {
        let provider: String
        let method: String?
        let operation: Shared.Operation
    }

    private struct Step {
        var command: String
        var output = ""

        /// An error body: the page shows how the operation fails, not what it does.
        var isFailure: Bool { output.contains("\"statusCode\"") }
    }

    private let steps: [Step]

    /// Reads the `console` blocks of the whole page, or of a README's tour alone.
    init(_ text: String) {
        var steps: [Step] = []
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let isWhole = lines.first == "# The whole tour"
        var (isInTour, isInBlock, continues) = (isWhole, false, false)
        for line in lines {
            if line.hasPrefix("```") {
                isInBlock = !isInBlock && isInTour && line == "```console"
            } else if !isInBlock {
                if line.hasPrefix("## ") { isInTour = isWhole || line == "## A five-minute tour" }
            } else if line.hasPrefix("$ ") {
                steps.append(Step(command: String(line.dropFirst(2))))
                continues = true
            } else if continues, line.hasPrefix("> ") {
                steps[steps.count - 1].command += "\n" + line.dropFirst(2)
            } else if !steps.isEmpty {
                continues = false
                steps[steps.count - 1].output += line + "\n"
            }
        }
        self.steps = steps
    }

    /// What the page calls and does not only show failing; a shell function counts where it is called.
    var calls: Set<Call> {
        var functions: [String: Set<Call>] = [:]
        return steps.reduce(into: []) { calls, step in
            let found = Self.calls(in: step.command)
            if let name = Self.function(in: step.command) {
                functions[name] = found
            } else if !step.isFailure {
                let word = String(step.command.prefix { $0 != " " && $0 != "\n" })
                calls.formUnion(found.union(functions[word] ?? []))
            }
        }
    }

    private static func function(in command: String) -> String? {
        command.range(of: "() { ").map { String(command[..<$0.lowerBound]) }.flatMap { $0.contains(" ") ? nil : $0 }
    }

    private static func calls(in command: String) -> Set<Call> {
        Set(
            command.components(separatedBy: "$PGM/").dropFirst().compactMap { rest in
                call(rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "/") })
            })
    }

    private static func call(_ path: Substring) -> Call? {
        let parts = path.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let description = ProviderRegistry.description(named: String(parts[0])) else {
            return nil
        }
        let provider = description.name.value
        if let operation = Shared.Operation(rawValue: String(parts[1])), !operation.hasPaymentMethod {
            return Call(provider: provider, method: nil, operation: operation)
        }
        let rest = parts[1].split(separator: "/", maxSplits: 1)
        guard rest.count == 2, let method = description.method(named: String(rest[0])),
            let operation = Shared.Operation(rawValue: String(rest[1])), operation.hasPaymentMethod
        else { return nil }
        return Call(provider: provider, method: method.name, operation: operation)
    }
}
