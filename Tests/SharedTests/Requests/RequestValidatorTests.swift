import Testing

@testable import Shared

@Suite struct RequestValidatorTests {
    private func issues(_ value: JSONValue?, _ type: FieldType, isRequired: Bool = true) -> [FieldIssue] {
        let field = FieldSchema(name: "field", type: type, isRequired: isRequired, summary: "")
        return RequestValidator.issues(
            of: value.map { ["field": $0] } ?? [:], schema: ObjectSchema(fields: [field]))
    }

    private static func text(_ format: StringFormat) -> FieldType { .string(length: 1...40, format: format) }

    @Test(
        arguments: [
            (text(.text), JSONValue.string("Café\n")), (text(.printableASCII), "a b~"),
            (text(.url), "https://a.example/x?y=z"),
            (text(.url), "HTTP://a"), (text(.url), "shopapp://paid"), (text(.url), "it.shop.app:/paid"),
            (text(.date), "2024-02-29"), (text(.dayMonthYear), "31/12/2026"), (text(.currency), "EUR"),
            (text(.json), "{\"a\":[1]}"), (.amount(zeroAllowed: false), "0.01"), (.amount(zeroAllowed: true), "0.00"),
            (.boolean, .boolean(false)), (.integer(1...3), .integer(3)), (.enumeration(["now", "later"]), "later"),
            (.object(ObjectSchema(fields: [])), .object(["unknown": .integer(1)])),
            (.array(of: .boolean, count: 0...2), .array([.boolean(true), .boolean(false)])), (.token, .object([:])),
            (.token, "{\"version\":\"EC_v1\"}"), (.identifier, .string(String(repeating: "x", count: 128))),
        ] as [(FieldType, JSONValue)])
    func validValuesPass(type: FieldType, value: JSONValue) {
        #expect(issues(value, type) == [])
    }

    @Test(
        arguments: [
            (text(.text), JSONValue.string("a\u{0}SENTINEL")), (text(.text), ""), (text(.text), .integer(1)),
            (text(.text), .string(String(repeating: "SENTINEL", count: 6))), (text(.printableASCII), "SENTINELé"),
            (text(.printableASCII), "SENTINEL\n"), (text(.url), "SENTINEL"), (text(.url), "https://"),
            (text(.url), "https:///SENTINEL"), (text(.url), "javascript:SENTINEL()"), (text(.url), "DATA:SENTINEL"),
            (text(.url), "file:///SENTINEL"), (text(.url), "http://a/SENTINEL\r\nX: y"),
            (text(.url), "http://é.example"),
            (text(.url), "shopapp:"), (text(.url), "/SENTINEL"), (text(.date), "2023-02-29"),
            (text(.date), "29/02/2024"),
            (text(.dayMonthYear), "2024-02-29"), (text(.dayMonthYear), "31/04/2026"), (text(.currency), "eur"),
            (text(.json), "{SENTINEL"), (.amount(zeroAllowed: false), "0.00"),
            (.amount(zeroAllowed: false), "SENTINEL"),
            (.amount(zeroAllowed: false), .integer(5)), (.amount(zeroAllowed: false), .number(5.5)),
            (.amount(zeroAllowed: true), "1.001"), (.amount(zeroAllowed: true), "99999999999"), (.boolean, "true"),
            (.boolean, .integer(1)), (.integer(1...3), .integer(4)), (.integer(1...3), .number(1.5)),
            (.integer(1...3), "1"),
            (.enumeration(["now"]), "SENTINEL"), (.enumeration(["now"]), .boolean(true)),
            (.object(ObjectSchema(fields: [])), "SENTINEL"), (.object(ObjectSchema(fields: [])), .array([])),
            (.array(of: .boolean, count: 1...2), .array([])), (.array(of: .boolean, count: 1...2), .object([:])),
            (.array(of: .boolean, count: 0...2), .array([.boolean(true), .boolean(true), .boolean(true)])),
            (.array(of: .boolean, count: 0...2), .array([.string("SENTINEL")])), (.token, "SENTINEL"),
            (.token, .integer(1)),
            (.identifier, .string(String(repeating: "x", count: 129))),
        ] as [(FieldType, JSONValue)])
    func invalidValuesAreReportedOnceAndNeverShown(type: FieldType, value: JSONValue) {
        let found = issues(value, type)
        #expect(found.count == 1)
        for issue in found {
            #expect(issue.field.hasPrefix("field"))
            #expect(!issue.issue.isEmpty)
            #expect(!(issue.field + issue.issue).contains("SENTINEL"))
        }
    }

