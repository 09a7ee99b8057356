/// A text that appears nowhere by chance.
enum UnguessableText {
    static func make() -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        return "zq" + String((0..<18).map { _ in letters.randomElement() ?? "x" })
    }
}
