import Crypto
import Foundation
public import Shared

/// What a process keeps of its index on disk, so that its next start on this machine is short.
///
/// Never needed for being right: a file that is missing, cut, damaged, of another log or of another version is not
/// used, and the log is read from its beginning. One file a partition: a line of JSON, callers' keys, the shards of the
/// table as they are in memory, and the SHA-256 of all that.
struct JournalSnapshot: Sendable {
    /// What the line says.
    struct Content: Sendable, Codable {
        /// Places and entries of a shard of the table.
        struct Shard: Sendable, Codable {
            var places: Int
            var count: Int
        }

        var version = JournalSnapshot.version
        var log: String
        var secret: String
        /// The log without its table and the callers' keys, whose parts follow the line.
        var state: JournalLog
        var first: Int64
        var claimsBegunAtMilliseconds: Int64
        var recentClaims: Int
        var earlierClaims: Int
        var shards: [Shard] = []

        /// What a log says at this moment.
        init(_ state: JournalLog, log: String, secret: String) {
            (self.state, self.log, self.secret, first) = (state, log, secret, state.entries.first)
            claimsBegunAtMilliseconds = state.claims.begunAtMilliseconds
            (recentClaims, earlierClaims) = (state.claims.recent.count, state.claims.earlier.count)
        }
    }

    static let version = 1

    /// What the line says.
    var content: Content
    /// The table.
    var table: OffsetTable
    /// Callers' keys.
    var claims: ClaimTable
}

/// The snapshots of one process in a directory, of one journal each.
public struct JournalSnapshotStore: Sendable {
    private let slot: JournalSlot
    private let name: String
    /// The secret with which the kept indexes hash.
    public let hash: JournalHash

    /// Takes a place in the directory, which is made when it is not there.
    public init(directory: String, name: String) throws(JournalDirectoryError) {
        slot = try JournalSlot(directory: directory, name: name)
        self.name = name
        let path = slot.path + ".secret"
        if let known = FileManager.default.contents(atPath: path), known.count == JournalHash.secretBytes {
            hash = JournalHash(secret: Array(known))
        } else {
            hash = JournalHash()
            let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
            guard FileManager.default.createFile(atPath: path, contents: Data(hash.secret), attributes: attributes)
            else { throw .directoryNotUsable }
        }
    }

    func path(of partition: Int32) -> String { slot.path + "-\(partition).index" }

    /// A name of the secret that does not give it away.
    var secretName: String { Hexadecimal.encode(SHA256.hash(data: hash.secret)) }

    func logName(_ partition: Int32) -> String { name + "/" + String(partition) }

    /// Writes a snapshot beside the old one, then in its place; blocks.
    ///
    /// - Parameter shard: a copy of a shard of the table, asked for one at a time; nothing is kept when it throws.
    func save(
        _ content: JournalSnapshot.Content, of partition: Int32, _ shard: (Int) throws -> (bytes: [UInt8], count: Int)
    ) throws {
        let path = path(of: partition)
        let temporary = path + ".new"
        guard
            FileManager.default.createFile(
                atPath: temporary, contents: nil, attributes: [.posixPermissions: 0o600]),
            let file = FileHandle(forWritingAtPath: temporary)
        else { throw JournalDirectoryError.directoryNotUsable }
        defer { try? file.close() }
        // What follows the line has a length that the line says, so the line comes last in time and first in the file.
        var content = content
        var digest = SHA256()
        try file.seek(toOffset: UInt64(Self.headerMax))
        func write(_ bytes: [UInt8]) throws {
            digest.update(data: bytes)
            try file.write(contentsOf: Data(bytes))
        }
        try write(Self.bytes(of: content.state.claims.recent) + Self.bytes(of: content.state.claims.earlier))
        for number in 0..<OffsetTable.shardCount {
            let copy = try shard(number)
            content.shards.append(
                .init(places: copy.bytes.count / MemoryLayout<OffsetTable.Place>.stride, count: copy.count))
            try write(copy.bytes)
        }
        let line = try JSONEncoder().encode(content)
        guard line.count < Self.headerMax - 40 else { throw JournalDirectoryError.tooLarge }
        digest.update(data: line)
        try file.seek(toOffset: 0)
        try file.write(contentsOf: Data(digest.finalize()) + line + Data([Self.lineEnd]))
        try file.synchronize()
        guard rename(temporary, path) == 0 else { throw JournalDirectoryError.directoryNotUsable }
    }

