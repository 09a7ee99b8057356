import ArgumentParser
import Foundation

/// The command `pgm doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks settings, broker, topics, providers and clock; says what to do about what is wrong.")

    @Option(help: "Whose settings to check: all, ingress, worker or notifier.")
    var role = Doctor.Role.all

    func run() async throws {
        let findings = await Doctor(role: role, environment: ProcessInfo.processInfo.environment).findings()
        for finding in findings { print(finding.line) }
        let count = findings.count { !$0.isFine }
        print(count == 0 ? "\nEverything is as it must be." : "\nWrong: \(count) of \(findings.count) checks.")
        if count > 0 { throw ExitCode(1) }
    }
}

extension Doctor.Role: ExpressibleByArgument {}
