import Foundation
import Shared

/// The checked-in fixtures, found by the names of the registry.
enum FixtureFolder {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    /// Where the folders of all providers are.
    static let root = tests.appending(path: "Fixtures")

    /// The cells that do not apply.
    static let notApplicable = tests.appending(path: "NotApplicable.txt")

    /// Names of the folders.
    static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.path).filter { !$0.hasPrefix(".") }.sorted()
    }

    /// The fixture of a provider; says what to do when there is none.
    static func fixture(of provider: String) throws -> ProviderFixture {
        let file = root.appending(path: provider).appending(path: "provider.json")
        guard let data = try? Data(contentsOf: file) else {
            throw NotConforming(
                "the provider \(provider) of the registry has no Tests/ConformanceTests/Fixtures/\(provider)/"
                    + "provider.json: DESIGN.md says what belongs into it")
        }
        do {
            return try JSONDecoder().decode(ProviderFixture.self, from: data)
        } catch {
            throw NotConforming("Fixtures/\(provider)/provider.json cannot be read: \(error)")
        }
    }

    /// The recorded exchanges of a provider, in order of their file names.
    static func recordings(of provider: String) throws -> [Recording] {
        let folder = root.appending(path: provider).appending(path: "exchanges")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return try names.filter { $0.hasSuffix(".json") }.sorted().map { name in
            do {
                let data = try Data(contentsOf: folder.appending(path: name))
                var recording = try JSONDecoder().decode(Recording.self, from: data)
                recording.name = String(name.dropLast(5))
                return recording
            } catch {
                throw NotConforming("Fixtures/\(provider)/exchanges/\(name) cannot be read: \(error)")
            }
        }
    }
}
