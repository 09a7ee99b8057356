import Shared
import Testing

/// Checks that an answer is the failure with this code, in the shape of every failure; returns it for more.
@discardableResult
func expectFailure(
    _ answer: Wire.Answer, _ code: ErrorCode, sourceLocation: SourceLocation = #_sourceLocation
) throws -> ErrorResponse {
    let error = try answer.error()
    #expect(error.code == code, sourceLocation: sourceLocation)
    #expect(answer.status == code.statusCode, sourceLocation: sourceLocation)
    #expect(error.statusCode == answer.status, sourceLocation: sourceLocation)
    #expect(error.error == code.statusText, sourceLocation: sourceLocation)
    #expect(!error.message.isEmpty, sourceLocation: sourceLocation)
    #expect(answer.headers["content-type"] == "application/json; charset=utf-8", sourceLocation: sourceLocation)
    #expect(error.requestId != nil, sourceLocation: sourceLocation)
    #expect(answer.headers["x-request-id"] == error.requestId, sourceLocation: sourceLocation)
    let isWaitDue = [409, 429, 503].contains(answer.status)
    #expect((answer.headers["retry-after"].flatMap { Int($0) } ?? 0 > 0) == isWaitDue, sourceLocation: sourceLocation)
    return error
}
