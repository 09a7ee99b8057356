/// Stripe's hosted page: what the shopper, and now and then the bank, does to a session.
struct StripePages {
    /// Whose sessions they are.
    let provider: StripeProvider
    /// Path of the pages, to which `/{session}/{action}` is appended.
    let pagesPath: String

    /// Answers `GET {session}` and `POST {session}/{action}`, where the action is `pay`, `decline`, `later`, `settle`,
    /// `fail` or `expire`.
    func answer(_ request: SimulatedRequest) -> SimulatedAnswer {
        guard let id = request.path.first, request.path.count <= 2 else { return message(404, "No such page.") }
        do throws(StripeError) {
            switch (request.method, request.path.dropFirst().first) {
            case ("GET", nil): return try show(id)
            case ("POST", "pay"): return try pay(id, isDelayed: false)
            case ("POST", "later"): return try pay(id, isDelayed: true)
            case ("POST", "decline"): return try show(id, notice: "Your card was declined. Please try another one.")
            case ("POST", "settle"): return try settle(id, succeeds: true)
            case ("POST", "fail"): return try settle(id, succeeds: false)
            case ("POST", "expire"):
                let session = try provider.change { (ledger, now) throws(StripeError) in
                    try ledger.expire(id, now: now)
                }
                return session.new.cancelURL.map { .seeOther($0) } ?? message(200, "The session is closed.")
            default: return message(404, "No such page.")
            }
        } catch {
            return message(error.status == 404 ? 404 : 409, error.message)
        }
    }

    private func pay(_ id: String, isDelayed: Bool) throws(StripeError) -> SimulatedAnswer {
        let session = try provider.change { (ledger, now) throws(StripeError) in
            try ledger.pay(id, isDelayed: isDelayed, now: now)
        }
        return .seeOther(session.filledSuccessURL)
    }

    private func settle(_ id: String, succeeds: Bool) throws(StripeError) -> SimulatedAnswer {
        _ = try provider.change { (ledger, now) throws(StripeError) in
            try ledger.settle(id, succeeds: succeeds, now: now)
        }
        return message(200, succeeds ? "The money arrived." : "The payment failed.")
    }

    private func show(_ id: String, notice: String? = nil) throws(StripeError) -> SimulatedAnswer {
        let session = try provider.change { (ledger, now) throws(StripeError) in try ledger.session(id, now: now) }
        var buttons: [HostedPage.Button] = []
        if session.status == "open" {
            buttons = [
                .init(action: "pay", label: "Pay"), .init(action: "decline", label: "Decline"),
                .init(action: "later", label: "Pay later"), .init(action: "expire", label: "Abandon"),
            ]
        } else if session.status == "complete", session.paymentStatus == "unpaid" {
            buttons = [
                .init(action: "settle", label: "Money arrives"), .init(action: "fail", label: "Payment fails"),
            ]
        }
        guard notice == nil || session.status == "open" else {
            return message(409, "This Checkout Session is \(session.status).")
        }
        let amount = "Amount: \(session.new.amountTotal) minor units of \(session.new.currency)"
        let status = "Session \(session.status), \(session.paymentStatus)"
        return .page(
            200,
            HostedPage.render(
                title: "Checkout", lines: (notice.map { [$0] } ?? []) + [amount, status],
                actionBase: "\(pagesPath)/\(id)", buttons: buttons))
    }

    private func message(_ status: Int, _ text: String) -> SimulatedAnswer {
        .page(status, HostedPage.render(title: "Checkout", lines: [text]))
    }
}
