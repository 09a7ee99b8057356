import Foundation
import NIOHTTP1

/// One payment on its way: does what its script says and writes down what was answered.
struct PaymentPlay: Sendable {
    private let script: PaymentScript
    private let shop: Shop
    private var random: SeededGenerator
    private var record: PaymentRecord

    private static let payPath = "/generic-provider/credit-cards/pay"
    private static let refundPath = "/generic-provider/credit-cards/refund"

    init(script: PaymentScript, shop: Shop, number: Int) {
        (self.script, self.shop) = (script, shop)
        random = SeededGenerator(seed: shop.seed ^ 0xA5A5, stream: UInt64(number) + 1)
        record = PaymentRecord(script: script)
    }

    mutating func run() async -> PaymentRecord {
        let hasRefusal = script.kind == .declined || script.kind == .declinedThenApproved
        if hasRefusal {
            guard let refusal = await pay("KO-1", wanted: "KO", part: "pay-1") else { return record }
            record.refusal = refusal
            if script.isRefusalChecked { record.isRefusalChecked = await check() }
        }
        if script.kind == .declined || record.openQuestion != nil { return record }
        let isPage = script.kind == .page
        let answer = await pay(
            isPage ? "PAGE-1" : "OK-1", wanted: isPage ? "REDIRECT_TO_URL" : "OK", part: hasRefusal ? "pay-2" : "pay-1")
        guard let answer else { return record }
        record.success = answer
        if isPage { await payOnPage(answer) }
        guard record.mustBeCharged else { return record }
        if script.isStatusAsked { await askStatus(of: answer) }
        for (index, amount) in script.refunds.enumerated() {
            guard await refund(amount, part: "refund-\(index + 1)") else { return record }
        }
        if script.isChecked { record.isSuccessChecked = await check() }
        return record
    }

    private mutating func pay(_ token: String, wanted: String, part: String) async -> PaymentAnswer? {
        let body =
            #"{"amount":"\#(AmountText.of(script.amountMinorUnits))","shopTransactionID":"\#(script.reference)","#
            + #""creditCardToken":"\#(token)"}"#
        let key = script.hasKey ? "\(script.reference)-\(part)" : nil
        let askedAt = Date()
        guard let bytes = await ask(.POST, Self.payPath, body: body, key: key, part: part, isPay: true),
            let answer = PaymentAnswer(bytes)
        else { return nil }
        record.told.append(Told(answer, askedAt: askedAt))
        guard answer.result == wanted else {
            record.report(.unexpectedAnswer, "\(part): \(answer.result) instead of \(wanted)")
            return nil
        }
        // Without a key, to pay again after a refusal is a new attempt.
        if script.isReplayed, key != nil || wanted != "KO" {
            let askedAt = Date()
            guard let again = await ask(.POST, Self.payPath, body: body, key: key, part: part + " again") else {
                return nil
            }
            if let answer = PaymentAnswer(again) { record.told.append(Told(answer, askedAt: askedAt)) }
            compare(bytes, again, isExact: key != nil, part)
        }
        return answer
    }

    private mutating func compare(_ first: [UInt8], _ again: [UInt8], isExact: Bool, _ part: String) {
        record.replaysCompared += 1
        let (one, other) = (PaymentAnswer(first), PaymentAnswer(again))
        let isSame = isExact ? first == again : one?.result == other?.result && one?.paymentID == other?.paymentID
        guard !isSame else { return }
        let texts = [first, again].map { String(decoding: $0, as: UTF8.self) }
        record.report(.otherAnswer, "\(part)\(isExact ? " with one key" : ""): \(texts[0]) then \(texts[1])")
    }

    private mutating func payOnPage(_ answer: PaymentAnswer) async {
        guard let page = answer.redirectToUrl else {
            record.report(.unexpectedAnswer, "a redirect without address")
            return
        }
        let outcome = await shop.client.send(.POST, page + "/pay")
        record.note("page: \(outcome.isAnswer(200))")
        record.isPagePaid = outcome.isAnswer(200)
        if !record.isPagePaid { record.report(.unexpectedAnswer, "the page: \(outcome.text)") }
    }

    private mutating func refund(_ amount: Int, part: String) async -> Bool {
        let body = #"{"amount":"\#(AmountText.of(amount))","shopTransactionID":"\#(script.reference)"}"#
        let key = "\(script.reference)-\(part)"
        record.refunds.append(.init(amountMinorUnits: amount, isAnswered: false))
        guard let bytes = await ask(.POST, Self.refundPath, body: body, key: key, part: part) else { return false }
        guard PaymentAnswer(bytes)?.result == "OK" else {
            record.report(.unexpectedAnswer, "\(part): \(String(decoding: bytes, as: UTF8.self))")
            return false
        }
        record.refunds[record.refunds.count - 1].isAnswered = true
        if script.isReplayed {
            guard let again = await ask(.POST, Self.refundPath, body: body, key: key, part: part + " again") else {
                return false
            }
            compare(bytes, again, isExact: true, part)
        }
        return true
    }

    /// What is said of a payment that has succeeded must say so; ``OrderOracle`` judges it.
    private mutating func askStatus(of payment: PaymentAnswer) async {
        let path = "/generic-provider/status?shopTransactionId=" + script.reference
        let askedAt = Date()
        guard record.openQuestion == nil, let bytes = await ask(.GET, path, part: "status") else { return }
        record.told.append(Told(status: bytes, paymentID: payment.paymentID, askedAt: askedAt))
    }

    private mutating func check() async -> Bool {
        let path = "/generic-provider/check?shopTransactionId=" + script.reference
        return await ask(.GET, path, wanted: 202, part: "check") != nil
    }

    /// Sends one request again and again, to whichever ingress, until it is answered for good.
    ///
    /// - Parameter isPay: whether a merchant who waits for news sends it no more once its outcome is unknown.
    private mutating func ask(
        _ method: HTTPMethod, _ path: String, body: String? = nil, key: String? = nil, wanted: Int = 200, part: String,
        isPay: Bool = false
    ) async -> [UInt8]? {
        let begun = ContinuousClock.now
        defer { record.spans.append(.init(part: part, begunAt: begun, endedAt: .now)) }
        let limit = begun + Shop.answerLimit
        var last = "not sent"
        while !shop.isOver, ContinuousClock.now < limit {
            let ingress = shop.ingressURLs.randomElement(using: &random) ?? ""
            let outcome = await shop.client.command(
                method, ingress + path, body: body, key: key, patienceSeconds: script.patienceSeconds)
            last = outcome.text
            record.note("\(part) to \(ingress.suffix(5)): \(last)")
            switch outcome {
            case .answer(wanted, let bytes) where wanted == 202 || PaymentAnswer(bytes)?.result != "PENDING":
                return bytes
            case .answer(504, _) where isPay && script.waitsForNews:
                record.silence = .unknownOutcome
                return nil
            case .failure where isPay && script.waitsForNews:
                record.silence = .noAnswer
                return nil
            case .answer(wanted, _), .answer(409, _), .answer(429, _), .answer(502...504, _), .failure: break
            case .answer:
                record.report(.unexpectedAnswer, "\(part): \(last)")
                return nil
            }
            record.repeats += 1
            try? await Task.sleep(for: .milliseconds(Int.random(in: 100...500, using: &random)))
        }
        record.openQuestion = "\(part): \(last)"
        return nil
    }
}
