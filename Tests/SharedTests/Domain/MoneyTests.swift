import Shared
import Testing

@Suite struct MoneyTests {
    @Test(arguments: [
        ("5.00", "EUR", 500), ("2", "EUR", 200), ("0.5", "EUR", 50), ("0.05", "EUR", 5), ("0", "EUR", 0),
        ("007.10", "EUR", 710), ("9999999999.99", "EUR", 999_999_999_999), ("12", "JPY", 12),
        ("9999999999", "JPY", 9_999_999_999), ("1.234", "KWD", 1234), ("1.2", "KWD", 1200), ("3", "KWD", 3000),
        ("9999999999.999", "KWD", 9_999_999_999_999),
    ])
    func aDecimalStringBecomesMinorUnits(text: String, code: String, minorUnits: Int64) throws {
        let currency = try #require(Currency(code: code))
        #expect(try Money.parse(text, currency: currency) == Money(minorUnits: minorUnits, currency: currency))
    }

    @Test(arguments: [
        "", " ", "5,00", "+5", "-5", "5.", ".5", ".", "..", "5.0.0", "1e3", "0x10", "5 ", " 5", "5\n", "5.0a", "NaN",
        "inf", "٥", "５", "1_000", "1'000", "5\u{0}", "−5",
    ])
    func whatIsNoDecimalIsRefused(text: String) {
        #expect(throws: MoneyFormatError.notADecimal) { try Money.parse(text) }
    }

    @Test(arguments: [("5.001", "EUR"), ("5.000", "EUR"), ("1.0", "JPY"), ("1.2345", "KWD")])
    func decimalsThatTheCurrencyDoesNotHaveAreRefused(text: String, code: String) throws {
        let currency = try #require(Currency(code: code))
        #expect(throws: MoneyFormatError.tooManyDecimals) { try Money.parse(text, currency: currency) }
    }

    @Test(arguments: ["10000000000", "00000000001", "99999999999999999999999999999999", "10000000000.00"])
    func moreThanTenDigitsAreRefused(text: String) {
        #expect(throws: MoneyFormatError.tooLarge) { try Money.parse(text) }
    }

    @Test(arguments: [
        (0, "EUR", "0.00"), (5, "EUR", "0.05"), (50, "EUR", "0.50"), (500, "EUR", "5.00"), (12, "JPY", "12"),
        (0, "JPY", "0"), (1, "KWD", "0.001"), (1234, "KWD", "1.234"), (-5, "EUR", "-0.05"), (-12, "JPY", "-12"),
        (Int64.min, "EUR", "-92233720368547758.08"), (Int64.max, "EUR", "92233720368547758.07"),
    ])
    func theDecimalStringHasAllDecimalsOfTheCurrency(minorUnits: Int64, code: String, text: String) throws {
        let currency = try #require(Currency(code: code))
        #expect(Money(minorUnits: minorUnits, currency: currency).decimalString == text)
    }

    @Test(arguments: ["EUR", "JPY", "KWD"])
    func everyAmountSurvivesBeingWrittenAndRead(code: String) throws {
        let currency = try #require(Currency(code: code))
        for minorUnits in Array(0...1100) + [99_999, 100_000, 9_999_999_999] as [Int64] {
            let money = Money(minorUnits: minorUnits, currency: currency)
            #expect(try Money.parse(money.decimalString, currency: currency) == money)
            #expect(try JSONCoding.decode(Money.self, from: try JSONCoding.encode(money)) == money)
        }
    }

    @Test(arguments: [
        ("EUR", 2), ("USD", 2), ("ISK", 0), ("JPY", 0), ("KRW", 0), ("VND", 0), ("XAF", 0), ("BHD", 3), ("TND", 3),
    ])
    func currenciesKnowTheirMinorUnit(code: String, digits: Int) {
        #expect(Currency(code: code)?.minorUnitDigits == digits)
    }

    @Test(arguments: ["", "EU", "EURO", "eur", "Eur", "E1R", "ÉUR", "€", "EU\u{0}", "EU "])
    func anythingButThreeCapitalsIsNoCurrency(code: String) throws {
        #expect(Currency(code: code) == nil)
        let bytes = try JSONCoding.encode(code)
        #expect(throws: JSONError.self) { try JSONCoding.decode(Currency.self, from: bytes) }
    }
}
