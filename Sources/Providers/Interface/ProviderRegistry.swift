import Shared

/// The one list of providers; adding one is a folder and a line here.
public enum ProviderRegistry {
    /// Every provider of the product.
    public static let all: [any PaymentProvider.Type] = [
        GenericProvider.self,
        StripeProvider.self,
    ]

    /// The provider that a path names, by its name or an alias.
    public static func description(named name: String) -> ProviderDescription? {
        all.lazy.map { $0.description }.first { description in
            description.name.value == name || description.aliases.contains { $0.value == name }
        }
    }
}
