import Shared
import Testing

@testable import Providers

@Suite struct DescriptionTests {
    private static let all = ProviderRegistry.all.map { $0.description }

    @Test func namesAndAliasesAreUniqueAndFound() {
        let names = Self.all.flatMap { [$0.name.value] + $0.aliases.map(\.value) }
        #expect(Set(names).count == names.count)
        #expect(names.contains("stripe") && names.contains("generic-provider"))
        for name in names {
            #expect(ProviderName(name) != nil)
            #expect(ProviderRegistry.description(named: name) != nil)
        }
        #expect(ProviderRegistry.description(named: "unknown") == nil)
        #expect(ProviderRegistry.description(named: "") == nil)
    }

    @Test func methodNamesAreUniqueAndFound() {
        for description in Self.all {
            let names = description.methods.flatMap { [$0.name] + $0.aliases }
            #expect(!names.isEmpty)
            #expect(Set(names).count == names.count)
            for name in names { #expect(description.method(named: name) != nil) }
            #expect(description.method(named: "unknown") == nil)
            #expect(description.methods.allSatisfy { !$0.paymentType.isEmpty })
        }
    }

    @Test func operationsAreUniqueAndNameExistingMethods() {
        for description in Self.all {
            let operations = description.operations.map(\.operation)
            #expect(Set(operations).count == operations.count)
            let names = Set(description.methods.map(\.name))
            for operation in description.operations {
                #expect(Set(operation.methods ?? []).isSubset(of: names))
                #expect(description.operation(operation.operation) == operation)
            }
        }
    }

    @Test func everyBodyHasTheFieldsOfItsReferenceRule() {
        for description in Self.all {
            for operation in description.operations {
                guard let body = operation.body else { continue }
                let required = Set(body.fields.filter(\.isRequired).map(\.name))
                let fields = Set(body.fields.map(\.name))
                switch operation.reference {
                case .shopTransactionID: #expect(required.contains("shopTransactionID"))
                case .shopTransactionIDOrCommandID:
                    #expect(fields.contains("shopTransactionID") && !required.contains("shopTransactionID"))
                case .paymentID: #expect(required.contains("paymentID"))
                case .either:
                    #expect(fields.isSuperset(of: ["shopTransactionID", "paymentID"]))
                    #expect(body.rules.contains(.atLeastOne(["shopTransactionID", "paymentID"])))
                case .none: #expect(!fields.contains("paymentID") && !fields.contains("shopTransactionID"))
                case .callback: Issue.record("a callback has no body of its own")
                }
            }
        }
    }

    @Test func fieldsAreUniqueExplainedAndKnownToTheRules() {
        for schema in Self.all.flatMap(\.operations).compactMap(\.body) {
            let names = schema.fields.map(\.name)
            #expect(Set(names).count == names.count)
            #expect(schema.fields.allSatisfy { !$0.summary.isEmpty })
            for rule in schema.rules {
                switch rule {
                case .exactlyOne(let list), .atLeastOne(let list): #expect(Set(list).isSubset(of: names))
                case .required(let name, let other), .onlyWhen(let name, let other, _):
                    #expect(Set([name, other]).isSubset(of: names))
                case .notOver(let name): #expect(names.contains(name))
                case .same(_, let array, _, _): #expect(names.contains(array))
                }
            }
        }
    }

    @Test func whatReadsHasNoEffectAndWhatMovesMoneyHas() {
        for operation in Self.all.flatMap(\.operations) {
            let isReading = [Shared.Operation.callback, .check, .status, .sessionCheck].contains(operation.operation)
            #expect((operation.effect == .none) == isReading)
            #expect((operation.reference == .callback) == (operation.operation == .callback))
        }
    }

    @Test func settingsAreUniqueExplainedAndCredentialsAreSecrets() {
        for description in Self.all {
            let names = description.settings.map(\.name)
            #expect(Set(names).count == names.count)
            #expect(names.contains("BASE_URL"))
            for setting in description.settings {
                #expect(!setting.summary.isEmpty)
                let isCredential = setting.name.contains("KEY") || setting.name.contains("SECRET")
                #expect(isCredential == (setting.kind == .secret))
                if setting.kind == .secret { #expect(setting.fallback == nil) }
            }
        }
    }

    @Test func missingSettingsAreAllReportedByTheirFullNames() {
        var reader = SettingsReader(environment: [:])
        for description in Self.all {
            _ = ProviderSettings(description: description, reader: &reader, publicURL: nil)
        }
        let error = #expect(throws: SettingsError.self) { try reader.finish() }
        #expect(
            Set(error?.problems.map(\.name) ?? []) == [
                "STRIPE_PRIVATE_KEY", "STRIPE_WEBHOOK_SECRET", "GENERIC_PROVIDER_BASE_URL", "GENERIC_PROVIDER_API_KEY",
                "GENERIC_PROVIDER_CALLBACK_SECRET",
            ])
    }

    @Test func settingsHaveTheirDefaultsAndNeverShowThemselves() throws {
        var reader = SettingsReader(environment: TestSettings.environment)
        let stripe = ProviderSettings(
            description: StripeProvider.description, reader: &reader, publicURL: "https://gw.example.com")
        try reader.finish()
        #expect(stripe.text("API_VERSION") == "2026-07-29.dahlia")
        #expect(stripe.text("BASE_URL") == "https://stripe.test")
        #expect(stripe.callbackURL == "https://gw.example.com/stripe/callback")
        #expect(stripe.text("UNKNOWN") == "")
        var dumped = ""
        dump(stripe, to: &dumped)
        for credential in TestSettings.credentials {
            #expect(!"\(stripe) \(dumped)".contains(credential))
        }
        var unset = SettingsReader(environment: ["STRIPE_PRIVATE_KEY": "k", "STRIPE_WEBHOOK_SECRET": "s"])
        let defaults = ProviderSettings(description: StripeProvider.description, reader: &unset, publicURL: nil)
        #expect(defaults.text("BASE_URL") == "https://api.stripe.com")
    }
}
