import Shared
import Testing

@testable import Ingress

struct LimitTests {
    private static let head =
        "POST /generic-provider/credit-cards/pay HTTP/1.1\r\nHost: edge\r\n"
        + "Content-Type: application/json\r\n"
    private static let body = #"{"amount":"5.00","shopTransactionID":"order-1"}"#

    @Test func anAnnouncedBodyThatIsTooLargeIs413BeforeAnyOfItIsRead() async throws {
        try await Edge.run { edge async throws in
            let answer = try await Wire.connect(edge) { wire async throws in
                try await wire.send(Self.head + "Content-Length: 4097\r\n\r\n")
                return try await wire.answer()
            }
            try expectFailure(answer, .bodyTooLarge)
            #expect(answer.headers["connection"] == "close")
        }
    }

    @Test func aChunkedBodyThatGrowsTooLargeIs413() async throws {
        try await Edge.run { edge async throws in
            let answer = try await Wire.connect(edge) { wire async throws in
                try await wire.send(Self.head + "Transfer-Encoding: chunked\r\n\r\n")
                for _ in 0..<5 { try await wire.send("400\r\n" + String(repeating: "x", count: 1024) + "\r\n") }
                return try await wire.answer()
            }
            try expectFailure(answer, .bodyTooLarge)
            #expect(answer.headers["connection"] == "close")
        }
    }

    @Test func aBodyOfExactlyTheLimitIsTakenChunkedOrNot() async throws {
        let padded = Self.body + String(repeating: " ", count: 4096 - Self.body.utf8.count)
        try await Edge.run { edge async throws in
            #expect(try await edge.json("POST", "/generic-provider/credit-cards/pay", padded).status == 200)
            let answer = try await Wire.connect(edge) { wire async throws in
                try await wire.send(Self.head + "Transfer-Encoding: chunked\r\n\r\n1000\r\n\(padded)\r\n0\r\n\r\n")
                return try await wire.answer()
            }
            #expect(answer.status == 200)
        }
    }

    private static var impatient: IngressSettings {
        var settings = Edge.settings
        settings.readTimeout = .milliseconds(300)
        return settings
    }

    @Test func aBodyThatDripsIsEndedByTheReadDeadlineAndNothingIsPublished() async throws {
        try await Edge.run(settings: Self.impatient) { edge async throws in
            let answer = try await Wire.connect(edge) { wire async throws in
                try await wire.send(Self.head + "Content-Length: \(Self.body.utf8.count)\r\n\r\n")
                return try await withThrowingTaskGroup(of: Wire.Answer?.self) { group in
                    group.addTask { try await wire.answer() }
                    group.addTask {
                        // One byte after the other, each well within any limit on silence.
                        for character in Self.body.dropLast(1) {
                            await letTimePass("a byte must not come at once", until: .now + .milliseconds(20))
                            do { try await wire.send(String(character)) } catch { return nil }
                        }
                        return nil
                    }
                    while let next = try await group.next() {
                        if let next {
                            group.cancelAll()
                            return next
                        }
                    }
                    throw Absent()
                }
            }
            try expectFailure(answer, .requestTimeout)
            #expect(answer.headers["connection"] == "close")
            #expect(edge.sender.sent.isEmpty)
        }
    }

    @Test func aHeadThatDoesNotComeIsEndedByTheReadDeadline() async throws {
        try await Edge.run(settings: Self.impatient) { edge async throws in
            let answer = try await Wire.connect(edge) { wire async throws in
                try await wire.send("POST /generic-pro")
                return try await wire.answer()
            }
            try expectFailure(answer, .requestTimeout)
        }
    }

    @Test func aRequestRefusedBeforeItsEndGetsNoSecondAnswerAtTheReadDeadline() async throws {
        try await Edge.run(settings: Self.impatient) { edge async throws in
            try await Wire.connect(edge) { wire async throws in
                try await wire.send("POST /nowhere HTTP/1.1\r\nHost: edge\r\nContent-Length: 10\r\n\r\n12345")
                try expectFailure(try await wire.answer(), .unknownRoute)
                #expect(await wire.bytesUntilClosed() == 0)
            }
        }
    }

