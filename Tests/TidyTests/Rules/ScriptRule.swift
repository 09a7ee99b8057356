/// A script stops at its first error and can be started by its name.
///
/// Files with a suffix are parts of scripts.
struct ScriptRule: Rule {
    let name = "script"

    func violations(in files: [SourceFile]) -> [Violation] {
        let scripts = files.filter { ($0.isIn("Scripts") || $0.isIn(".ci")) && !$0.name.contains(".") }
        return scripts.flatMap { file in
            var found: [Violation] = []
            if file.lines.first != "#!/usr/bin/env bash" {
                found.append(violation(file, 1, "the first line is #!/usr/bin/env bash"))
            }
            if !file.lines.contains("set -euo pipefail") {
                found.append(violation(file, 1, "without `set -euo pipefail` it goes on after an error"))
            }
            return found
        }
    }
}
