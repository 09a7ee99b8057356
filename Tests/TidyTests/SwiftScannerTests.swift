import Testing

@Suite("Source is taken apart into code, comments and literals")
struct SwiftScannerTests {
    @Test(arguments: [
        ("a // b\nc", "a     \nc"),
        ("a /* b /* c */ d */ e", "a                   e"),
        (#"f("x \" y") + g"#, #"f("      ") + g"#),
        (#"f("\(call("inner")) z")"#, #"f("  call("     ")   ")"#),
        (##"f(#"a " \n \#(b) "#)"##, ##"f(#"          b  "#)"##),
        ("\"\"\"\na \"quoted\" // no comment\n\"\"\"; b", "\"\"\"\n                        \n\"\"\"; b"),
        ("#if DEBUG\n#/a\"b/#", "#if DEBUG\n       "),
        ("let a = \"open\nlet b", "let a = \"    \nlet b"),
    ])
    func onlyCodeIsLeft(source: String, code: String) {
        #expect(SwiftScanner(source).code == code)
    }

    @Test func literalsAreFoundWithTheirLinesAlsoInsideInterpolations() {
        let literals = SwiftScanner("\n\"a\\(f(\"b\"))c\"\n// \"d\"\n#\"e\"#").literals
        #expect(
            literals == [
                StringLiteral(line: 2, content: "b"), StringLiteral(line: 2, content: "ac"),
                StringLiteral(line: 4, content: "e"),
            ])
    }
}
