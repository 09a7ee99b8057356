/// A webhook ready to be rendered: signed anew for every attempt, as real providers do.
struct OutgoingWebhook: Sendable {
    /// Everything needed to send one attempt.
    struct Rendered: Sendable {
        /// Absolute address.
        let url: String
        /// `GET` or `POST`.
        let method: String
        /// Headers to add.
        let headers: [FormField]
        /// Raw body; empty for `GET`.
        let body: [UInt8]
    }

    /// The provider's id of the event, the same for every attempt.
    let eventID: String
    /// The merchant's reference, for faults; nil when the payment has none.
    let reference: String?
    /// Renders an attempt made at these Unix seconds; the first argument says whether to spoil the signature.
    let render: @Sendable (_ spoilsSignature: Bool, _ unixSeconds: Int) -> Rendered
}
