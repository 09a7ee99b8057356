import ArgumentParser

/// The command line: one executable, a subcommand for each role.
@main
struct PGM: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pgm",
        abstract: "Payment Gateway Manager: one HTTP API in front of many payment providers.",
        discussion: "Settings are environment variables; README.md lists them.",
        subcommands: [
            DevCommand.self, IngressCommand.self, WorkerCommand.self, NotifierCommand.self, TopicsCommand.self,
            PaymentsCommand.self, DoctorCommand.self,
            SandboxCommand.self, DevBrokerCommand.self,
        ])
}
