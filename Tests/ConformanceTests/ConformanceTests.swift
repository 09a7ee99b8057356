import Foundation
import Providers
import Shared
import Testing

/// Every provider of the registry under every scenario; no provider is named here.
@Suite(.serialized) struct ConformanceTests {
    private static let names = ProviderRegistry.all.map { $0.description.name.value }.sorted()

    private static func provider(_ name: String) throws -> any PaymentProvider.Type {
        try ProviderRegistry.all.first { $0.description.name.value == name }.required("no provider \(name)")
    }

    @Test func everyProviderHasItsFixturesAndNothingElseHas() throws {
        for type in ProviderRegistry.all {
            let description = type.description
            let fixture = try FixtureFolder.fixture(of: description.name.value)
            #expect(
                Set(fixture.operations.keys) == Set(description.operations.map(\.operation.rawValue)),
                "the fixture of \(description.name) has an entry for each operation of the description")
            #expect(
                try !FixtureFolder.recordings(of: description.name.value).isEmpty,
                "\(description.name) has recorded exchanges")
        }
        #expect(try FixtureFolder.names() == Self.names, "each folder of fixtures is of a registered provider")
    }

    @Test func theCellsThatDoNotApplyAreThoseOfTheCheckedInFile() throws {
        var derived: Set<String> = []
        for description in ProviderRegistry.all.map({ $0.description }) {
            for operation in description.operations {
                let cells = Scenario.allCases.filter { !$0.applies(to: operation, of: description) }
                for cell in cells { derived.insert("\(description.name) | \(operation.operation.rawValue) | \(cell)") }
            }
        }
        let text = try String(contentsOf: FixtureFolder.notApplicable, encoding: .utf8)
        let listed = Set(text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") })
        #expect(
            derived.subtracting(listed).sorted() == [], "cells that do not apply, and are not in NotApplicable.txt")
        #expect(listed.subtracting(derived).sorted() == [], "cells of NotApplicable.txt that do apply, or are none")
    }

    @Test(.timeLimit(.minutes(2)), arguments: names, Scenario.allCases)
    func theProviderConforms(name: String, scenario: Scenario) async throws {
        let type = try Self.provider(name)
        let description = type.description
        var cells: [Table.Cell] = []
        var waiting = description.operations[...]
        await withTaskGroup(of: Table.Cell.self) { tasks in
            for operation in waiting.prefix(Self.concurrencyMax) {
                tasks.addTask { await Self.cell(type, operation, scenario) }
            }
            waiting = waiting.dropFirst(Self.concurrencyMax)
            for await cell in tasks {
                cells.append(cell)
                guard let operation = waiting.popFirst() else { continue }
                tasks.addTask { await Self.cell(type, operation, scenario) }
            }
        }
        if let table = Table.shared.enter(cells, provider: name, scenario, of: Self.names) { print(table) }
    }

    /// Operations that are examined at the same time, each in an installation of its own.
    private static let concurrencyMax = 4

    private static func cell(
        _ type: any PaymentProvider.Type, _ operation: OperationDescription, _ scenario: Scenario
    ) async -> Table.Cell {
        guard scenario.applies(to: operation, of: type.description) else { return .notApplicable }
        do {
            try await examine(type, operation, scenario)
            return .ok
        } catch {
            Issue.record("\(type.description.name), \(operation.operation.rawValue), \(scenario): \(error)")
            return .failed
        }
    }

    private static func examine(
        _ type: any PaymentProvider.Type, _ operation: OperationDescription, _ scenario: Scenario
    ) async throws {
        try await World.run(type) { world in
            try await Examiner(world, operation).examine(scenario)
        }
    }

    @Test(arguments: names)
    func theClientSendsTheRecordedRequestsAndReadsTheRecordedAnswers(name: String) async throws {
        for recording in try FixtureFolder.recordings(of: name) {
            do {
                try await World.run(try Self.provider(name)) { try await recording.runClient($0) }
            } catch {
                Issue.record("\(name), \(recording.name): \(error)")
            }
        }
    }

    @Test(arguments: names)
    func theSimulatorAnswersTheRecordedRequestsInTheRecordedShape(name: String) async throws {
        for recording in try FixtureFolder.recordings(of: name) {
            do {
                try await World.run(try Self.provider(name)) { try await recording.runSimulator($0) }
            } catch {
                Issue.record("\(name), \(recording.name): \(error)")
            }
        }
    }
}
