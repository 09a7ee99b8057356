import Logging
import Providers
import Shared

/// The home lane of a payment, and what other lanes tell it.
extension CommandProcessor {
    /// A notification, or none, of a record that was written.
    struct Told: Sendable {
        var pending: PendingNotification?
    }

    /// Works on a task: news of a payment, or an operator's word.
    func perform(task message: KafkaMessage, _ place: Place) async -> RecordDisposition {
        let task: LaneTask
        do {
            task = try codec.task(from: message)
        } catch {
            return await deadLetters.bury(message, unreadable: error)
        }
        let hop = TraceHop.start("task", .consumer, parent: task.trace)
        defer { hop.end() }
        do {
            switch task.content {
            case .news(let news): return try await take(news, task, message, place)
            case .settle(let decision): return try await take(decision, task, place)
            case .untold(let command): return try await takeUntold(command, task.lane, place)
            }
        } catch {
            return await afterJournalFailure(error)
        }
    }

    private func take(
        _ news: PaymentNews, _ task: LaneTask, _ message: KafkaMessage, _ place: Place
    ) async throws -> RecordDisposition {
        guard let told = try await takeHome(news, nil, place) else { return await pauseThenAgain() }
        guard case .observed(let state) = news.event else { return .done }
        let command = Command(
            id: news.cause, provider: description.name, operation: news.operation, reference: news.reference,
            amount: state.amount, acceptedAtMilliseconds: task.createdAtMilliseconds, trace: task.trace,
            payload: CommandPayload())
        var outcome = Outcome(state: state)
        outcome.notification = told.pending
        return await publish(outcome, of: command, message)
    }

    private func take(_ decision: OperatorDecision, _ task: LaneTask, _ place: Place) async throws -> RecordDisposition
    {
        let key = try await self.key(of: decision.commandID, task.lane, place)
        guard let (entry, mark) = try await unsettled(key, place), entry.effect.commandID == decision.commandID else {
            logger.notice(
                "an operator's decision finds nothing to settle", metadata: .of([.commandID: decision.commandID.value]))
            return .done
        }
        let reply = PaymentReply(
            result: decision.hasHappened ? .ok : .ko, resultDescription: decision.explanation,
            paymentID: decision.paymentID ?? entry.effect.reference.paymentID)
        let outcome = Outcome(answer: .payment(reply))
        guard await settle(entry, outcome, mark.attemptID, owes: true, place) == .settled else { return .again }
        return try await publishOwed(key, place) ? .done : .again
    }

    private func key(of command: CommandID, _ lane: Lane, _ place: Place) async throws -> JournalKey {
        if let payment = lane.shopTransactionID.map({ JournalKey.payment($0) }),
            try await known(payment, place).entry?.payment?.last?.effect.commandID == command
        {
            return payment
        }
        return .command(command)
    }

    // MARK: - Observations

    /// What an asynchronous command observed: captured where that is waited for, noted in the payment's home lane,
    /// told to the merchant.
    func take(
        _ found: PaymentObservation, _ command: Command, _ message: KafkaMessage, _ place: Place
    ) async throws -> RecordDisposition {
        let home = found.reference.shopTransactionID ?? command.reference.shopTransactionID
        if found.awaitsCapture, let home, Lane.shopTransaction(home) != command.lane {
            return await moveHome(command, home, message)
        }
        let observation = found.awaitsCapture ? try await captured(found, command, place) : found
        var outcome = Outcome(observation: observation)
        guard observation.status.isFinal else { return await publish(outcome, of: command, message) }
        let state = NotificationFactory.state(of: observation, description, fallback: command.reference)
        guard let home else {
            // Nobody knows whose it is, so there is nothing to compare it with.
            outcome.notification = NotificationFactory.notification(of: state, description, command.reference)
            return await publish(outcome, of: command, message)
        }
        let paymentID = observation.reference.paymentID ?? command.reference.paymentID
        let news = PaymentNews(
            reference: PaymentReference(shopTransactionID: home, paymentID: paymentID), cause: command.id,
            operation: command.operation, event: .observed(state))
        if Lane.shopTransaction(home) == command.lane {
            guard let told = try await takeHome(news, nil, place) else { return await pauseThenAgain() }
            outcome.notification = told.pending
        } else {
            guard try await sendHome(news, lane: command.lane, trace: command.trace, place) else { return .again }
        }
        return await publish(outcome, of: command, message)
    }

