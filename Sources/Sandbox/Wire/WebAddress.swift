import Foundation

/// Checks and builds http addresses.
enum WebAddress {
    /// Whether the text is an absolute http or https address with a host.
    static func isValid(_ text: String) -> Bool {
        guard let components = URLComponents(string: text), let host = components.host, !host.isEmpty else {
            return false
        }
        return components.scheme == "http" || components.scheme == "https"
    }

    /// The address with one more piece of query, before a fragment if there is one.
    static func appending(query: String, to address: String) -> String {
        let parts = address.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let separator = parts[0].contains("?") ? "&" : "?"
        let fragment = parts.count > 1 ? "#" + parts[1] : ""
        return parts[0] + separator + query + fragment
    }
}
