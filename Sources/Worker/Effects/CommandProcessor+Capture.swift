import Logging
import Providers
import Shared

/// Money that a provider keeps until it is told to take it: an effect like any other, although nobody has asked for it.
extension CommandProcessor {
    /// Takes the money that an observation says is waiting, once, under an entry of the payment's own.
    ///
    /// - Returns: the observation with what came of it.
    /// - Throws: ``ProviderFailure`` when that is not known yet; the command is tried again later.
    func captured(
        _ observation: PaymentObservation, _ command: Command, _ place: Place
    ) async throws -> PaymentObservation {
        let home = observation.reference.shopTransactionID ?? command.reference.shopTransactionID
        let payment = observation.reference.paymentID ?? command.reference.paymentID ?? home ?? command.id.value
        let key = JournalKey.followUp("capture", of: payment)
        let end = timing.now + settings.asynchronousTime
        while timing.now < end {
            let (known, position) = try await known(key, place)
            if let answer = known?.entry?.effect.answer, answer.isProviderOutcome {
                var result = observation
                result.status = answer.label == PaymentResult.ok.rawValue ? .accepted : .failed
                return result
            }
            if let entry = known?.entry, entry.effect.answer == nil {
                let left = end - timing.now
                guard
                    try await recover(key, place, within: left, for: entry.isCause(command) ? command : nil)
                        == .settled
                else { throw Self.captureUnknown }
                continue
            }
            let entry = captureEntry(key, payment, observation, command, known: position)
            try await capture(entry, command, until: end, place)
        }
        throw Self.captureUnknown
    }

    private func captureEntry(
        _ key: JournalKey, _ payment: String, _ observation: PaymentObservation, _ command: Command, known: Int64
    ) -> EffectEntry {
        EffectEntry(
            key,
            EffectState(
                commandID: command.id, operation: .confirm,
                reference: PaymentReference(
                    shopTransactionID: observation.reference.shopTransactionID ?? command.reference.shopTransactionID,
                    paymentID: observation.reference.paymentID ?? command.reference.paymentID),
                amount: observation.amount, lane: command.lane.key, request: [:], requestCode: "",
                providerKey: "capture-" + payment, firstAttemptedAtMilliseconds: clock.unixMilliseconds,
                durationMilliseconds: Self.milliseconds(settings.asynchronousTime + Self.durationMargin)),
            known: known)
    }

    private func capture(_ entry: EffectEntry, _ command: Command, until end: Duration, _ place: Place) async throws {
        let attemptID = journal.makeID(command.id.value, epoch: place.epoch)
        let attempted = await write(entry, .attempted, attemptID: attemptID, place) { timing.now > end }
        guard attempted == .valid else { throw Self.captureUnknown }
        let progress = EffectProgress(entry)
        do throws(ProviderFailure) {
            let mayRepeat = recovery(of: entry).isProtectedByKey
            let answer = try await attempt(until: end, mayRepeat: mayRepeat) { (end) async throws(ProviderFailure) in
                try await self.call(entry, progress, attemptID: attemptID, trace: command.trace, end: end, place)
            }
            guard await settle(entry, Outcome(answer: answer), attemptID, owes: false, place) == .settled else {
                throw Self.captureUnknown
            }
        } catch {
            if error.mayHaveHadEffect {
                _ = await write(progress.added(to: entry), .unknown, attemptID: attemptID, place) { Task.isCancelled }
            } else {
                _ = await settle(entry, Outcome(refusal: Self.notExecuted, nil), attemptID, owes: false, place)
            }
            throw error
        }
    }

    private static let captureUnknown = ProviderFailure(
        .stillRunning, mayHaveHadEffect: true, isTransient: true, "the payment's capture is not settled yet")
}

extension EffectEntry {
    /// Whether a command is the one that began this effect.
    func isCause(_ command: Command) -> Bool { effect.commandID == command.id }
}
