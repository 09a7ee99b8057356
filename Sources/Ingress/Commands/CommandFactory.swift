import Providers
import Shared

/// Turns a request into a command, or says everything that is wrong with it.
struct CommandFactory: Sendable {
    let description: ProviderDescription
    let operation: OperationDescription

    /// The command of a request with a JSON body.
    func command(
        body bytes: [UInt8], id: CommandID, from identity: RequestIdentity, method: PaymentMethodDescription?,
        now: Int64
    ) throws(ErrorResponse) -> Command {
        let object = try Self.object(bytes)
        let schema = operation.body ?? ObjectSchema(fields: [])
        let issues = RequestValidator.issues(of: object, schema: schema, nowSeconds: now / 1000)
        guard issues.isEmpty else { throw ErrorResponse.invalidFields(issues) }
        var reference = PaymentReference(
            shopTransactionID: object["shopTransactionID"]?.stringValue, paymentID: object["paymentID"]?.stringValue)
        if operation.reference == .shopTransactionIDOrCommandID, reference.shopTransactionID == nil {
            reference.shopTransactionID = identity.shopTransactionID(command: id, provider: description.name)
        }
        let known = Set(schema.fields.map(\.name))
        var command = Command(
            id: id, provider: description.name, operation: operation.operation, paymentMethod: method?.name,
            reference: reference, amount: Self.amount(object, schema), acceptedAtMilliseconds: now,
            payload: CommandPayload(body: object.filter { known.contains($0.key) && $0.value != .null }))
        command.claim = IdempotencyClaim(
            caller: identity.caller, provider: command.provider, operation: command.operation, reference: reference,
            key: identity.key)
        return command
    }

    /// The command of `check` or `status`.
    func command(
        query: [RawCallback.Parameter], id: CommandID, now: Int64
    ) throws(ErrorResponse) -> Command {
        var issues: [FieldIssue] = []
        let reference = PaymentReference(
            shopTransactionID: Self.identifier("shopTransactionId", "shopTransactionID", query, &issues),
            paymentID: Self.identifier("paymentId", "paymentID", query, &issues))
        if issues.isEmpty { issues = missing(in: reference) }
        guard issues.isEmpty else { throw ErrorResponse.invalidFields(issues, code: .invalidParameter) }
        return Command(
            id: id, provider: description.name, operation: operation.operation, reference: reference,
            acceptedAtMilliseconds: now, payload: CommandPayload())
    }

    /// The command of an authentic callback.
    func command(
        callback: RawCallback, reference: PaymentReference, id: CommandID, now: Int64
    ) -> Command {
        Command(
            id: id, provider: description.name, operation: .callback, reference: reference,
            acceptedAtMilliseconds: now, payload: CommandPayload(callback: callback))
    }

    private func missing(in reference: PaymentReference) -> [FieldIssue] {
        let name = description.name.value
        switch operation.reference {
        case .shopTransactionID where reference.shopTransactionID == nil:
            return [FieldIssue(field: "shopTransactionId", issue: "is required: \(name) finds payments by it")]
        case .paymentID where reference.paymentID == nil:
            return [FieldIssue(field: "paymentId", issue: "is required: \(name) finds payments by it")]
        case .either where reference.paymentID == nil && reference.shopTransactionID == nil:
            return [FieldIssue(field: "shopTransactionId, paymentId", issue: "one of the two is required")]
        default: return []
        }
    }

    private static func object(_ bytes: [UInt8]) throws(ErrorResponse) -> [String: JSONValue] {
        let value: JSONValue
        do {
            value = try JSONCoding.decode(JSONValue.self, from: bytes)
        } catch .tooDeep {
            throw ErrorResponse(.invalidJSON, "the body is nested deeper than \(JSONCoding.depthMax) levels")
        } catch {
            throw ErrorResponse(.invalidJSON, "the body is not valid JSON in UTF-8")
        }
        guard case .object(let object) = value else {
            throw ErrorResponse(.invalidJSON, "the body must be a JSON object")
        }
        return object
    }

    /// The amount, in the body's currency where the operation has one; both were validated.
    private static func amount(_ object: [String: JSONValue], _ schema: ObjectSchema) -> Money? {
        guard let text = object["amount"]?.stringValue else { return nil }
        return try? Money.parse(text, currency: schema.currency(of: object) ?? .euro)
    }

    /// A query parameter in either spelling; giving both with different values is an error.
    private static func identifier(
        _ name: String, _ alternative: String, _ query: [RawCallback.Parameter], _ issues: inout [FieldIssue]
    ) -> String? {
        let values = Set(query.filter { $0.name == name || $0.name == alternative }.map(\.value)).subtracting([""])
        guard let value = values.first else { return nil }
        if values.count > 1 {
            issues.append(FieldIssue(field: name, issue: "is given more than once with different values"))
        } else if !PaymentReference.isWellFormed(value) {
            issues.append(FieldIssue(field: name, issue: "must have 1 to 128 printable ASCII characters"))
        }
        return value
    }
}
