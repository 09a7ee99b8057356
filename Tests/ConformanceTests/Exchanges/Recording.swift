import Shared

/// Requests and answers of one call as the provider documents them, read by both sides that must agree with them.
struct Recording: Decodable, Sendable {
    /// The file's name.
    var name = ""
    /// What it shows.
    var summary: String
    /// The gateway's operation.
    var operation: String
    /// The method in its path.
    var method: String?
    /// The body that the merchant sends.
    var body: JSONValue?
    /// The query, of operations that have no body.
    var query: [String: String]?
    /// What the names in the requests and answers stand for when the client is run.
    var variables: [String: String]?
    /// What must have happened at the simulator before the first request.
    var prepare: [Step]?
    /// In order.
    var exchanges: [RecordedExchange]
    /// Members of the reply.
    var expect: [String: JSONValue]?
    /// Code of the failure, instead of a reply.
    var failure: String?

    private enum CodingKeys: String, CodingKey {
        case summary, operation, method, body, query, variables, prepare, exchanges, expect, failure
    }
}

/// One request and its answer.
struct RecordedExchange: Decodable, Sendable {
    struct Request: Decodable, Sendable {
        var method: String
        /// The path and query behind the base URL.
        var path: String
        /// The headers that matter.
        var headers: [String: String]
        /// All fields of a form.
        var form: [String: String]?
        /// The whole body, where it is JSON.
        var json: JSONValue?
    }

    struct Response: Decodable, Sendable {
        var status: Int
        /// The fields that are documented.
        var json: JSONValue
    }

    var request: Request
    var response: Response
    /// Names that later requests to the simulator use, and where its answer has their values.
    var bind: [String: String]?
}

/// Compares shapes: members and types, not values.
enum JSONShape {
    /// Where what was found lacks a documented member or has another type; empty when it has the shape.
    static func differences(of found: JSONValue?, from documented: JSONValue, at path: String = "") -> [String] {
        switch (documented, found) {
        case (.null, _): []
        case (.object(let members), .object(let others)):
            members.sorted { $0.key < $1.key }.flatMap { name, member in
                differences(of: others[name], from: member, at: path + "." + name)
            }
        case (.array(let elements), .array(let others)):
            elements.first.map { differences(of: others.first, from: $0, at: path + "[0]") } ?? []
        case (.string, .string), (.boolean, .boolean), (.integer, .integer), (.number, .number): []
        default: ["\(path) should be like \(documented), but is \(found.map { "\($0)" } ?? "absent")"]
        }
    }

    /// The text or number at a path such as `payment_intent.id` or `data.0.id`.
    static func text(at path: String, in value: JSONValue) -> String? {
        let found = path.split(separator: ".").reduce(Optional(value)) { value, part in
            if let index = Int(part), let elements = value?.arrayValue {
                return elements.indices.contains(index) ? elements[index] : nil
            }
            return value?[String(part)]
        }
        return found?.stringValue ?? found?.integerValue.map(String.init)
    }
}
