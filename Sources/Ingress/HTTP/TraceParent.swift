/// W3C trace context, as far as it is passed on.
enum TraceParent {
    /// The header's value when it has the form `00-<32 hex>-<16 hex>-<2 hex>`, otherwise `nil`.
    static func valid(_ text: String?) -> String? {
        guard let text, text.utf8.count == 55 else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [2, 32, 16, 2] else { return nil }
        let isHexadecimal = parts.allSatisfy { part in
            part.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66) }
        }
        return isHexadecimal ? text : nil
    }
}
