import Providers
import Shared

/// Callbacks as the provider sends them, and as others would like to.
extension Examiner {
    func callbackRepeated() async throws {
        for example in [try example, fixture.declined] {
            let call = try await world.prepare(operation, example)
            let first = try await checkedAnswer(to: call)
            let second = try await world.perform(call)
            try require(second.isSuccess, "a repeated callback was answered \(second)")
            try require(first.commandID != second.commandID, "a repeated callback was not taken")
            try require(first.notification != nil, "a final outcome was not notified")
            try require(second.notification == nil, "one outcome was notified twice")
        }
    }

    /// Callbacks that come in the wrong order tell the merchant nothing that is not so.
    func callbacksReordered() async throws {
        let example = try fixture.reordered.required("the operation needs the example \"reordered\"")
        let isAccepted = example.expect["status"] == .string("ACCEPTED")
        var told: [[PendingNotification]] = []
        for isReversed in [true, false] {
            let call = try await world.prepare(operation, example)
            try require(call.callbacks.count > 1, "the example \"reordered\" leads to one callback only")
            try require(
                Set(call.callbacks.map(\.body)).count > 1, "the example \"reordered\" leads to equal callbacks")
            let order = isReversed ? Array(call.callbacks.reversed()) : call.callbacks
            var notifications: [PendingNotification] = []
            for callback in order {
                let answer = try await world.deliver(callback)
                try require(answer.isSuccess, "a callback in the wrong order was answered \(answer)")
                if let notification = answer.notification { notifications.append(notification) }
            }
            try require(notifications.count == 1, "one outcome was notified \(notifications.count) times")
            try require(
                notifications.allSatisfy { $0.message.isSuccessful == isAccepted },
                "callbacks in the wrong order notified \(notifications.map(\.message.isSuccessful))")
            told.append(notifications)
        }
        try require(
            told[0].map(\.message.isSuccessful) == told[1].map(\.message.isSuccessful),
            "the order of callbacks changes what is notified")
    }

    func callbackForged() async throws {
        let call = try await world.prepare(operation, try example)
        let genuine = try call.callbacks.last.required("there is no callback")
        var forged = forgeries(of: genuine)
        forged.append(("another key", try await callbackWithAnotherKey(call)))
        try require(forged.count > 2, "the callback has nothing that could be forged")
        let count = world.commands.count
        for (name, callback) in forged {
            let answer = try await world.deliver(callback)
            try require(answer.status == 401, "a callback with \(name) was answered \(answer.status)")
        }
        try require(world.commands.count == count, "a forged callback became a command")
        try await checkedAnswer(to: call)
    }

    /// The callback without each of its headers and parameters in turn, and with a byte changed at several places.
    private func forgeries(of genuine: RawCallback) -> [(String, RawCallback)] {
        var forged: [(String, RawCallback)] = []
        let standard: Set = [
            "host", "content-length", "content-type", "transfer-encoding", "connection", "user-agent", "accept",
            "accept-encoding",
        ]
        for name in genuine.headers.keys.sorted() where !standard.contains(name) {
            var callback = genuine
            callback.headers[name] = nil
            forged.append(("without the header \(name)", callback))
        }
        for index in genuine.query.indices {
            var callback = genuine
            callback.query.remove(at: index)
            forged.append(("without a parameter", callback))
            callback = genuine
            callback.query[index].value += "x"
            forged.append(("another parameter", callback))
        }
        for offset in stride(from: 0, to: genuine.body.count, by: max(1, genuine.body.count / 16)) {
            var callback = genuine
            callback.body[offset] ^= 1
            forged.append(("another byte \(offset)", callback))
        }
        return forged
    }

    /// The simulator signs the same callback with a key that is not the merchant's.
    private func callbackWithAnotherKey(_ call: PreparedCall) async throws -> RawCallback {
        let fault = OutgoingRequest(
            method: "POST", url: world.simulatorURL + "/__faults",
            body: Array(#"{"operation":"webhook","kind":"badSignature"}"#.utf8), timeout: .seconds(10))
        try require(try await world.client.send(fault).statusCode == 201, "the simulator knows no bad signature")
        let paymentID = try call.variables.fill("{{paymentID}}")
        let again = OutgoingRequest(
            method: "POST", url: world.simulatorURL + "/__webhooks/" + paymentID, timeout: .seconds(10))
        try require(
            try await world.client.send(again).statusCode == 202, "the simulator does not repeat its callback")
        return try await world.received(call.callbacks.count + 1, call.variables).last.required("no callback came")
    }

    func callbackStale() async throws {
        let tolerance = try world.description.callbackToleranceSeconds.required("the proof knows no time")
        let call = try await world.prepare(operation, try example)
        let count = world.commands.count
        // Five seconds are for the time that passes meanwhile.
        for seconds in [tolerance + 5, -tolerance - 5, 1_000_000, -1_000_000] {
            world.clock.shift(bySeconds: seconds)
            let answer = try await world.perform(call)
            try require(answer.status == 401, "a callback \(seconds) s away was answered \(answer.status)")
        }
        try require(world.commands.count == count, "a stale callback became a command")
        for seconds in [tolerance - 5, 5 - tolerance, 0] {
            world.clock.shift(bySeconds: seconds)
            let answer = try await world.perform(call)
            try require(answer.isSuccess, "a callback \(seconds) s away was answered \(answer.status)")
        }
    }
}
