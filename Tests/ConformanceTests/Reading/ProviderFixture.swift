import Foundation
import Shared

/// What a provider's folder of fixtures tells about it: `provider.json`.
///
/// Every text may hold `{{names}}`; DESIGN.md lists those that are always bound.
struct ProviderFixture: Decodable, Sendable {
    /// The provider's settings by their names behind the prefix.
    var settings: [String: String]
    /// Settings of the simulator.
    var simulator: [String: String]?
    /// Steps that several examples begin with.
    var sequences: [String: [Step]]?
    /// One entry for each operation of the description, by its raw value.
    var operations: [String: OperationFixture]
}

/// Examples of one operation.
struct OperationFixture: Decodable, Sendable {
    /// Smallest and largest amount that the provider takes, where they are narrower than the product's.
    struct Limits: Decodable, Sendable {
        var smallest: String?
        var largest: String?
    }

    /// Calls that succeed; together they cover every method that has the operation.
    var examples: [Example]
    /// A call that the provider refuses, or a payment that failed.
    var declined: Example
    /// Amounts of the provider's own.
    var limits: Limits?
    /// Of the requests to the provider the one with the effect, counted from 0; the last one when absent.
    var effectRequest: Int?
    /// Of a callback: a payment that leads to several.
    var reordered: Example?
}

/// One call: what comes before it, its body, and what it must lead to.
struct Example: Decodable, Sendable {
    /// Distinguishes it in messages.
    var name: String?
    /// The methods it is made with; all of the operation's when absent.
    var methods: [String]?
    /// What comes before.
    var prepare: [Step]?
    /// The body, of operations that have one.
    var body: JSONValue?
    /// The query, of operations that have no body.
    var query: [String: String]?
    /// Callbacks that the preparation leads to, 1 when absent; the last one is the example's.
    var callbacks: Int?
    /// Members of the reply, or the state as `status`.
    var expect: [String: JSONValue]
    /// The answer that the provider's request with the effect gets instead of the simulator's.
    var refusal: Refusal?

    /// A documented answer.
    struct Refusal: Decodable, Sendable {
        var status: Int
        var body: JSONValue
    }
}

/// One thing that happens before an example.
enum Step: Decodable, Sendable {
    /// All steps of a sequence.
    case sequence(String)
    /// A call of an operation, whose reply's texts are bound by their names.
    case operation(String, method: String?, body: JSONValue)
    /// A request by the buyer's browser or the operator of the simulator, whose reply's texts are bound too.
    case request(method: String, url: String)

    private enum CodingKeys: String, CodingKey {
        case operation, method, body, post, get
    }

    init(from decoder: any Decoder) throws {
        if let name = try? decoder.singleValueContainer().decode(String.self) {
            self = .sequence(name)
            return
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let url = try container.decodeIfPresent(String.self, forKey: .post) {
            self = .request(method: "POST", url: url)
        } else if let url = try container.decodeIfPresent(String.self, forKey: .get) {
            self = .request(method: "GET", url: url)
        } else {
            self = .operation(
                try container.decode(String.self, forKey: .operation),
                method: try container.decodeIfPresent(String.self, forKey: .method),
                body: try container.decode(JSONValue.self, forKey: .body))
        }
    }
}
