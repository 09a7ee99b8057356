/// Recorded requests of Stripe's public documentation.
enum StripeExamples {
    static func payment(_ reference: String, cents: Int = 500) -> String {
        """
        mode=payment&line_items[0][quantity]=1&line_items[0][price_data][currency]=eur\
        &line_items[0][price_data][unit_amount]=\(cents)\
        &line_items[0][price_data][product_data][name]=Order%20ORDER-42\
        &success_url=https%3A%2F%2Fgw.example.com%2Fstripe%2Freturn%3Fsession_id%3D%7BCHECKOUT_SESSION_ID%7D\
        &cancel_url=https%3A%2F%2Fgw.example.com%2Fstripe%2Freturn%3Fcancelled%3D1\
        &client_reference_id=\(reference)&metadata[shopTransactionId]=\(reference)\
        &payment_intent_data[metadata][shopTransactionId]=\(reference)
        """
    }

    static func lineItem(_ item: String, mode: String = "payment", more: String = "") -> String {
        "mode=\(mode)&success_url=https%3A%2F%2Fgw.example.com%2Fok&client_reference_id=R&\(item)\(more)"
    }

    static let subscription = lineItem(
        "line_items[0][quantity]=2&line_items[0][price_data][currency]=eur"
            + "&line_items[0][price_data][unit_amount]=750&line_items[0][price_data][product_data][name]=gold-plan"
            + "&line_items[0][price_data][recurring][interval]=month"
            + "&line_items[0][price_data][recurring][interval_count]=1",
        mode: "subscription", more: "&subscription_data[metadata][shopTransactionId]=R")
}
