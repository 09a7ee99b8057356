import Foundation

/// The files of this repository that the rules look at.
enum Repository {
    private static let folders = ["Sources", "Tests", "Scripts", "docs", ".ci", "Benchmarks"]
    private static let files = ["Package.swift", "Makefile", "README.md", "DESIGN.md", ".swift-format"]

    /// The folder of Package.swift, found from this file's own place.
    static var root: URL {
        var folder = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { folder.deleteLastPathComponent() }
        return folder
    }

    /// All text files of the checked folders, in the order of their paths; throws when one cannot be read.
    static func read() throws -> [SourceFile] {
        let manager = FileManager.default
        var paths = files.filter { manager.fileExists(atPath: root.appendingPathComponent($0).path) }
        for folder in folders {
            let found = manager.enumerator(atPath: root.appendingPathComponent(folder).path)
            while let path = found?.nextObject() as? String { paths.append("\(folder)/\(path)") }
        }
        return try paths.sorted().compactMap { path in
            let location = root.appendingPathComponent(path)
            var isFolder: ObjCBool = false
            guard manager.fileExists(atPath: location.path, isDirectory: &isFolder), !isFolder.boolValue else {
                return nil
            }
            let data = try Data(contentsOf: location)
            // What is not text (a recorded body, say) has no lines to judge.
            return String(data: data, encoding: .utf8).map { SourceFile(path: path, text: $0) }
        }
    }
}
