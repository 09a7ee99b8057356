import Foundation
import Providers
import Testing

/// The fuzz targets with their seeds: what `make fuzz` starts from, and every input that was once a finding.
@Suite("Fuzz targets hold for their seeds")
struct SeedTests {
    private static let corpus = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")

    /// Seeds of a target by name.
    private static func seeds(of target: String) throws -> [(name: String, bytes: [UInt8])] {
        let folder = corpus.appending(path: target)
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
            (name, Array(try Data(contentsOf: folder.appending(path: name))))
        }
    }

    @Test(arguments: FuzzTargets.all.map(\.name))
    func everySeedOfATargetHolds(name: String) async throws {
        let target = try #require(FuzzTargets.all.first { $0.name == name })
        let seeds = try Self.seeds(of: name)
        #expect(seeds.count >= 2, "a target without seeds starts from nothing")
        for seed in seeds {
            do {
                try await target.run(seed.bytes)
            } catch {
                Issue.record("\(name)/\(seed.name): \(error)")
            }
        }
    }

    /// Cut and changed seeds, so that the targets meet what is almost right in every run of the tests.
    @Test(arguments: FuzzTargets.all.map(\.name))
    func everyChangedSeedOfATargetHolds(name: String) async throws {
        let target = try #require(FuzzTargets.all.first { $0.name == name })
        for seed in try Self.seeds(of: name) where !seed.bytes.isEmpty {
            for place in stride(from: 0, to: seed.bytes.count, by: max(1, seed.bytes.count / 24)) {
                var changed = seed.bytes
                changed[place] = changed[place] &+ 1
                for input in [Array(seed.bytes[..<place]), changed] {
                    do {
                        try await target.run(input)
                    } catch {
                        Issue.record("\(name)/\(seed.name), changed at \(place): \(error)")
                    }
                }
            }
        }
    }

    @Test func everyFolderOfSeedsHasItsTargetAndNoNameStandsTwice() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpus.path).filter {
            $0 != "words.dict"
        }
        #expect(folders.sorted() == FuzzTargets.all.map(\.name).sorted())
    }

    @Test func everyOperationHasASmallestBodyThatTheBodyTargetReads() throws {
        #expect(Fixture.cases.contains { $0.operation.body != nil })
        for chosen in Fixture.cases where chosen.operation.body != nil {
            #expect(!chosen.body.isEmpty, "\(chosen.description.name) \(chosen.operation.operation)")
        }
    }

    @Test func aBrokenPromiseIsAFinding() {
        #expect(throws: Finding.self) { try Finding.unless(false, "broken") }
        #expect(throws: Never.self) { try Finding.unless(true, "kept") }
    }
}