    @Test(
        arguments: [
            text(.text), .amount(zeroAllowed: true), .boolean, .integer(0...1), .enumeration(["a"]),
            .object(ObjectSchema(fields: [])), .array(of: .boolean, count: 0...1), .token,
        ] as [FieldType])
    func nullIsTheSameAsAbsent(type: FieldType) {
        #expect(issues(.null, type, isRequired: false) == [])
        #expect(issues(nil, type, isRequired: false) == [])
        #expect(issues(.null, type) == issues(nil, type))
        #expect(issues(nil, type).first?.issue.hasPrefix("is required: ") == true)
    }

    @Test func amountsTellTheirForm() {
        #expect(issues(.integer(5), .amount(zeroAllowed: false)).first?.issue.contains("\"5.00\"") == true)
        #expect(issues("1.001", .amount(zeroAllowed: false)).first?.issue.contains("too many decimals") == true)
        #expect(issues("0", .amount(zeroAllowed: false)).first?.issue == "must be greater than zero")
    }

    @Test func allIssuesAreReportedAtOnceInTheOrderOfTheSchema() {
        let product = ObjectSchema(fields: [
            .required("name", .shortText, ""), .required("quantity", .integer(1...9), ""),
        ])
        let schema = ObjectSchema(
            fields: [
                .required("amount", .amount(zeroAllowed: false), ""), .required("shop", .identifier, ""),
                .optional("products", .array(of: .object(product), count: 1...10), ""),
                .optional("buyer", .object(ObjectSchema(fields: [.required("mail", .shortText, "")])), ""),
            ])
        let body: [String: JSONValue] = [
            "amount": .integer(5), "buyer": .object([:]),
            "products": .array([.object(["name": "a", "quantity": .integer(1)]), .object(["quantity": .integer(0)])]),
        ]
        #expect(
            RequestValidator.issues(of: body, schema: schema).map(\.field) == [
                "amount", "shop", "products[1].name", "products[1].quantity", "buyer.mail",
            ])
    }

    @Test(
        arguments: [
            ([:], 1, 1), (["a": "x"], 0, 0), (["b": "x"], 0, 0), (["a": "x", "b": "x"], 1, 0), (["a": .null], 1, 1),
            (["a": .null, "b": "x"], 0, 0),
        ] as [([String: JSONValue], Int, Int)])
    func rulesOverSeveralFieldsCountWhatIsGiven(body: [String: JSONValue], exactlyOne: Int, atLeastOne: Int) {
        let names = ["a", "b"]
        let fields = names.map { FieldSchema.optional($0, .shortText, "") }
        let exact = ObjectSchema(fields: fields, rules: [.exactlyOne(names)])
        let least = ObjectSchema(fields: fields, rules: [.atLeastOne(names)])
        #expect(RequestValidator.issues(of: body, schema: exact).count == exactlyOne)
        #expect(RequestValidator.issues(of: body, schema: least).count == atLeastOne)
        let nested = ObjectSchema(fields: [.required("inner", .object(exact), "")])
        let found = RequestValidator.issues(of: ["inner": .object(body)], schema: nested)
        #expect(found.allSatisfy { $0.field == "inner" })
        #expect(found.count == exactlyOne)
    }

    @Test func anAnswerNamesABoundedNumberOfIssues() {
        let wrong = JSONValue.array(Array(repeating: .integer(1), count: 1000))
        let found = issues(wrong, .array(of: .boolean, count: 0...1000))
        #expect(found.count == RequestValidator.issuesMax)
        let nested = JSONValue.array(Array(repeating: wrong, count: 1000))
        let both = issues(nested, .array(of: .array(of: .boolean, count: 0...1000), count: 0...1000))
        #expect(both.count == RequestValidator.issuesMax)
    }

    @Test func unknownFieldsAreIgnored() {
        #expect(RequestValidator.issues(of: ["extra": .integer(1)], schema: ObjectSchema(fields: [])) == [])
    }
}