    /// Reads a snapshot; `nil` when there is none that can be used.
    ///
    /// Blocks.
    func load(_ partition: Int32) -> JournalSnapshot? {
        guard let file = FileHandle(forReadingAtPath: path(of: partition)) else { return nil }
        defer { try? file.close() }
        guard let header = try? file.read(upToCount: Self.headerMax), header.count == Self.headerMax,
            let end = header.firstIndex(of: Self.lineEnd, from: 32),
            let content = try? JSONDecoder().decode(JournalSnapshot.Content.self, from: header[32..<end]),
            content.version == JournalSnapshot.version, content.log == logName(partition),
            content.secret == secretName, content.shards.count == OffsetTable.shardCount,
            content.state.position >= 0, content.first >= 0, content.state.writer.epoch >= 0
        else { return nil }
        let bytesMax = Self.size(of: path(of: partition))
        var digest = SHA256()
        func read(_ count: Int) -> Data? {
            guard (0...bytesMax).contains(count),
                let data = count == 0 ? Data() : try? file.read(upToCount: count), data.count == count
            else { return nil }
            digest.update(data: data)
            return data
        }
        guard let recent = read(content.recentClaims &* 24), let earlier = read(content.earlierClaims &* 24) else {
            return nil
        }
        let claims = ClaimTable(
            recent: Self.claims(recent), earlier: Self.claims(earlier),
            begunAtMilliseconds: content.claimsBegunAtMilliseconds)
        func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Bool {
            var filled = 0
            while filled < buffer.count {
                guard let data = read(min(4 << 20, buffer.count - filled)) else { return false }
                data.copyBytes(to: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
                filled += data.count
            }
            return true
        }
        guard
            let table = OffsetTable(
                sizes: content.shards, first: content.first, maximumBytes: bytesMax, fill: fill)
        else { return nil }
        digest.update(data: header[32..<end])
        guard Data(digest.finalize()) == header[0..<32] else { return nil }
        return JournalSnapshot(content: content, table: table, claims: claims)
    }

    private static func size(of path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int).flatMap { $0 } ?? 0
    }

    private static let lineEnd = UInt8(ascii: "\n")
    /// Room for the line: open entries are few.
    private static let headerMax = 1 << 20

    private static func bytes(of claims: [JournalClaim: JournalEntryHash]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(claims.count * 24)
        for (claim, hash) in claims {
            for number in [claim.bits, hash.high, UInt64(hash.low)] {
                withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
            }
        }
        return bytes
    }

    private static func claims(_ data: Data) -> [JournalClaim: JournalEntryHash] {
        data.withUnsafeBytes { bytes in
            var claims: [JournalClaim: JournalEntryHash] = [:]
            for start in stride(from: 0, to: bytes.count - 23, by: 24) {
                func number(_ index: Int) -> UInt64 {
                    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start + index * 8, as: UInt64.self))
                }
                claims[JournalClaim(bits: number(0))] = JournalEntryHash(
                    high: number(1), low: UInt16(truncatingIfNeeded: number(2)))
            }
            return claims
        }
    }
}

extension Data {
    fileprivate func firstIndex(of byte: UInt8, from start: Int) -> Int? {
        count > start ? self[start...].firstIndex(of: byte) : nil
    }
}

/// Why no snapshots can be kept in a directory.
public enum JournalDirectoryError: Error, Sendable, Hashable {
    /// It cannot be made or written.
    case directoryNotUsable
    /// As many processes as it has places for use it.
    case noSlot
    /// There are more open entries than a snapshot holds.
    case tooLarge
    /// The partition's log turned out to be another one while its index was being copied.
    case overtaken
}
