import Logging
import Providers
import Shared

/// Making and writing entries of the journal.
extension CommandProcessor {
    /// The entry of a command that begins now.
    ///
    /// - Parameters:
    ///   - record: the payment as it is known, when the command is one.
    ///   - known: the position in the log up to which that is known.
    func newEntry(_ command: Command, _ record: PaymentRecord?, known: Int64, time: Duration) -> EffectEntry {
        let effect = EffectState(
            commandID: command.id, operation: command.operation, paymentMethod: command.paymentMethod,
            reference: command.reference, amount: command.amount, lane: command.lane.key,
            request: command.payload.body ?? [:], requestCode: codec.requestCode(of: Self.canonical(command)),
            scope: command.claim?.scope, claim: command.claim?.keyHash, providerKey: Self.providerKey(of: command),
            firstAttemptedAtMilliseconds: clock.unixMilliseconds,
            durationMilliseconds: Self.milliseconds(time + Self.durationMargin),
            deadlineMilliseconds: command.deadlineMilliseconds)
        guard var payment = record else { return EffectEntry(.command(command.id), effect, known: known) }
        payment.begin(effect, productsCode: Self.products(of: command).map { codec.requestCode(of: $0) })
        return EffectEntry(payment, known: known) ?? EffectEntry(.command(command.id), effect, known: known)
    }

    /// What a clock that runs a little faster, and a record's way to its reader, may take off an attempt's time.
    static let durationMargin: Duration = .seconds(2)

    static func milliseconds(_ time: Duration) -> Int64 {
        let (seconds, attoseconds) = time.components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }

    /// Appends a state of an entry and waits until it is known whether it counts.
    ///
    /// - Parameter owes: the entry stays open although it is settled, because its outcome is still to be published.
    func write(
        _ entry: EffectEntry, _ stage: JournalMark.Stage, attemptID: String, _ place: Place, owes: Bool = false,
        isTooLate: @escaping @Sendable () -> Bool
    ) async -> AppendOutcome {
        guard let content = try? entry.content() else { return .notWritable }
        let draft = Journal.Draft(
            key: entry.key, mark: entry.mark(stage, attemptID: attemptID, isOpen: owes || stage.isUnsettled),
            summary: entry.summary(journal.instance, now: clock.unixMilliseconds), content: content)
        return await journal.append(draft, to: place.partition, epoch: place.epoch, isTooLate: isTooLate)
    }

    // MARK: - Loading

    /// Loads an entry, with the answers of former owners that came too late.
    ///
    /// - Returns: the entry, and the position in the log up to which that is known.
    func known(_ key: JournalKey, _ place: Place) async throws -> (entry: KnownEntry?, position: Int64) {
        let loaded = try await journal.load(key, of: place.partition)
        guard let state = loaded.state else { return (nil, loaded.known) }
        var known = KnownEntry(
            key, try content(of: state), mark: state.mark, position: loaded.known, hasLate: loaded.hasLate,
            isAgeing: journal.isAgeing(state))
        if loaded.isStateLate { known.stateIsLate() }
        for fact in loaded.facts {
            let merged = known.take(
                try content(of: fact), attemptID: fact.mark.attemptID, isBefore: fact.offset < state.offset)
            guard merged == .contradicted else { continue }
            journal.metrics.contradicted()
            logger.error(
                "an answer of the provider contradicts what was recorded meanwhile, which stays",
                metadata: .of([.provider: description.name.value, .partition: "\(place.partition)"]))
        }
        return (known, loaded.known)
    }

    private func content(of record: JournalStoredRecord) throws(MessageError) -> KnownEntry.Content {
        guard record.key.entry.isPayment else { return .effect(try journal.content(EffectState.self, of: record)) }
        return .payment(try journal.content(PaymentRecord.self, of: record))
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

    /// An entry cannot be loaded, or not opened: nothing is guessed where money is concerned.
    func afterJournalFailure(_ error: any Error) async -> RecordDisposition {
        if let error = error as? MessageError {
            logger.error(
                "an entry of the journal cannot be opened",
                metadata: .of([.reason: error.isPoison ? "damaged" : "needs another key or version"]))
            return .stopPartition
        }
        logger.error("an entry of the journal cannot be loaded")
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
