import Shared
import Testing

@testable import Ingress

/// The schemas of answers are those of the types that are written.
@Suite
struct ComponentSchemaTests {
    static let samples: [(String, JSONValue)] = {
        let id = CommandID.make(atUnixMilliseconds: 1)
        var error = ErrorResponse(.outcomeUnknown, "m", details: [FieldIssue(field: "f", issue: "i")])
        error.requestId = id.value
        error.commandID = id
        error.repeatIsSafe = false
        let parts = [HealthPart("a") { HealthState(isUp: true, details: ["n": 1]) }]
        let notification = MerchantNotification(
            providerName: "P", paymentType: "T", isSuccessful: true, resultDescription: "", reference: ("p", "s"),
            token: "t", cardInformation: [:], safeChargeData: [:])
        return [
            ("PaymentReply", json(PaymentReply(result: .ok, resultDescription: ""))),
            ("StatusReply", json(StatusReply(status: .pending))), ("CheckReply", json(CheckReply(commandID: id))),
            ("ReadinessReport", json(ReadinessReport(parts))), ("CheckUpReport", json(CheckUpReport(parts))),
            ("HealthState", json(HealthState(isUp: true))), ("ErrorResponse", json(error)),
            ("FieldIssue", json(FieldIssue(field: "f", issue: "i"))), ("Notification", json(notification)),
        ]
    }()

    private static func json(_ value: some Encodable) -> JSONValue {
        (try? JSONCoding.decode(JSONValue.self, from: JSONCoding.encode(value))) ?? .null
    }

    @Test(arguments: samples)
    func aSchemaHasTheFieldsOfItsType(name: String, value: JSONValue) throws {
        let schema = try #require(ComponentSchemas.all[name])
        let written = try #require(value.objectValue)
        #expect(Set(try #require(schema["properties"]?.objectValue).keys) == Set(written.keys))
        let required = Set((schema["required"]?.arrayValue ?? []).compactMap(\.stringValue))
        #expect(required.isSubset(of: written.keys))
    }

    @Test func resultsAndStatesAreEnumeratedAsTheyAreWritten() {
        let results = ComponentSchemas.all["PaymentReply"]?["properties"]?["result"]?["enum"]?.arrayValue ?? []
        let known = results.compactMap { PaymentResult(rawValue: $0.stringValue ?? "") }
        #expect(known.count == results.count && Set(known) == [.ok, .ko, .redirectToURL, .pending])
        let states = ComponentSchemas.all["StatusReply"]?["properties"]?["status"]?["enum"]?.arrayValue ?? []
        #expect(Set(states.compactMap { PaymentStatus(rawValue: $0.stringValue ?? "") }).count == states.count)
    }
}
