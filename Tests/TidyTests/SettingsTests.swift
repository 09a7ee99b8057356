import Testing

@Suite("The README's configuration table and the settings that are read agree")
struct SettingsTests {
    @Test func everySettingThatIsReadIsInTheTable() throws {
        let files = try Repository.read()
        let table = ConfigurationTable(readme: try readme(in: files))
        for name in SettingNames.read(in: files).subtracting(table.defaults.keys).sorted() {
            Issue.record("\(name) is read and has no row in README.md")
        }
    }

    @Test func everyRowOfTheTableIsASettingThatIsRead() throws {
        let files = try Repository.read()
        let table = ConfigurationTable(readme: try readme(in: files))
        for name in Set(table.defaults.keys).subtracting(SettingNames.read(in: files)).sorted() {
            Issue.record("README.md has a row for \(name), which is read nowhere")
        }
        #expect(table.repeated == [])
    }

    @Test func theTableTellsTheDefaultsThatAreUsed() throws {
        let files = try Repository.read()
        let table = ConfigurationTable(readme: try readme(in: files))
        let expected = SettingNames.defaults(in: files)
        #expect(expected.count > 30)
        for (name, cells) in expected.sorted(by: { $0.key < $1.key }) {
            guard let cell = table.defaults[name] else { continue }
            let isAsUsed = cells.contains { cell == $0 || ($0 == "required" && cell.hasPrefix("required")) }
            if !isAsUsed { Issue.record("README.md gives \(name) the default \(cell) instead of \(cells)") }
        }
    }

    @Test func namesAreFoundWhereverTheyAreReadFrom() {
        let files = [
            SourceFile(path: "Sources/PGM/A.swift", text: "reader.string(\"A_B\", default: \"x\") // \"C_D\""),
            SourceFile(path: "Sources/PGM/B.swift", text: "reader.seconds(prefix + \"_E_F\", default: 1_024)"),
            SourceFile(path: "Sources/Shared/C.swift", text: "func a(_ reader: SettingsReader) { a(\"G_H\") }"),
            SourceFile(path: "Sources/Shared/D.swift", text: "case a = \"I_J\""),
        ]
        let names = SettingNames.read(in: files)
        #expect(names.isSuperset(of: ["A_B", "STRIPE_E_F", "STRIPE_PRIVATE_KEY", "G_H"]))
        #expect(names.isDisjoint(with: ["C_D", "_E_F", "I_J"]))
        let defaults = SettingNames.defaults(in: files)
        #expect(defaults["A_B"] == ["`x`"])
        #expect(defaults["STRIPE_E_F"] == ["`1024`"])
        #expect(defaults["STRIPE_PRIVATE_KEY"] == ["required"])
    }

    @Test func rowsAreReadFromTheirSectionAlone() {
        let lines = [
            "| `A_A` | x | 1 |", "## Configuration", "### Part", "| name | role | default |", "| --- | --- | --- |",
            "| `B_B` | all | `2` | meaning |", "| `C_C_<PROPERTY>` | all | | any |", "| `B_B` | all | `3` | again |",
            "## Next", "| `D_D` | x | 1 |",
        ]
        let table = ConfigurationTable(readme: SourceFile(path: "README.md", text: lines.joined(separator: "\n")))
        #expect(table.defaults == ["B_B": "`3`", "C_C_": ""])
        #expect(table.repeated == ["B_B"])
    }

    private func readme(in files: [SourceFile]) throws -> SourceFile {
        try #require(files.first { $0.path == "README.md" })
    }
}