    @Test func aSlowSecondRequestDoesNotTakeTheAnswerOfTheFirst() async throws {
        let broker = Gate()
        try await Edge.run(settings: Self.impatient, acknowledging: { _ in await broker.wait() }) { edge async throws in
            try await Wire.connect(edge) { wire async throws in
                let first = Self.head + "Content-Length: \(Self.body.utf8.count)\r\n\r\n\(Self.body)"
                try await wire.send(first + Self.head + "Content-Length: \(Self.body.utf8.count)\r\n\r\n")
                await eventually("the first is at the broker") { broker.waitingCount == 1 }
                await letTimePass("twice the read deadline", until: .now + .milliseconds(600))
                // What comes after the deadline is too late, even if it completes the second request.
                try await wire.send(Self.body)
                broker.open()
                #expect(try await wire.answer().status == 200)
                try expectFailure(try await wire.answer(), .requestTimeout)
                #expect(await wire.bytesUntilClosed() == 0)
            }
            #expect(try edge.commands().count == 1)
        }
    }

    @Test func aSecondHeadThatDripsIsEndedByTheReadDeadline() async throws {
        try await Edge.run(settings: Self.impatient) { edge async throws in
            try await Wire.connect(edge) { wire async throws in
                try await wire.send("GET /-/healthz HTTP/1.1\r\nHost: edge\r\n\r\n")
                #expect(try await wire.answer().status == 200)
                // Empty lines between requests belong to nobody and start no deadline.
                try await wire.send("\r\n")
                await letTimePass("the read deadline", until: .now + .milliseconds(450))
                try await wire.send("GET /-/healthz HTTP/1.1\r\nHost: edge\r\n\r\n")
                #expect(try await wire.answer().status == 200)
                try await wire.send("GET /-/heal")
                try expectFailure(try await wire.answer(), .requestTimeout)
                #expect(await wire.bytesUntilClosed() == 0)
            }
        }
    }

    @Test(arguments: [
        ("BREW /pot HTTP/1.1\r\n\r\n", "method"), ("GET /a b HTTP/1.1\r\n\r\n", "version"),
        ("\u{16}\u{3}\u{1}\u{2}\u{0}", "method"), ("GET / HTTP/1.1\r\nA b: c\r\n\r\n", "headers"),
        ("GET / HTTP/1.1\r\nA: \(String(repeating: "x", count: 20_000))\r\n\r\n", "headers"),
    ])
    func whatIsNotHTTPIs400WithABodyThatNamesThePart(text: String, field: String) async throws {
        try await Edge.run { edge async throws in
            try await Wire.connect(edge) { wire async throws in
                try await wire.send(text)
                let answer = try await wire.answer()
                let error = try expectFailure(answer, .invalidParameter)
                #expect(error.details?.map(\.field) == [field])
                #expect(answer.headers["connection"] == "close")
                #expect(await wire.bytesUntilClosed() == 0)
            }
        }
    }

    @Test func garbageBehindARequestIsRefusedAfterItsAnswer() async throws {
        let broker = Gate()
        try await Edge.run(acknowledging: { _ in await broker.wait() }) { edge async throws in
            try await Wire.connect(edge) { wire async throws in
                let first = Self.head + "Content-Length: \(Self.body.utf8.count)\r\n\r\n\(Self.body)"
                try await wire.send(first + "\u{1}\u{2}\u{3}")
                await eventually("the first is at the broker") { broker.waitingCount == 1 }
                broker.open()
                #expect(try await wire.answer().status == 200)
                try expectFailure(try await wire.answer(), .invalidParameter)
                #expect(await wire.bytesUntilClosed() == 0)
            }
        }
    }

    @Test func aBodyWhoseChunksAreIllFormedIs400AndNothingIsPublished() async throws {
        try await Edge.run { edge async throws in
            try await Wire.connect(edge) { wire async throws in
                let size = String(Self.body.utf8.count, radix: 16)
                try await wire.send(
                    Self.head + "Transfer-Encoding: chunked\r\n\r\n\(size)\r\n\(Self.body)\r\nzz\r\n")
                try expectFailure(try await wire.answer(), .invalidParameter)
                #expect(await wire.bytesUntilClosed() == 0)
            }
            #expect(edge.sender.sent.isEmpty)
        }
    }

