import Crypto
import Foundation

/// HMAC-SHA256, the signature of every webhook here.
enum Signature {
    /// The code of `message` under `key` in lower-case hexadecimal.
    static func hexadecimal(key: String, message: [UInt8]) -> String {
        HexText.encode(code(key: Data(key.utf8), message: message))
    }

    /// The 32 bytes of the code of `message` under `key`.
    static func code(key: Data, message: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }
}
