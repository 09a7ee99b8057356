/// Answers of Stripe, as short as they can be.
enum StripeJSON {
    static func session(
        status: String? = "complete", payment: String? = "paid", intent: String = "\"pi_1\"", total: String = "500",
        url: String = "null"
    ) -> String {
        let status = status.map { "\"\($0)\"" } ?? "null"
        let payment = payment.map { "\"\($0)\"" } ?? "null"
        return """
            {"id":"cs_1","object":"checkout.session","url":\(url),"status":\(status),"payment_status":\(payment),
            "payment_intent":\(intent),"amount_total":\(total),"currency":"eur","client_reference_id":"ORDER-42",
            "metadata":{"shopTransactionId":"ORDER-42"}}
            """
    }

    static func refund(
        _ id: String = "re_1", amount: Int64 = 100, status: String = "succeeded", refundID: String = "other",
        failure: String? = nil
    ) -> String {
        let reason = failure.map { ",\"failure_reason\":\"\($0)\"" } ?? ""
        return """
            {"id":"\(id)","object":"refund","amount":\(amount),"status":"\(status)",
            "metadata":{"refundId":"\(refundID)"}\(reason)}
            """
    }

    static func list(_ refunds: [String], hasMore: Bool = false) -> String {
        "{\"object\":\"list\",\"data\":[\(refunds.joined(separator: ","))],\"has_more\":\(hasMore)}"
    }

    static func error(_ type: String, code: String? = nil, message: String = "no") -> String {
        let code = code.map { ",\"code\":\"\($0)\"" } ?? ""
        return "{\"error\":{\"type\":\"\(type)\",\"message\":\"\(message)\"\(code)}}"
    }

    static func event(_ type: String, session: String = session()) -> String {
        """
        {"id":"evt_1","object":"event","api_version":"2026-07-29.dahlia","created":1790000000,"livemode":false,
        "type":"\(type)","data":{"object":\(session)}}
        """
    }
}
