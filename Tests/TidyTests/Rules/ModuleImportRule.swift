import Foundation

/// The modules of this package import each other only in the direction of the design.
struct ModuleImportRule: Rule {
    let name = "module-import"

    private static let allowed: [String: Set<String>] = [
        "Shared": ["CRdKafka"],
        "Providers": ["Shared"],
        "Ingress": ["Shared", "Providers"],
        "Worker": ["Shared", "Providers"],
        // The simulators and the harnesses check our code, so they share none of it.
        "Sandbox": [],
        "Hostile": [],
        "Chaos": [],
        "Bench": ["Shared", "Providers"],
        "PGM": ["Shared", "Providers", "Ingress", "Worker", "Sandbox"],
    ]
    private static let ours = Set(allowed.keys).union(["CRdKafka"])

    private let pattern: NSRegularExpression

    /// Throws when the pattern is not a regular expression, which a test would show.
    init() throws {
        pattern = try NSRegularExpression(
            pattern: #"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:\w+\s+)?import\s+(?:[a-z]+\s+)?(\w+)"#)
    }

    func violations(in files: [SourceFile]) -> [Violation] {
        files.filter(\.isSwift).flatMap { file in
            file.codeLines.indices.compactMap { index in
                guard let module = imported(by: file.codeLines[index]), Self.ours.contains(module),
                    let reason = objection(to: module, in: file)
                else { return nil }
                return violation(file, index + 1, reason)
            }
        }
    }

    private func imported(by line: String) -> String? {
        let match = pattern.firstMatch(in: line, range: NSRange(line.startIndex..., in: line))
        return match.flatMap { Range($0.range(at: 1), in: line) }.map { String(line[$0]) }
    }

    private func objection(to module: String, in file: SourceFile) -> String? {
        if module == "CRdKafka" {
            let isNear = file.isIn("Sources/Shared/Kafka") || file.isIn("Tests/SharedTests/Kafka")
            return isNear ? nil : "only Sources/Shared/Kafka touches the C library"
        }
        guard file.isIn("Sources"), let importer = file.module, let allowed = Self.allowed[importer] else { return nil }
        return allowed.contains(module) ? nil : "\(importer) does not import \(module)"
    }
}
