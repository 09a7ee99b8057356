import Shared
import Testing

@testable import Providers

@Suite struct CredentialTests {
    /// Answers that repeat every credential wherever a text may stand.
    private static let echoes: [String] = {
        let all = TestSettings.credentials.joined(separator: " ") + " " + TestSettings.credentials.joined()
        return [
            "{\"error\":{\"type\":\"\(all)\",\"code\":\"\(all)\",\"message\":\"\(all)\"}}",
            "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"Invalid API Key provided: \(all)\"}}",
            """
            {"id":"\(all)","url":"https://a/\(all)","status":"complete","payment_status":"paid",
            "payment_intent":"\(all)","amount_total":500,"amount":500,"currency":"EUR","reference":"\(all)",
            "description":"\(all)","declineReason":"\(all)","failure_reason":"\(all)","paymentId":"\(all)",
            "pageUrl":"https://a/\(all)","recurrenceToken":"\(all)","card":{"brand":"\(all)","last4":"\(all)"},
            "metadata":{"shopTransactionId":"\(all)"},"data":[]}
            """,
            """
            {"data":[{"id":"\(all)","status":"\(all)","amount":1,"currency":"EUR","reference":"\(all)"}]}
            """,
            all, "",
        ]
    }()

    /// Everything that a call led to, as text: reflection shows what a description might hide.
    private func texts(
        _ type: any PaymentProvider.Type, _ operation: Shared.Operation, _ answer: ScriptedTransport.Answer
    ) async throws -> String {
        try await texts(of: type, operation, answer)
    }

    private func texts<Provider: PaymentProvider>(
        of type: Provider.Type, _ operation: Shared.Operation, _ answer: ScriptedTransport.Answer
    ) async throws -> String {
        let harness = try ProviderHarness<Provider>(Array(repeating: answer, count: 12))
        let call = TestCall.make(
            operation, shop: "ORDER-42", paymentID: "p_1", cents: 100, body: TestCall.redirects)
        var found = ""
        do { dump(try await harness.provider.execute(call), to: &found) } catch { dump(error, to: &found) }
        do { dump(try await harness.provider.observe(call), to: &found) } catch { dump(error, to: &found) }
        do { dump(try await harness.provider.reconcile(call), to: &found) } catch { dump(error, to: &found) }
        return found
    }

    @Test(arguments: [100, 200, 201, 302, 400, 401, 402, 403, 404, 408, 409, 422, 429, 500, 503])
    func noAnswerAndNoErrorRepeatsACredential(statusCode: Int) async throws {
        for type in ProviderRegistry.all {
            for operation in [Shared.Operation.pay, .refund] {
                for body in Self.echoes {
                    let found = try await texts(type, operation, .json(statusCode, body))
                    #expect(!found.isEmpty)
                    for credential in TestSettings.credentials { #expect(Self.lacks(found, credential, type)) }
                }
            }
        }
    }

    @Test func aProviderNeverPrintsItsOwnCredentials() throws {
        var found = ""
        dump(try ProviderHarness<StripeProvider>().provider, to: &found)
        dump(try ProviderHarness<GenericProvider>().provider, to: &found)
        for credential in TestSettings.credentials { #expect(!found.contains(credential)) }
    }

    @Test(arguments: OutgoingFailure.Code.allCases)
    func noFailureOfTheConnectionRepeatsACredential(code: OutgoingFailure.Code) async throws {
        for type in ProviderRegistry.all {
            let found = try await texts(type, .pay, .failure(code, mayHaveBeenSent: true))
            for credential in TestSettings.credentials { #expect(!found.contains(credential)) }
        }
    }

    /// A provider blots out its own credentials; it does not know those of another.
    private static func lacks(_ text: String, _ credential: String, _ type: any PaymentProvider.Type) -> Bool {
        let isOwn = TestSettings.environment.contains { name, value in
            value == credential && name.hasPrefix(type.description.name.settingPrefix)
        }
        return !isOwn || !text.contains(credential)
    }
}
