import Providers
import Shared

/// The providers that are enabled here, and the rules by which a path names one.
struct EnabledProviders: Sendable {
    /// A provider's operation that a path names, with the method where the path has one.
    struct Resolved: Sendable {
        let provider: any PaymentProvider
        let description: ProviderDescription
        let operation: OperationDescription
        let method: PaymentMethodDescription?
    }

    private let byName: [ProviderName: any PaymentProvider]

    init(_ providers: [any PaymentProvider]) {
        var byName: [ProviderName: any PaymentProvider] = [:]
        for provider in providers { byName[type(of: provider).description.name] = provider }
        self.byName = byName
    }

    /// Methods of the enabled providers, sorted, each once.
    var methodNames: [String] {
        Set(byName.values.flatMap { type(of: $0).description.methods.map(\.name) }).sorted()
    }

    /// Finds what a path names, or says what of it is unknown, not enabled or not supported.
    func resolve(_ match: RouteMatch, _ operation: Operation) throws(RequestFailure) -> Resolved {
        let name = match.provider ?? ""
        guard let description = ProviderRegistry.description(named: name) else {
            let known = ProviderRegistry.all.map { $0.description.name.value }.sorted().joined(separator: ", ")
            throw RequestFailure(.unknownProvider, "there is no such provider; there are \(known)")
        }
        guard let provider = byName[description.name] else {
            throw RequestFailure(.providerNotEnabled, "the provider \(description.name) is not enabled here")
        }
        guard let supported = description.operation(operation) else {
            throw RequestFailure(.operationNotSupported, notSupported(operation, by: description))
        }
        guard let methodName = match.paymentMethod else {
            return Resolved(provider: provider, description: description, operation: supported, method: nil)
        }
        guard let method = description.method(named: methodName) else {
            let known = description.methods.map(\.name).joined(separator: ", ")
            throw RequestFailure(.unknownPaymentMethod, "\(description.name) has these payment methods: \(known)")
        }
        guard supported.supports(method: method.name) else {
            let methods = (supported.methods ?? []).joined(separator: ", ")
            let text = "\(operation.rawValue) is supported by \(description.name) for: \(methods)"
            throw RequestFailure(.operationNotSupported, text)
        }
        return Resolved(provider: provider, description: description, operation: supported, method: method)
    }

    private func notSupported(_ operation: Operation, by description: ProviderDescription) -> String {
        let others = ProviderRegistry.all.map { $0.description }.filter { $0.operation(operation) != nil }
            .map(\.name.value).sorted()
        let text = "\(operation.rawValue) is not supported by \(description.name)"
        return others.isEmpty ? text : text + "; it is by " + others.joined(separator: ", ")
    }
}
