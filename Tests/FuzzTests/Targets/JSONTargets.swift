import Shared

@testable import Shared

extension FuzzTarget {
    /// Any JSON, and the bodies of this API.
    static let json = FuzzTarget(
        "json", covers: "JSONCoding, JSONValue, ErrorResponse, PaymentReply, notifications, librdkafka's statistics"
    ) { bytes in
        KafkaStatistics(client: "fuzz", isGroup: false).publish(json: bytes)
        try checkReadBack(ErrorResponse.self, bytes)
        try checkReadBack(PaymentReply.self, bytes)
        try checkReadBack(MerchantNotification.self, bytes)
        try checkReadBack(RawCallback.self, bytes)
        try checkReadBack(JSONValue.self, bytes)
        guard let value = try? JSONCoding.decode(JSONValue.self, from: bytes) else { return }
        try Finding.unless(depth(of: value) <= JSONCoding.depthMax, "nested too deeply")
    }

    private static func depth(of value: JSONValue) -> Int {
        switch value {
        case .array(let elements): 1 + (elements.map { depth(of: $0) }.max() ?? 0)
        case .object(let members): 1 + (members.values.map { depth(of: $0) }.max() ?? 0)
        default: 0
        }
    }

    /// Whatever is read can be written, and is the same when it is read again.
    @discardableResult
    static func checkReadBack<Value: Codable & Equatable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Bool {
        guard let value = try? JSONCoding.decode(type, from: bytes) else { return false }
        let written = try JSONCoding.encode(value)
        try Finding.unless(
            try JSONCoding.decode(type, from: written) == value, "\(type) is read back as another value")
        return true
    }
}
