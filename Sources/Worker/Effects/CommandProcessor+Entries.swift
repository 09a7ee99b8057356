import Logging
import Providers
import Shared

/// Making and writing entries of the journal.
extension CommandProcessor {
    /// The entry of a command that begins now.
    func newEntry(_ command: Command, _ record: PaymentRecord?, time: Duration) -> EffectEntry {
        let effect = EffectState(
            commandID: command.id, operation: command.operation, paymentMethod: command.paymentMethod,
            reference: command.reference, amount: command.amount, lane: command.lane.key,
            request: command.payload.body ?? [:], requestCode: codec.requestCode(of: Self.canonical(command)),
            scope: command.claim?.scope, providerKey: Self.providerKey(of: command),
            firstAttemptedAtMilliseconds: clock.unixMilliseconds,
            durationMilliseconds: Self.milliseconds(time + Self.durationMargin),
            deadlineMilliseconds: command.deadlineMilliseconds)
        guard command.operation.isPayment, let shopTransactionID = command.reference.shopTransactionID else {
            return EffectEntry(.command(command.id), effect)
        }
        var payment = record ?? PaymentRecord(shopTransactionID: shopTransactionID)
        payment.begin(effect, productsCode: Self.products(of: command).map { codec.requestCode(of: $0) })
        return EffectEntry(payment) ?? EffectEntry(.command(command.id), effect)
    }

    /// What a clock that runs a little faster, and a record's way to its reader, may take off an attempt's time.
    static let durationMargin: Duration = .seconds(2)

    static func milliseconds(_ time: Duration) -> Int64 {
        let (seconds, attoseconds) = time.components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }

    /// Appends a state of an entry and waits until it was read back.
    ///
    /// - Parameter owes: the entry stays open although it is settled, because its outcome is still to be published.
    func write(
        _ entry: EffectEntry, _ stage: JournalMark.Stage, attemptID: String, _ place: Place, owes: Bool = false,
        isTooLate: @escaping @Sendable () -> Bool
    ) async -> AppendOutcome {
        let now = clock.unixMilliseconds
        let retention = entry.payment == nil ? journal.settings.settledRetention : journal.settings.paymentRetention
        let mark = entry.effect.mark(
            epoch: place.epoch, stage: stage, attemptID: attemptID, isOpen: owes || stage.isUnsettled,
            expiresAtMilliseconds: now + Self.milliseconds(retention))
        return await append(entry.key, mark, entry.summary(journal.instance, now: now), place, isTooLate) {
            try entry.content()
        }
    }

    private func append(
        _ key: JournalKey, _ mark: JournalMark, _ summary: JournalSummary, _ place: Place,
        _ isTooLate: @escaping @Sendable () -> Bool, _ content: () throws -> [UInt8]
    ) async -> AppendOutcome {
        guard let content = try? content() else { return .notWritable }
        let id = journal.makeID("r", epoch: place.epoch)
        let record = JournalRecord(id: id, key: key, mark: mark, summary: summary, content: content)
        return await journal.append(record, to: place.partition, isTooLate: isTooLate)
    }

    /// Writes down which command the caller's key stands for; `nil` when that is done, or there is no key.
    func claim(_ command: Command, _ entry: EffectEntry, _ place: Place) async throws -> RecordDisposition? {
        guard let keyHash = command.claim?.keyHash else { return nil }
        let now = clock.unixMilliseconds
        let state = ClaimState(
            commandID: command.id, entry: entry.key.text, requestCode: entry.effect.requestCode)
        let mark = JournalMark(
            epoch: place.epoch, expiresAtMilliseconds: now + Self.milliseconds(journal.settings.claimRetention))
        let summary = JournalSummary(
            commandID: command.id, changedAtMilliseconds: now, writer: journal.instance)
        let end = timing.now + timeLeft(of: command)
        let timing = timing
        let outcome = await append(.claim(keyHash), mark, summary, place, { timing.now > end }) {
            try JSONCoding.encode(state)
        }
        return outcome == .valid ? nil : await pauseThenAgain()
    }

    /// What a caller who repeats a request has to send again: operation, method and body.
    static func canonical(_ command: Command) -> [UInt8] {
        let members: [String: JSONValue] = [
            "operation": .string(command.operation.rawValue),
            "method": command.paymentMethod.map { .string($0) } ?? .null,
            "body": .object(command.payload.body ?? [:]),
        ]
        return (try? JSONCoding.encode(JSONValue.object(members))) ?? []
    }

    /// The products of a request; `nil` when it names none.
    static func products(of command: Command) -> [UInt8]? {
        guard let products = command.payload.body?["products"] else { return nil }
        return try? JSONCoding.encode(products)
    }

    /// Whether a request asks for the products that a code stands for.
    func isProducts(of command: Command, _ code: String?) -> Bool {
        switch (Self.products(of: command), code) {
        case (nil, nil): true
        case (let products?, let code?): codec.isCode(code, of: products) ?? true
        default: false
        }
    }

    /// How a lost call of an entry is cleared up; what only reads may be done again at will.
    func recovery(of entry: EffectEntry) -> EffectRecovery {
        if description.operation(entry.effect.operation)?.effect == OperationDescription.Effect.none {
            return .repeatUnderKey(life: .seconds(365 * 86_400))
        }
        return provider.recovery(of: entry.effect.operation)
    }

    /// The journal could not be written or is another's: what runs next finds out.
    func pauseThenAgain() async -> RecordDisposition {
        await timing.pause(for: .milliseconds(200)) ? .again : .leftForSuccessor
    }

    /// The index cannot be read, or an entry not opened: nothing is guessed where money is concerned.
    func afterJournalFailure(_ error: any Error) async -> RecordDisposition {
        if let error = error as? MessageError {
            logger.error(
                "an entry of the journal cannot be opened",
                metadata: .of([.reason: error.isPoison ? "damaged" : "needs another key or version"]))
            return .stopPartition
        }
        logger.error("the journal's index cannot be read")
        return await timing.pause(for: .seconds(1)) ? .again : .leftForSuccessor
    }

    /// The answer of a command that came too late.
    static func expired(atMilliseconds now: Int64) -> RecordedAnswer {
        let response = ErrorResponse(.providerUnavailable, "the request came too late and was not executed")
        return RecordedAnswer(
            statusCode: response.statusCode, body: response.text, label: Outcome.expiredLabel,
            found: PaymentReference(),
            effect: .none, settledAtMilliseconds: now)
    }
}

extension RecordedAnswer {
    /// Records an outcome; without an effect given, what was refused had none.
    init(_ outcome: Outcome, effect: Effect? = nil, atMilliseconds now: Int64) {
        self.init(
            statusCode: outcome.statusCode, body: String(decoding: outcome.body ?? [], as: UTF8.self),
            retryAfterSeconds: outcome.retryAfterSeconds, label: outcome.label, found: outcome.found,
            effect: effect ?? (outcome.label == PaymentResult.ko.rawValue ? .none : .happened),
            settledAtMilliseconds: now)
    }
}

extension ErrorResponse {
    /// The body as text.
    var text: String { String(decoding: (try? JSONCoding.encode(self)) ?? [], as: UTF8.self) }
}

extension Operation {
    /// Whether it is guarded: one payment for each `shopTransactionID`.
    var isPayment: Bool { self == .pay || self == .payRecurrent }
}