    /// Puts an observing command into the payment's home lane: money is taken there alone, so that two lanes that
    /// observe a payment at once do not take it twice.
    private func moveHome(_ command: Command, _ home: String, _ message: KafkaMessage) async -> RecordDisposition {
        var moved = command
        moved.reference.shopTransactionID = home
        guard let record = try? codec.record(for: moved, partitionCount: settings.commandPartitions) else {
            return await deadLetters.bury(message, reason: "the command cannot be written again")
        }
        switch await sender.sendUntilStored(record, backoff: settings.storeBackoff, timing: timing) {
        case .stored: return .done
        case .givenUp: return .leftForSuccessor
        case .tooLarge: return await deadLetters.bury(message, reason: "the command cannot be written again")
        }
    }

    /// Notes news in the record of the payment whose home this lane is.
    ///
    /// - Parameter entry: the payment's entry, when the caller has just written it.
    /// - Returns: what the merchant is told; `nil` when the record could not be written.
    func takeHome(_ news: PaymentNews, _ entry: EffectEntry?, _ place: Place) async throws -> Told? {
        guard let shopTransactionID = news.reference.shopTransactionID else { return Told() }
        let key = JournalKey.payment(shopTransactionID)
        if entry == nil, try await unsettled(key, place) != nil {
            guard try await settle(key, by: news, place) else { return nil }
        }
        let (known, position) = try await known(key, place)
        let record = known?.payment ?? PaymentRecord(shopTransactionID: shopTransactionID)
        var home = HomeLane(record)
        home.take(news, provider: description.name)
        if home.isContradiction {
            journal.metrics.contradicted()
            logger.error(
                "the provider contradicts a final outcome, which stays",
                metadata: .of([.commandID: news.cause.value, .provider: description.name.value]))
        }
        if home.record != record {
            guard await write(home.record, after: known, known: position, place) == .valid else { return nil }
        }
        return Told(pending: home.notification)
    }

    /// A payment of unknown outcome is asked for first; what the news proves settles it otherwise.
    ///
    /// News of an earlier attempt proves nothing about it.
    ///
    /// - Returns: `false` when the journal is another's.
    private func settle(_ key: JournalKey, by news: PaymentNews, _ place: Place) async throws -> Bool {
        switch try await recover(key, place, within: settings.providerTimeout, for: nil) {
        case .settled: return true
        case .lost: return false
        case .unknown: break
        }
        guard case .observed(let state) = news.event, state.kind == "payment", state.status.isFinal,
            let (entry, mark) = try await unsettled(key, place),
            entry.payment?.isOfLast(news.reference.paymentID) == true
        else { return true }
        let reply = PaymentReply(
            result: state.status == .accepted ? .ok : .ko, resultDescription: state.message.resultDescription,
            paymentID: news.reference.paymentID)
        return await settle(entry, Outcome(answer: .payment(reply)), mark.attemptID, owes: true, place) == .settled
    }

