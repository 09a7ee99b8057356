/// Names of the headers by which a repeated request is known again, as merchants send them to us and we to providers.
public enum IdempotencyHeaderName {
    /// The key of a request, the same on every repeat.
    public static let key = "Idempotency-Key"
    /// On an answer that was recorded earlier and is given again.
    public static let replayed = "Idempotent-Replayed"
}
