import NIOPosix
import Shared
import Synchronization
import Testing

@testable import Ingress

struct ReplyTableTests {
    private static func table(entriesMax: Int = 10) -> ReplyTable {
        ReplyTable(entriesMax: entriesMax, eventLoops: MultiThreadedEventLoopGroup.singleton)
    }

    private static func id() -> CommandID { .make(atUnixMilliseconds: 1) }

    private static func message(_ offset: Int64) -> KafkaMessage {
        KafkaMessage(topic: "replies", partition: 0, offset: offset, key: nil, value: nil)
    }

    @Test func aReplyThatArrivesBeforeTheWaitIsNotMissed() async {
        let (table, id) = (Self.table(), Self.id())
        #expect(table.reserve(id))
        #expect(table.arrived(Self.message(7), for: id))
        #expect(await table.reply(to: id, within: .seconds(10))?.offset == 7)
        #expect(table.count == 0)
    }

    @Test func aReplyThatArrivesLaterEndsTheWait() async {
        let (table, id) = (Self.table(), Self.id())
        #expect(table.reserve(id))
        async let reply = table.reply(to: id, within: .seconds(10))
        #expect(table.arrived(Self.message(7), for: id))
        #expect(await reply?.offset == 7)
        #expect(table.count == 0)
    }

    @Test func theDeadlineEndsTheWaitAndTheLateReplyIsDropped() async {
        let (table, id) = (Self.table(), Self.id())
        #expect(table.reserve(id))
        let started = ContinuousClock.now
        #expect(await table.reply(to: id, within: .milliseconds(50)) == nil)
        #expect(ContinuousClock.now - started >= .milliseconds(50))
        #expect(!table.arrived(Self.message(7), for: id))
        #expect(table.count == 0)
    }

    @Test func cancellationEndsTheWaitBeforeAndDuringIt() async {
        let (table, id) = (Self.table(), Self.id())
        for _ in 0..<50 {
            #expect(table.reserve(id))
            let task = Task { await table.reply(to: id, within: .seconds(600)) }
            task.cancel()
            #expect(await task.value == nil)
            #expect(table.count == 0)
        }
    }

    @Test func aReleasedEntryTakesNoReply() {
        let (table, id) = (Self.table(), Self.id())
        #expect(table.reserve(id))
        table.release(id)
        table.release(id)
        #expect(table.count == 0)
        #expect(!table.arrived(Self.message(7), for: id))
    }

    @Test func aWaitWithoutReservationEndsAtOnce() async {
        #expect(await Self.table().reply(to: Self.id(), within: .seconds(600)) == nil)
    }

    @Test func aFullTableReservesNothingUntilAnEntryLeaves() {
        let table = Self.table(entriesMax: 2)
        let (first, second, third) = (Self.id(), Self.id(), Self.id())
        #expect(table.reserve(first))
        #expect(table.reserve(second))
        #expect(!table.reserve(third))
        table.release(first)
        #expect(table.reserve(third))
    }

    @Test func ofTwoRepliesTheFirstCountsAndTheSecondIsDropped() async {
        let (table, id) = (Self.table(), Self.id())
        #expect(table.reserve(id))
        #expect(table.arrived(Self.message(1), for: id))
        #expect(!table.arrived(Self.message(2), for: id))
        #expect(await table.reply(to: id, within: .seconds(10))?.offset == 1)
    }

    @Test func aThousandWaitsEachEndOnceWithTheirOwnReplyInAnyOrder() async {
        let table = Self.table(entriesMax: 1000)
        let ids = (0..<1000).map { _ in Self.id() }
        for id in ids { #expect(table.reserve(id)) }
        let replies = await withTaskGroup(of: (Int, Int64?).self) { group in
            for (index, id) in ids.enumerated() {
                group.addTask { (index, await table.reply(to: id, within: .seconds(60))?.offset) }
            }
            for (index, id) in ids.enumerated().shuffled() {
                group.addTask {
                    _ = table.arrived(Self.message(Int64(index)), for: id)
                    return (-1, nil)
                }
            }
            return await group.reduce(into: [Int: [Int64?]]()) { $0[$1.0, default: []].append($1.1) }
        }
        #expect(table.count == 0)
        for index in ids.indices { #expect(replies[index] == [Int64(index)]) }
    }
}
