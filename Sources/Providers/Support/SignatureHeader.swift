import Crypto
import Foundation

/// A signature header of the form `t=<Unix seconds>,v1=<hex>[,v1=<hex>…]`, as Stripe and others send it.
struct SignatureHeader: Sendable {
    /// When it was signed, Unix seconds.
    let timestamp: Int64
    /// Every decodable `v1` signature.
    let signatures: [[UInt8]]

    /// Reads a header; parts of other schemes and signatures that are no hexadecimal are ignored.
    /// - Returns: `nil` without a time or any `v1`.
    init?(_ text: String) {
        var timestamp: Int64?
        var signatures: [[UInt8]] = []
        for part in text.split(separator: ",").prefix(32) {
            let pieces = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pieces.count == 2 else { continue }
            switch pieces[0].trimmingCharacters(in: .whitespaces) {
            case "t": timestamp = Int64(pieces[1].trimmingCharacters(in: .whitespaces))
            case "v1":
                if let bytes = Self.bytes(hexadecimal: pieces[1]) { signatures.append(bytes) }
            default: continue
            }
        }
        guard let timestamp, !signatures.isEmpty else { return nil }
        self.timestamp = timestamp
        self.signatures = signatures
    }

    /// Whether any signature is the HMAC-SHA256 of `t.payload` under the key, compared in constant time, and the time
    /// is within the tolerance of now in either direction.
    func verifies(_ payload: [UInt8], key: String, nowSeconds: Int64, toleranceSeconds: Int64) -> Bool {
        let age = nowSeconds.subtractingReportingOverflow(timestamp)
        guard !age.overflow, (-toleranceSeconds...toleranceSeconds).contains(age.partialValue) else { return false }
        let message = Array("\(timestamp).".utf8) + payload
        let symmetric = SymmetricKey(data: Array(key.utf8))
        return signatures.contains { signature in
            HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: message, using: symmetric)
        }
    }

    /// Bytes of a hexadecimal text; `nil` for anything else.
    static func bytes(hexadecimal text: some StringProtocol) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard !digits.isEmpty, digits.count % 2 == 0, digits.count <= 256 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = nibble(digits[index]), let low = nibble(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
}
