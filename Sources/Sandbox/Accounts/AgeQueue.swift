/// Payment ids by age, from which the oldest that may go is taken without scanning everything.
struct AgeQueue: Sendable {
    /// Ids looked at in one search; open ones found on the way move to the back.
    static let maximumLook = 64

    private var identifiers: [String] = []
    private var head = 0

    /// Adds the youngest.
    mutating func append(_ identifier: String) {
        identifiers.append(identifier)
    }

    /// Removes and returns the oldest that `mayGo`; nil when none of the first ``maximumLook`` may.
    mutating func removeOldest(where mayGo: (String) -> Bool) -> String? {
        for _ in 0..<Self.maximumLook {
            guard head < identifiers.count else { return nil }
            let candidate = identifiers[head]
            head += 1
            compact()
            if mayGo(candidate) { return candidate }
            identifiers.append(candidate)
        }
        return nil
    }

    private mutating func compact() {
        guard head > 4096, head > identifiers.count / 2 else { return }
        identifiers.removeFirst(head)
        head = 0
    }
}
