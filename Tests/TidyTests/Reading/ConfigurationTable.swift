/// The settings that a README lists: the rows of all tables under `## Configuration`.
struct ConfigurationTable {
    /// By name what stands in the column of defaults; of `NAME_<ANYTHING>` the name is `NAME_`.
    private(set) var defaults: [String: String] = [:]
    /// Names with more than one row.
    private(set) var repeated: [String] = []

    /// Reads the rows whose first cell is a name in backticks; the third cell is the default.
    init(readme: SourceFile) {
        var isInside = false
        for line in readme.lines {
            if line.hasPrefix("## ") { isInside = line == "## Configuration" }
            guard isInside, line.hasPrefix("| `") else { continue }
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().map { cell in
                String(cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
            guard cells.count > 2 else { continue }
            let name = String(cells[0].filter { $0 != "`" }.prefix { $0 != "<" })
            if defaults.updateValue(cells[2], forKey: name) != nil { repeated.append(name) }
        }
    }
}
