import Crypto
import Foundation

/// Seals what must not be readable on a topic: AES-256-GCM with a ring of keys.
///
/// A sealed text is `<key id>.<base64 of nonce, ciphertext and tag>`. The first key of the ring seals, all of them
/// open: a new key is first distributed in second place, then moved to the front, and an old one stays for the
/// longest retention.
public struct SealingKeyRing: Sendable {
    /// One key of the ring.
    public struct Key: Sendable {
        /// 1 to 32 letters, digits, hyphens and underscores; travels in clear.
        public let id: String
        let key: SymmetricKey

        /// Takes a key of exactly 32 bytes; another length or an ill-formed id gives `nil`.
        public init?(id: String, bytes: [UInt8]) {
            let isWellFormed = id.utf8.allSatisfy { byte in
                (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            }
            guard isWellFormed, (1...32).contains(id.utf8.count), bytes.count == 32 else { return nil }
            self.id = id
            self.key = SymmetricKey(data: bytes)
        }
    }

    private let writing: Key
    private let keysByID: [String: SymmetricKey]
    /// Codes of nothing yet, under each key: the key's own part of the work is done once.
    private let codes: [String: HMAC<SHA256>]

    /// Makes a ring; the first key seals.
    /// - Returns: `nil` when there is no key or an id stands twice.
    public init?(keys: [Key]) {
        guard let first = keys.first else { return nil }
        var keysByID: [String: SymmetricKey] = [:]
        for key in keys {
            guard keysByID.updateValue(key.key, forKey: key.id) == nil else { return nil }
        }
        self.init(writing: first, keysByID: keysByID)
    }

    /// Reads `id:base64,id:base64,…`, each key 32 bytes, the sealing key first.
    /// - Returns: `nil` when any part is ill-formed.
    public static func parse(_ text: String) -> SealingKeyRing? {
        var keys: [Key] = []
        for part in text.split(separator: ",") {
            let pieces = part.split(separator: ":", maxSplits: 1)
            guard pieces.count == 2 else { return nil }
            guard let bytes = Data(base64Encoded: pieces[1].trimmingCharacters(in: .whitespaces)) else { return nil }
            guard let key = Key(id: pieces[0].trimmingCharacters(in: .whitespaces), bytes: Array(bytes)) else {
                return nil
            }
            keys.append(key)
        }
        return SealingKeyRing(keys: keys)
    }

    /// A ring with one random key, for a process that shares its messages with nobody.
    public static func random() -> SealingKeyRing {
        let id = "ephemeral"
        let key = SymmetricKey(size: .bits256)
        return SealingKeyRing(writing: Key(id: id, key: key), keysByID: [id: key])
    }

    private init(writing: Key, keysByID: [String: SymmetricKey]) {
        self.writing = writing
        self.keysByID = keysByID
        self.codes = keysByID.mapValues { HMAC<SHA256>(key: Self.codeKey(from: $0)) }
    }

    /// Seals bytes for one place; `context` says which (a kind of message and its id) and must be given again to open.
    public func seal(_ bytes: [UInt8], context: String) throws(SealingError) -> String {
        writing.id + "." + (try combined(bytes, context)).base64EncodedString()
    }

    /// Id of the key that seals.
    public var sealingKeyID: String { writing.id }

    /// Whether a key of the ring has this id.
    public func contains(_ id: String) -> Bool { keysByID[id] != nil }

    /// The same without base64, for what need not be text: appends `<key id>.` and nonce, ciphertext and tag.
    public func seal(_ bytes: [UInt8], context: String, into sealed: inout [UInt8]) throws(SealingError) {
        let combined = try combined(bytes, context)
        sealed.reserveCapacity(sealed.count + writing.id.utf8.count + 1 + combined.count)
        sealed.append(contentsOf: writing.id.utf8)
        sealed.append(Self.point)
        sealed.append(contentsOf: combined)
    }

    private func combined(_ bytes: [UInt8], _ context: String) throws(SealingError) -> Data {
        do {
            let box = try AES.GCM.seal(bytes, using: writing.key, authenticating: Array(context.utf8))
            guard let combined = box.combined else { throw SealingError.notSealed }
            return combined
        } catch {
            throw .notSealed
        }
    }

    /// Opens what ``seal(_:context:)`` made.
    /// - Throws: ``SealingError/unknownKey`` when no key of the ring has the id (the message is not damaged: another
    ///   process writes with a key that this one was not given), ``SealingError/damaged`` otherwise.
    public func open(_ sealed: String, context: String) throws(SealingError) -> [UInt8] {
        guard let point = sealed.utf8.firstIndex(of: Self.point) else { throw .damaged }
        guard let key = keysByID[String(sealed[..<point])] else { throw .unknownKey }
        guard let combined = Data(base64Encoded: String(sealed[sealed.utf8.index(after: point)...])) else {
            throw .damaged
        }
        return try open(combined, key, context)
    }

    /// Opens what ``seal(_:context:into:)`` made, with the errors of ``open(_:context:)``.
    public func openBytes(_ sealed: ArraySlice<UInt8>, context: String) throws(SealingError) -> [UInt8] {
        guard let point = sealed.firstIndex(of: Self.point) else { throw .damaged }
        guard let key = keysByID[String(decoding: sealed[..<point], as: UTF8.self)] else { throw .unknownKey }
        return try open(Data(sealed[(point + 1)...]), key, context)
    }

    private func open(_ combined: Data, _ key: SymmetricKey, _ context: String) throws(SealingError) -> [UInt8] {
        do {
            let box = try AES.GCM.SealedBox(combined: combined)
            return Array(try AES.GCM.open(box, using: key, authenticating: Array(context.utf8)))
        } catch {
            throw .damaged
        }
    }

    private static let point = UInt8(ascii: ".")

    /// A code by which bytes are known again without being kept: `<key id>.<hexadecimal HMAC-SHA256>`.
    public func authenticationCode(of bytes: [UInt8]) -> String {
        writing.id + "." + Self.code(of: bytes, codes[writing.id] ?? HMAC(key: Self.codeKey(from: writing.key)))
    }

    /// Whether a code was made of these bytes with any key of the ring.
    ///
    /// - Returns: `nil` when its key is not in the ring.
    public func verifies(_ code: String, of bytes: [UInt8]) -> Bool? {
        guard let point = code.utf8.firstIndex(of: UInt8(ascii: ".")) else { return nil }
        guard let begun = codes[String(code[..<point])] else { return nil }
        return code[code.utf8.index(after: point)...] == Self.code(of: bytes, begun)
    }

    private static func code(of bytes: [UInt8], _ begun: HMAC<SHA256>) -> String {
        var code = begun
        code.update(data: bytes)
        return Hexadecimal.encode(Array(code.finalize()))
    }

    /// Another key than the sealing one, derived from it: one key, one use.
    private static func codeKey(from key: SymmetricKey) -> SymmetricKey {
        HKDF<SHA256>.expand(pseudoRandomKey: key, info: Array("pgm.request-code".utf8), outputByteCount: 32)
    }
}

extension SealingKeyRing.Key {
    fileprivate init(id: String, key: SymmetricKey) {
        self.id = id
        self.key = key
    }
}

/// Why a text could not be sealed or opened.
public enum SealingError: Error, Sendable, Hashable {
    /// The cipher refused; nothing was written.
    case notSealed
    /// The key id is not in this ring.
    case unknownKey
    /// Cut, changed, or sealed for another place.
    case damaged
}