    /// Writes a payment after news of it; how far its last attempt is stays as it was.
    func write(
        _ record: PaymentRecord, after before: KnownEntry?, known: Int64, _ place: Place
    ) async -> AppendOutcome {
        let (stage, attemptID) = (before?.mark.stage ?? .none, before?.mark.attemptID ?? "")
        if let entry = EffectEntry(record, known: known) {
            return await write(entry, stage, attemptID: attemptID, place, owes: before?.mark.isOpen ?? false) {
                Task.isCancelled
            }
        }
        let reference = PaymentReference(shopTransactionID: record.shopTransactionID)
        let summary = JournalSummary(
            reference: reference, changedAtMilliseconds: clock.unixMilliseconds, writer: journal.instance)
        guard let content = try? JSONCoding.encode(record) else { return .notWritable }
        let draft = Journal.Draft(
            key: .payment(record.shopTransactionID), mark: JournalMark(known: known), summary: summary,
            content: content)
        return await journal.append(draft, to: place.partition, epoch: place.epoch, isTooLate: { Task.isCancelled })
    }

    // MARK: - The way home

    /// Takes news to the payment's home: here, when this is its lane, else by a task.
    ///
    /// - Returns: `false` when the journal is another's, or the process stops.
    func sendHome(_ news: PaymentNews, lane: Lane, trace: TraceContext?, _ place: Place) async throws -> Bool {
        guard let shopTransactionID = news.reference.shopTransactionID else { return true }
        let home = Lane.shopTransaction(shopTransactionID)
        if home == lane { return try await takeHome(news, nil, place) != nil }
        let task = LaneTask(
            id: news.cause, provider: description.name, lane: home, createdAtMilliseconds: clock.unixMilliseconds,
            content: .news(news), trace: trace)
        guard let record = try? codec.record(for: task, partitionCount: settings.commandPartitions) else {
            logger.error("news of a payment cannot be written", metadata: .of([.commandID: news.cause.value]))
            return true
        }
        return await sender.sendUntilStored(record, backoff: settings.storeBackoff, timing: timing) != .givenUp
    }

    /// What a settled effect means to its payment.
    func news(of effect: EffectState, _ answer: RecordedAnswer) -> PaymentNews? {
        guard answer.effect == .happened, answer.label == PaymentResult.ok.rawValue else { return nil }
        let event: PaymentNews.Event
        switch effect.operation {
        case .refund, .sessionRefund:
            guard let amount = effect.amount else { return nil }
            event = .refunded(amount.minorUnits)
        case .confirm, .sessionConfirm:
            guard let amount = effect.amount else { return nil }
            event = .captured(amount.minorUnits)
        case .payExpire: event = .expired
        default: return nil
        }
        let reference = PaymentReference(
            shopTransactionID: effect.reference.shopTransactionID ?? answer.found.shopTransactionID,
            paymentID: effect.reference.paymentID ?? answer.found.paymentID)
        return PaymentNews(reference: reference, cause: effect.commandID, operation: effect.operation, event: event)
    }

    /// A payment's own final answer as news, when its caller was not given it.
    func untoldNews(_ entry: EffectEntry, _ answer: RecordedAnswer) -> PaymentNews? {
        guard entry.effect.isUntold == true, let payment = entry.payment,
            payment.attempt(of: entry.effect.commandID) != nil
        else { return nil }
        let isAccepted = answer.label == PaymentResult.ok.rawValue
        guard isAccepted || answer.label == PaymentResult.ko.rawValue else { return nil }
        let reference = PaymentReference(
            shopTransactionID: payment.shopTransactionID, paymentID: answer.found.paymentID)
        let text = try? JSONCoding.decode(PaymentReply.self, from: Array(answer.body.utf8)).resultDescription
        let method = entry.effect.paymentMethod.flatMap { description.method(named: $0) }
        let message = MerchantNotification(
            providerName: description.notificationName, paymentType: method?.paymentType ?? "UNKNOWN",
            isSuccessful: isAccepted, resultDescription: text ?? "",
            reference: (answer.found.paymentID ?? "", payment.shopTransactionID))
        let state = ObservedState(
            status: isAccepted ? .accepted : .failed, kind: "payment", occurrence: "", amount: entry.effect.amount,
            message: message)
        return PaymentNews(
            reference: reference, cause: entry.effect.commandID, operation: entry.effect.operation,
            event: .observed(state))
    }
}
