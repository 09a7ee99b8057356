import Shared
import Testing

@Suite struct ErrorResponseTests {
    @Test(arguments: [
        ("INVALID_JSON", 400), ("INVALID_FIELD", 400), ("INVALID_PARAMETER", 400), ("UNAUTHORIZED", 401),
        ("INVALID_SIGNATURE", 401), ("UNKNOWN_ROUTE", 404), ("UNKNOWN_PROVIDER", 404), ("PROVIDER_NOT_ENABLED", 404),
        ("UNKNOWN_PAYMENT_METHOD", 404), ("UNKNOWN_TRANSACTION", 404), ("METHOD_NOT_ALLOWED", 405),
        ("REQUEST_TIMEOUT", 408), ("REQUEST_STILL_RUNNING", 409), ("BODY_TOO_LARGE", 413),
        ("UNSUPPORTED_MEDIA_TYPE", 415), ("IDEMPOTENCY_KEY_REUSED", 422), ("PAYMENT_MISMATCH", 422),
        ("TOO_MANY_REQUESTS", 429), ("INTERNAL_ERROR", 500), ("OPERATION_NOT_SUPPORTED", 501),
        ("PROVIDER_ERROR", 502), ("NOT_STORED", 503), ("OVERLOADED", 503), ("PROVIDER_UNAVAILABLE", 503),
        ("OUTCOME_UNKNOWN", 504),
    ])
    func everyCodeKeepsItsNameAndStatus(name: String, statusCode: Int) {
        #expect(ErrorCode(rawValue: name)?.statusCode == statusCode)
    }

    @Test func theListOfCodesIsComplete() {
        #expect(ErrorCode.allCases.count == 25)
    }

    @Test func everyStatusHasItsOwnStandardName() {
        let names = Dictionary(grouping: ErrorCode.allCases, by: \.statusCode).mapValues { Set($0.map(\.statusText)) }
        #expect(names.values.allSatisfy { $0.count == 1 })
        #expect(Set(names.values.flatMap { $0 }).count == names.count)
        #expect(ErrorCode.internalError.statusText == "Internal Server Error")
        #expect(ErrorCode.bodyTooLarge.statusText == "Content Too Large")
    }

    @Test func absentPartsAreLeftOut() throws {
        let response = ErrorResponse(.unknownRoute, "no such path")
        let text = String(decoding: try JSONCoding.encode(response), as: UTF8.self)
        #expect(
            text == #"{"code":"UNKNOWN_ROUTE","error":"Not Found","message":"no such path","statusCode":404}"#)
    }

    @Test func everyPartIsWritten() throws {
        var response = ErrorResponse(.outcomeUnknown, "m", details: [FieldIssue(field: "a", issue: "b")])
        response.requestId = "r"
        response.commandID = CommandID("01ARZ3NDEKTSV4RRFFQ69G5FAV")
        response.repeatIsSafe = false
        let bytes = try JSONCoding.encode(response)
        let value = try JSONCoding.decode(JSONValue.self, from: bytes)
        #expect(value["commandID"]?.stringValue == "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        #expect(value["repeatIsSafe"]?.booleanValue == false)
        #expect(value["requestId"]?.stringValue == "r")
        #expect(value["details"]?.arrayValue?.first?["field"]?.stringValue == "a")
        #expect(try JSONCoding.decode(ErrorResponse.self, from: bytes) == response)
    }

    @Test func theMessageNamesTheFirstFieldAndCountsTheOthers() {
        let issues = ["a", "b", "c"].map { FieldIssue(field: $0, issue: "is required") }
        #expect(ErrorResponse.invalidFields(issues).message == "a: is required (and 2 more, see details)")
        #expect(ErrorResponse.invalidFields(Array(issues.prefix(1))).message == "a: is required")
        #expect(ErrorResponse.invalidFields(issues).details == issues)
        #expect(ErrorResponse.invalidFields(issues, code: .invalidParameter).code == .invalidParameter)
        #expect(ErrorResponse.invalidFields([]).statusCode == 400)
    }
}
