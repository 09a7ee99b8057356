extension HostileTarget {
    /// Bodies that are not what they should be, whole and in time.
    var bodyClasses: [HostileClass] {
        [
            HostileClass("broken JSON", .refusal(400, "INVALID_JSON")) { number in
                request(String(Self.goodBody.dropLast(1 + number % (Self.goodBody.count - 1))))
            },
            HostileClass("deep nesting", .refusal(400, "INVALID_JSON")) { number in
                let depth = 33 + number * 100
                let (open, close) = number % 2 == 0 ? ("[", "]") : (#"{"a":"#, "}")
                return request(
                    String(repeating: open, count: depth) + (number % 2 == 0 ? "" : "1")
                        + String(repeating: close, count: depth))
            },
            HostileClass("no object", .refusal(400, "INVALID_JSON")) { number in
                request(["null", "[]", "\"zq7hostile\"", "0", "true", "", " "][number % 7])
            },
            HostileClass("wrong types", .refusal(400, "INVALID_FIELD")) { number in
                let value = ["5", "5.00", "true", "[]", "{}", "[\"5.00\"]", "null"][number % 7]
                return request(#"{"amount":\#(value),"shopTransactionID":["zq7hostile"],"creditCardToken":{}}"#)
            },
            HostileClass("amounts out of range", .refusal(400, "INVALID_FIELD")) { number in
                let amounts = [
                    "99999999999.00", "-5.00", "1e3", "5.001", "0.00", "NaN", "5,00", "٥", "5.00 ", "0x10", "",
                    String(repeating: "9", count: 10_000),
                ]
                return request(#"{"amount":"\#(amounts[number % amounts.count])","shopTransactionID":"zq7hostile"}"#)
            },
            HostileClass("numbers out of range", .refusal(400, "INVALID_JSON")) { number in
                let numbers = ["1e999", "-1e999", "01", "1.", ".5", "+1", "1e", "--1", "0x1", "NaN", "Infinity"]
                return request(#"{"amount":"5.00","x":\#(numbers[number % numbers.count])}"#)
            },
            // Of repeated names the first counts, always: nothing behind it can replace what was checked.
            HostileClass("repeated fields", .refusal(400, "INVALID_FIELD")) { number in
                let repeated = Array(repeating: #","amount":"5.00","\u0061mount":"5.00""#, count: 1 + number)
                return request(#"{"amount":"zq7hostile","shopTransactionID":"x"\#(repeated.joined())}"#)
            },
            HostileClass("bytes that are not UTF-8", .refusal(400, "INVALID_JSON")) { number in
                let sequences: [[UInt8]] = [
                    [0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0x80],
                ]
                let body = Array(#"{"shopTransactionID":""#.utf8) + sequences[number % sequences.count]
                return [.send(request(body + Array(#"","amount":"5.00"}"#.utf8)))]
            },
            HostileClass("lone surrogates", .refusal(400, "INVALID_JSON")) { number in
                let escapes = [#"\ud800"#, #"\udc00"#, #"\ud800\ud800"#, #"\ud83dx"#, #"\u12"#, #"\x41"#]
                return request(#"{"amount":"5.00","shopTransactionID":"\#(escapes[number % escapes.count])"}"#)
            },
            HostileClass("control characters", .refusal(400, "INVALID_FIELD")) { number in
                let escapes = [#"\u0000"#, #"\u001f"#, #"\u007f"#, #"\u202e"#, #"é"#, #"\r\nX: y"#]
                return request(#"{"amount":"5.00","shopTransactionID":"zq7\#(escapes[number % escapes.count])"}"#)
            },
            HostileClass("many fields", .refusal(400, "INVALID_FIELD")) { number in
                let fields = (0..<4000).map { #""zq7hostile\#($0)":\#(number)"# }
                return request("{" + fields.joined(separator: ",") + "}")
            },
            HostileClass("many invalid elements", .refusal(400, "INVALID_FIELD")) { number in
                let body = #"{"successRedirect":"x","failureRedirect":"javascript:1","products":["#
                let products = Array(repeating: #"{"quantity":-\#(number)}"#, count: 100).joined(separator: ",")
                let path = "/stripe/stripe/pay"
                return String(decoding: request(Array((body + products + "]}").utf8), path: path), as: UTF8.self)
            },
            HostileClass("wrong content type", .refusal(415, "UNSUPPORTED_MEDIA_TYPE", closes: true)) { number in
                let types = ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "", "json", "*/*"]
                return request(Self.goodBody, type: types[number % types.count])
            },
        ]
    }
}