    @Test func aBodyThatIsCutOffIsNeverTakenForAWholeOne() async throws {
        try await Edge.run(settings: Self.impatient) { edge async throws in
            try await Wire.connect(edge) { wire async throws in
                // The beginning is a valid payment; only its length says that something is missing.
                try await wire.send(Self.head + "Content-Length: 1000\r\n\r\n" + Self.body)
                try expectFailure(try await wire.answer(), .requestTimeout)
                #expect(await wire.bytesUntilClosed() == 0)
            }
            await letTimePass("the server has seen the end of the connection", until: .now + .milliseconds(300))
            #expect(edge.sender.sent.isEmpty)
        }
    }

    @Test func nothingIsReadOfAConnectionWhoseEndWasAnnounced() async throws {
        try await Edge.run { edge async throws in
            try await Wire.connect(edge) { wire async throws in
                let typeless = "POST /generic-provider/credit-cards/pay HTTP/1.1\r\nHost: edge\r\n"
                let body = "Content-Length: \(Self.body.utf8.count)\r\n\r\n\(Self.body)"
                try await wire.send(typeless + body + Self.head + body)
                try expectFailure(try await wire.answer(), .unsupportedMediaType)
                #expect(await wire.bytesUntilClosed() == 0)
            }
            #expect(edge.sender.sent.isEmpty)
        }
    }

    @Test func waitingForTheWorkerIsNotLimitedByTheReadDeadline() async throws {
        let broker = Gate()
        try await Edge.run(settings: Self.impatient, acknowledging: { _ in await broker.wait() }) { edge async throws in
            async let answer = edge.pay()
            await letTimePass("twice the read deadline", until: .now + .milliseconds(600))
            broker.open()
            #expect(try await answer.status == 200)
        }
    }

    @Test func moreRequestsThanTheIngressTakesAre503AndTheOthersAreAnswered() async throws {
        var settings = Edge.settings
        settings.requestsMax = 2
        let broker = Gate()
        try await Edge.run(settings: settings, acknowledging: { _ in await broker.wait() }) { edge async throws in
            async let first = edge.pay("order-1")
            async let second = edge.pay("order-2")
            await eventually("two requests are in work") { broker.waitingCount == 2 }
            try expectFailure(try await edge.pay("order-3"), .overloaded)
            #expect(try await edge.request("GET", "/-/healthz").status == 200)
            broker.open()
            #expect(try await [first.status, second.status] == [200, 200])
            #expect(try await edge.pay("order-3").status == 200)
        }
    }

    @Test func aCallerWhoUsesUpItsShareGets429AndOthersAreServed() async throws {
        var settings = Edge.settings
        settings.requestsPerCallerMax = 1
        settings.apiKeys = [Secret("key-1"), Secret("key-2")]
        let broker = Gate()
        try await Edge.run(settings: settings, acknowledging: { _ in await broker.wait() }) { edge async throws in
            async let first = edge.pay("order-1", headers: [("Authorization", "Bearer key-1")])
            await eventually("one request is in work") { broker.waitingCount == 1 }
            let refused = try await edge.pay("order-2", headers: [("Authorization", "Bearer key-1")])
            try expectFailure(refused, .tooManyRequests)
            async let other = edge.pay("order-3", headers: [("Authorization", "Bearer key-2")])
            await eventually("the other caller's request is in work") { broker.waitingCount == 2 }
            broker.open()
            #expect(try await [first.status, other.status] == [200, 200])
        }
    }

    @Test func connectionsBeyondTheLimitWaitUntilOneIsFree() async throws {
        var settings = Edge.settings
        settings.connectionsMax = 1
        let (isConnected, isAnswered, end) = (Flag(), Flag(), Gate())
        try await Edge.run(settings: settings) { edge async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await Wire.connect(edge) { wire async throws in
                        try await wire.send("GET /-/healthz HTTP/1.1\r\nHost: edge\r\n\r\n")
                        #expect(try await wire.answer().status == 200)
                        isConnected.set()
                        await end.wait()
                    }
                }
                await eventually("the first connection is open") { isConnected.isSet }
                group.addTask {
                    let answer = try await edge.request("GET", "/-/healthz")
                    #expect(answer.status == 200)
                    isAnswered.set()
                }
                await letTimePass("a second answer would have come", until: .now + .milliseconds(200))
                #expect(!isAnswered.isSet)
                end.open()
                try await group.waitForAll()
            }
        }
        #expect(isAnswered.isSet)
    }
}
