import Foundation
import NIOHTTP1

/// One reference in the simulated provider's accounts.
struct Account: Decodable, Sendable {
    /// One payment of a reference.
    struct Payment: Decodable, Sendable {
        var paymentID: String
        var status: String
        var chargedMinorUnits: Int
        var refundedMinorUnits: Int
        var refundCount: Int
    }

    var reference: String
    var timesCharged: Int
    var payments: [Payment]
}

/// What the simulated provider did with everybody's money.
struct Accounts: Sendable {
    var byReference: [String: Account] = [:]
    var chargedMoreThanOnce = 0
}

/// A notification as the simulated merchant got it.
struct ReceivedNotification: Decodable, Sendable {
    /// What the product says.
    struct Body: Decodable, Sendable {
        var isSuccessful: Bool
        var paymentID: String
        var shopTransactionID: String
    }

    /// In the order of arrival.
    var number: Int
    var receivedAt: String?
    var webhookId: String?
    var signatureVerified: Bool?
    var body: Body
}

/// Reads and orders the simulators, which are outside of what is tested.
struct SandboxBooks: Sendable {
    let client: ChaosClient
    let sandboxURL: String

    private var provider: String { sandboxURL + "/-/sandbox/generic-provider" }
    private static let accountsPerPage = 1_000
    private static let notificationsPerPage = 5_000

    func add(_ fault: ProviderFault) async {
        let body = (try? JSONEncoder().encode(fault)).map { String(decoding: $0, as: UTF8.self) }
        _ = await client.send(.POST, provider + "/__faults", body: body)
    }

    /// Whether an order with an end is still in force.
    func hasFaults() async -> Bool {
        struct Fault: Decodable { var count: Int? }
        struct Faults: Decodable { var faults: [Fault] }
        return await client.get(Faults.self, provider + "/__faults")?.faults.contains { $0.count != nil } == true
    }

    func deleteFaults() async { _ = await client.send(.DELETE, provider + "/__faults") }

    /// Makes the merchant's endpoint fail until ``deleteMerchantFaults()``.
    func add(_ fault: MerchantFault) async {
        let body = (try? JSONEncoder().encode(fault)).map { String(decoding: $0, as: UTF8.self) }
        _ = await client.send(.POST, sandboxURL + "/-/merchant/__faults", body: body)
    }

    func deleteMerchantFaults() async { _ = await client.send(.DELETE, sandboxURL + "/-/merchant/__faults") }

    /// Makes the provider repeat its last callback of a payment.
    func repeatCallback(_ paymentID: String) async {
        _ = await client.send(.POST, provider + "/__webhooks/" + paymentID)
    }

    /// All accounts, or those of one reference; nil when a page cannot be read.
    func accounts(of reference: String? = nil) async -> Accounts? {
        struct Page: Decodable {
            struct Totals: Decodable { var chargedMoreThanOnce: Int }
            var totals: Totals
            var accounts: [Account]
            var next: Int?
        }
        var result = Accounts()
        var after = 0
        while true {
            let query = reference.map { "reference=" + $0 } ?? "limit=\(Self.accountsPerPage)&after=\(after)"
            guard let page = await client.get(Page.self, provider + "/__accounts?" + query) else { return nil }
            for account in page.accounts { result.byReference[account.reference] = account }
            result.chargedMoreThanOnce = page.totals.chargedMoreThanOnce
            guard let next = page.next, next > after else { return result }
            after = next
        }
    }

    /// The totals as written, to see whether they change.
    func totalsText() async -> String {
        await client.send(.GET, provider + "/__accounts?limit=0").text
    }

    /// What arrived at the merchant behind a number, in the order of arrival.
    func notifications(after number: Int) async -> [ReceivedNotification] {
        struct Page: Decodable { var notifications: [ReceivedNotification] }
        var result: [ReceivedNotification] = []
        while true {
            let query = "limit=\(Self.notificationsPerPage)&after=\(result.last?.number ?? number)"
            let page = await client.get(Page.self, sandboxURL + "/-/merchant/notifications?" + query)
            guard let page, !page.notifications.isEmpty else { return result }
            result += page.notifications
        }
    }
}
