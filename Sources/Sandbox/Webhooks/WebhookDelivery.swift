/// One webhook on its way, with what faults make of it.
struct WebhookDelivery: Sendable {
    /// What to send.
    let webhook: OutgoingWebhook
    /// Whether to spoil the signature.
    var spoilsSignature = false
    /// Attempts made so far.
    var attempts = 0
    /// Sent right after this one arrived or failed: the webhook that this one overtook.
    var follower: OutgoingWebhook?
}
