import Foundation
import NIOCore

/// Tells texts that are URLs by RFC 3986 from those that Foundation would repair.
enum URLText {
    /// RFC 3986's, and the braces of placeholders such as Stripe's `{CHECKOUT_SESSION_ID}`.
    private static let allowed = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?@!$&'()*+,;={}".utf8)

    /// Much the same as a regular expression, for the documentation; which IP addresses exist it cannot say.
    static let pattern =
        "^[A-Za-z][A-Za-z0-9+.-]*:(//\\[[0-9A-Fa-f.]*:[0-9A-Fa-f:.]+\\]\(character)*|\(character)+)(#\(character)*)?$"

    private static let character = "([!$&-;=?-Z_a-z~{}]|%[0-9A-Fa-f]{2})"

    /// Whether a text is an absolute `http` or `https` URL with a host, or one of an app's own scheme.
    static func isAbsolute(_ text: String) -> Bool {
        guard hasOnlyAllowedCharacters(Array(text.utf8)) else { return false }
        guard let components = URLComponents(string: text), let scheme = components.scheme else { return false }
        // The scheme and its colon alone lead nowhere.
        guard text.utf8.count > scheme.utf8.count + 1 else { return false }
        let isWeb = ["http", "https"].contains(scheme.lowercased())
        if isWeb { return !(components.host ?? "").isEmpty }
        return !["javascript", "data", "file"].contains(scheme.lowercased())
    }

    private static func hasOnlyAllowedCharacters(_ bytes: [UInt8]) -> Bool {
        let colon = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
        let literal = addressLiteral(in: bytes, from: colon)
        var fragmentSeen = false
        for (index, byte) in bytes.enumerated() where !(literal?.contains(index) ?? false) {
            switch byte {
            case UInt8(ascii: "%"):
                let digits = bytes.dropFirst(index + 1).prefix(2)
                guard digits.count == 2, digits.allSatisfy(isHexadecimal) else { return false }
            case UInt8(ascii: "#"):
                guard !fragmentSeen, index > colon + 1 else { return false }
                fragmentSeen = true
            default:
                guard allowed.contains(byte) else { return false }
            }
        }
        return true
    }

    /// Where `[::1]` stands in `http://[::1]/`.
    private static func addressLiteral(in bytes: [UInt8], from colon: Int) -> ClosedRange<Int>? {
        guard bytes.dropFirst(colon).prefix(4).elementsEqual("://[".utf8) else { return nil }
        let start = colon + 3
        guard let end = bytes.dropFirst(start).firstIndex(of: UInt8(ascii: "]")), end > start + 1 else { return nil }
        let inner = String(decoding: bytes[(start + 1)..<end], as: UTF8.self)
        let isAddress = inner.contains(":") && (try? SocketAddress(ipAddress: inner, port: 0)) != nil
        return isAddress ? start...end : nil
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }
}
