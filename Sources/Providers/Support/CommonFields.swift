import Shared

/// Body fields that providers have in common.
extension FieldSchema {
    static let amount = required("amount", .amount(zeroAllowed: false), "Amount in euros as a decimal string.")
    static let shopTransactionID = required(
        "shopTransactionID", .identifier, "The merchant's own unique identifier of the payment.")
    static let optionalShopTransactionID = optional(
        "shopTransactionID", .identifier, "The merchant's own unique identifier of the payment.")
    static let successRedirect = optional("successRedirect", .url, "Where the buyer lands after success.")
    static let failureRedirect = optional("failureRedirect", .url, "Where the buyer lands after failure.")
    static let creditCardToken = optional(
        "creditCardToken", .opaqueToken, "Opaque token that stands for the card data.")
}
