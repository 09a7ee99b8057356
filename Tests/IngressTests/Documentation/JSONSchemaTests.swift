import Foundation
import Shared
import Testing

@testable import Ingress

/// Each field type in the words of JSON Schema.
@Suite
struct JSONSchemaTests {
    @Test func anAmountIsAStringWhosePatternsTakeWhatTheValidatorTakes() throws {
        let texts = [
            "5.00", "2", "0.05", "0.5", "0", "0.00", "00.10", "1234567890.99", "12345678901", "5.", ".5", "5.001", "-1",
            "1e3", "", "0.0", "10", "0010",
        ]
        for isZeroAllowed in [true, false] {
            let type = FieldType.amount(zeroAllowed: isZeroAllowed)
            let schema = JSONSchema.type(type)
            let patterns = [schema["pattern"]] + (schema["allOf"]?.arrayValue ?? []).map { $0["pattern"] }
            for text in texts {
                let isMatched = try patterns.compactMap { $0?.stringValue }.allSatisfy { pattern in
                    text.contains(try Regex(pattern))
                }
                let object = ObjectSchema(fields: [.required("a", type, "")])
                let isValid = RequestValidator.issues(of: ["a": .string(text)], schema: object).isEmpty
                #expect(isMatched == isValid, "\(text) with zero \(isZeroAllowed)")
            }
        }
    }

    @Test func onlyOptionalFieldsMayBeNull() {
        let required = JSONSchema.field(.required("f", .enumeration(["a"]), "s"))
        #expect(required == ["type": "string", "enum": ["a"], "description": "s"])
        let optional = JSONSchema.field(.optional("f", .enumeration(["a"]), "s"))
        #expect(optional == ["type": ["string", "null"], "enum": ["a", .null], "description": "s"])
    }

    @Test func rulesCountNullAsAbsent() {
        let given: JSONValue = ["required": ["a"], "properties": ["a": ["not": ["type": "null"]]]]
        let schema = ObjectSchema(fields: [.optional("a", .boolean, "")], rules: [.exactlyOne(["a"])])
        #expect(JSONSchema.object(schema)["allOf"]?.arrayValue?.first?["oneOf"] == [given])
        let loose = ObjectSchema(fields: [.optional("a", .boolean, "")], rules: [.atLeastOne(["a"])])
        #expect(JSONSchema.object(loose)["allOf"]?.arrayValue?.first?["anyOf"] == [given])
    }

    @Test func rulesOverFieldsTakeWhatTheValidatorTakes() throws {
        let schema = ObjectSchema(
            fields: [
                .optional("type", .enumeration(["now", "day"]), ""), .optional("day", .boolean, ""),
                .optional("unit", .boolean, ""),
            ],
            rules: [.onlyWhen("day", other: "type", equals: "day"), .required("unit", with: "type")])
        let document = JSONSchema.object(schema)
        let values: [[JSONValue?]] = [["now", "day", nil, .null], [true, nil, .null], [true, nil, .null]]
        for type in values[0] {
            for day in values[1] {
                for unit in values[2] {
                    let all = ["type": type, "day": day, "unit": unit]
                    let object = all.compactMapValues { $0 }
                    let isValid = RequestValidator.issues(of: object, schema: schema).isEmpty
                    #expect(SchemaChecker.accepts(.object(object), document) == isValid, "\(object)")
                }
            }
        }
    }

    @Test func aShapeIsToldByItsKey() throws {
        let type = FieldType.variants([
            ObjectVariant(key: "a", [.required("a", .boolean, ""), .required("n", .boolean, "")]),
            ObjectVariant(key: "b", [.required("b", .boolean, "")]),
        ])
        let schema = ObjectSchema(fields: [.required("v", type, "")])
        let document = JSONSchema.object(schema)
        let bodies: [JSONValue] = [
            ["a": true, "n": true], ["a": true], ["b": true], ["a": true, "b": true], [:], ["a": .null, "b": true],
            ["a": true, "n": true, "b": true], "text",
        ]
        for body in bodies {
            let isValid = RequestValidator.issues(of: ["v": body], schema: schema).isEmpty
            #expect(SchemaChecker.accepts(["v": body], document) == isValid, "\(body)")
        }
    }

    @Test func aMadeExampleIsValidForEveryType() {
        let types: [FieldType] = [
            .identifier, .url, .opaqueToken, .shortText, .amount(zeroAllowed: false), .boolean, .integer(3...9),
            .enumeration(["a", "b"]), .token, .string(length: 10...10, format: .date),
            .string(length: 10...10, format: .dayMonthYear), .string(length: 3...3, format: .currency),
            .string(length: 2...9, format: .json), .string(length: 2...3, format: .text),
            .string(length: 20...30, format: .text),
        ]
        let nested = types + [.array(of: .identifier, count: 2...3)]
        let inner = ObjectSchema(
            fields: nested.enumerated().map { .required("f\($0)", $1, "") }
                + [.required("v", .variants([ObjectVariant(key: "k", [.required("k", .boolean, "")])]), "")]
                + [.optional("x", .boolean, ""), .optional("y", .boolean, "")], rules: [.exactlyOne(["x", "y"])])
        let schema = ObjectSchema(fields: [.required("inner", .object(inner), "")])
        #expect(RequestValidator.issues(of: ExampleMaker.object(schema), schema: schema) == [])
    }
}
