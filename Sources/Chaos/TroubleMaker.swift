import Foundation

/// What became of one step.
struct StepResult: Sendable {
    var number: Int
    var trouble: Trouble
    /// When it began, its pause not counted.
    var begunAt: ContinuousClock.Instant = .now
    /// When the installation was ready again, or was no longer waited for.
    var endedAt: ContinuousClock.Instant = .now
    /// Commands without an answer at that moment.
    var inFlight = 0
    /// Workers that began again with an empty disk.
    var emptyDisks = 0
    /// Of a placed kill: whether the worker came to the place before it was killed from outside.
    var isPlaced = true
    /// How long the installation took to be ready again; nil when it was not within the limit.
    var readyAfter: Duration?
}

/// Does to the installation what a plan says, one step after the other, while the load goes on.
struct TroubleMaker: Sendable {
    let installation: Installation
    let books: SandboxBooks
    /// Shell commands that stop and start the broker again.
    var brokerCommands: [ShellCommand] = []
    /// Told of each step as it ends.
    let observe: @Sendable (StepResult) -> Void

    private static let readyLimit: Duration = .seconds(60)
    private static let placeLimit: Duration = .seconds(25)
    /// A kill with nothing in flight shows little, so it waits a little for something.
    private static let inFlightLimit: Duration = .seconds(3)
    /// Faults are left in force for later steps when nobody has run into them so long.
    private static let faultLimit: Duration = .seconds(5)

    /// Performs the steps; none begins after the deadline.
    func run(_ steps: some Sequence<ChaosStep>, until deadline: ContinuousClock.Instant) async throws -> [StepResult] {
        var results: [StepResult] = []
        for step in steps {
            guard ContinuousClock.now < deadline, !Task.isCancelled else { break }
            try await Task.sleep(for: .milliseconds(step.pauseMilliseconds))
            _ = await Waiting.until(Self.inFlightLimit, every: .milliseconds(5)) { inFlight > 0 }
            var result = StepResult(number: step.number, trouble: step.trouble)
            try await perform(step, &result)
            let started = ContinuousClock.now
            if await installation.isReady(within: Self.readyLimit) { result.readyAfter = .now - started }
            result.endedAt = .now
            results.append(result)
            observe(result)
        }
        return results
    }

    private var inFlight: Int { installation.client.inFlight }

    private func perform(_ step: ChaosStep, _ result: inout StepResult) async throws {
        result.begunAt = .now
        switch step.trouble {
        case .kill(let role): try await kill([RoleSlot(role, step.slot)], step, &result)
        case .killWorkers: try await kill(RoleSlot.workers, step, &result)
        case .stop(let role): try await stop(RoleSlot(role, step.slot), &result)
        case .freeze(let role):
            await freeze(await installation.process(RoleSlot(role, step.slot)), step, &result)
        case .brokerOutage:
            await freeze(await installation.brokerProcess(), step, &result)
        case .brokerRestart: try await restartBroker(step, &result)
        case .faultsBeforeEffect, .faultsAfterEffect:
            result.inFlight = inFlight
            for fault in step.faults { await books.add(fault) }
            _ = await Waiting.until(Self.faultLimit) { await !books.hasFaults() }
        case .merchantOutage:
            result.inFlight = inFlight
            await books.add(step.merchantFault)
            try? await Task.sleep(for: .milliseconds(step.freezeMilliseconds * 2))
            await books.deleteMerchantFaults()
        case .placedKill(let place):
            try await killAtPlace(place, step, &result)
        }
    }

    private func kill(_ slots: [RoleSlot], _ step: ChaosStep, _ result: inout StepResult) async throws {
        result.inFlight = inFlight
        for slot in slots { await installation.process(slot)?.end() }
        for slot in slots { try await startAgain(slot, step, &result) }
    }

    /// Starts what was killed, a worker without its disk where the step says so.
    private func startAgain(_ slot: RoleSlot, _ step: ChaosStep, _ result: inout StepResult) async throws {
        if step.emptiesDisk, slot.role == .worker {
            try await installation.emptyDisk(of: slot)
            result.emptyDisks += 1
        }
        try await installation.start(slot)
    }

    private func restartBroker(_ step: ChaosStep, _ result: inout StepResult) async throws {
        result.inFlight = inFlight
        guard let first = brokerCommands.first else { return }
        try await first.run()
        try? await Task.sleep(for: .milliseconds(step.freezeMilliseconds))
        for command in brokerCommands.dropFirst() { try await command.run() }
    }

    private func stop(_ slot: RoleSlot, _ result: inout StepResult) async throws {
        result.inFlight = inFlight
        await installation.endPolitely(slot)
        try await installation.start(slot)
    }

    private func freeze(_ process: ManagedProcess?, _ step: ChaosStep, _ result: inout StepResult) async {
        result.inFlight = inFlight
        process?.send(SIGSTOP)
        try? await Task.sleep(for: .milliseconds(step.freezeMilliseconds))
        process?.send(SIGCONT)
    }

    /// Restarts a worker so that it kills itself, and again when it has done so.
    private func killAtPlace(_ place: CrashPlace, _ step: ChaosStep, _ result: inout StepResult) async throws {
        let slot = RoleSlot.workers[step.slot]
        await installation.endPolitely(slot)
        try await installation.start(slot, extra: ["PGM_CRASH_AT": "\(place.rawValue):\(step.passage)"])
        guard let process = await installation.process(slot) else { return }
        if place == .rebalance {
            // Another member that goes and comes is what makes a group share its partitions anew.
            _ = await process.hasEnded(within: .seconds(4))
            if process.isRunning { try await stop(RoleSlot.workers[1 - step.slot], &result) }
        }
        result.isPlaced = await process.hasEnded(within: Self.placeLimit)
        result.inFlight = inFlight
        if result.isPlaced, !process.wasKilled {
            await installation.report(
                Violation(reference: slot.name, rule: .endedByItself, details: process.ending + ", asked to be killed"))
        }
        if !result.isPlaced {
            _ = await Waiting.until(Self.inFlightLimit, every: .milliseconds(5)) { inFlight > 0 }
            result.inFlight = inFlight
            await process.end()
        }
        try await startAgain(slot, step, &result)
    }
}
