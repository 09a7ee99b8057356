import Shared

@testable import Providers
@testable import Shared
@testable import Worker

extension FuzzTarget {
    /// The small parsers, all with the same text.
    static let texts = FuzzTarget(
        "texts",
        covers:
            "Money, CommandID, CalendarDay, Currency, ProviderName, PaymentReference, ReplyAddress, URLText, times, "
            + "SignatureHeader, PercentEncoding, Retry-After"
    ) { bytes in
        let text = Fixture.text(bytes)
        for currency in ["EUR", "JPY", "KWD"].compactMap({ Currency(code: $0) }) {
            guard let money = try? Money.parse(text, currency: currency) else { continue }
            let again = try Money.parse(money.decimalString, currency: currency)
            try Finding.unless(again == money && money.minorUnits >= 0, "an amount is not read back")
        }
        if let id = CommandID(text) { try Finding.unless(id.value == text, "another command id") }
        if let day = CalendarDay(yearMonthDay: text) {
            try Finding.unless(
                (1...9999).contains(day.year) && (1...12).contains(day.month) && (1...31).contains(day.day),
                "a day that does not exist")
        }
        _ = CalendarDay(dayMonthYear: text)
        _ = Currency(code: text)?.minorUnitDigits
        _ = ProviderName(text)?.settingPrefix
        _ = PaymentReference.isWellFormed(text)
        if let address = ReplyAddress(text) {
            try Finding.unless(ReplyAddress(address.text) == address, "a reply address is not read back")
        }
        _ = URLText.isAbsolute(text)
        if let number = Int64(text) {
            try Finding.unless(
                WallClock.rfc3339(unixMilliseconds: number).utf8.count == 24, "a time has another form than RFC 3339")
        }
        if let header = SignatureHeader(text) {
            let isVerified = header.verifies(
                bytes, key: Fixture.secret, nowSeconds: Fixture.nowMilliseconds / 1000, toleranceSeconds: 300)
            try Finding.unless(!isVerified, "a signature without the key is good")
        }
        let encoded = PercentEncoding.encode(text)
        try Finding.unless(encoded.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "not percent-encoded")
        let response = OutgoingResponse(statusCode: 429, headers: ["retry-after": text])
        if let asked = ProviderHTTP.retryAfter(response) {
            try Finding.unless((.zero ... .seconds(3600)).contains(asked), "a wait that nobody should keep")
        }
    }

    /// Settings as lines `NAME=value`.
    static let settings = FuzzTarget(
        "settings", covers: "SettingsReader, provider settings, SealingKeyRing.parse, WebhookSigner"
    ) { bytes in
        var environment: [String: String] = [:]
        for line in Fixture.text(bytes).split(separator: "\n").prefix(64) {
            let pieces = line.split(separator: "=", maxSplits: 1).map(String.init)
            if pieces.count == 2 { environment[pieces[0]] = pieces[1] }
        }
        var reader = SettingsReader(environment: environment)
        for provider in ProviderRegistry.all {
            let publicURL = reader.url("PGM_PUBLIC_URL", default: "http://gateway.invalid")
            _ = ProviderSettings(description: provider.description, reader: &reader, publicURL: publicURL)
        }
        let port = reader.integer("HTTP_PORT", default: 8080, in: 0...65_535)
        try Finding.unless((0...65_535).contains(port), "a port out of range")
        _ = reader.seconds("NOTIFY_TIMEOUT_SECONDS", default: 10, in: 1...60)
        _ = reader.boolean("KAFKA_EMBEDDED", default: false)
        _ = reader.choice("LOG_LEVEL", default: "info", of: ["info", "debug"])
        _ = reader.list("ENABLED_PROVIDERS")
        _ = reader.variables(withPrefix: "KAFKA_CONFIG_")
        if let text = environment["PGM_ENCRYPTION_KEYS"], let ring = SealingKeyRing.parse(text) {
            let opened = try ring.open(try ring.seal(bytes, context: "fuzz"), context: "fuzz")
            try Finding.unless(opened == bytes, "a ring that was accepted does not open what it sealed")
        }
        if let secrets = environment["PAYMENT_CALLBACK_SECRETS"] {
            let signer = WebhookSigner(secrets: secrets.split(separator: ",").map { Secret(String($0)) })
            _ = signer?.signature(id: "id", timestampSeconds: 1, body: bytes)
        }
        do throws(SettingsError) {
            try reader.finish()
        } catch {
            try Finding.unless(!error.problems.isEmpty, "settings are refused without a problem")
            try Finding.unless(error.problems.allSatisfy { !$0.name.isEmpty }, "a problem names no setting")
        }
    }
}
