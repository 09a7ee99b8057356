import Foundation

extension HostileTarget {
    /// Whoever is not who it says it is.
    var forgeryClasses: [HostileClass] {
        let event = #"{"eventId":"zq7hostile","paymentId":"p","reference":"r","status":"PAID"}"#
        let rejected = HostileClass.Expectation.refusal(401, "INVALID_SIGNATURE")
        return [
            HostileClass("missing key", .refusal(401, "UNAUTHORIZED")) { number in
                let field = ["", "Authorization: \r\n", "Authorization: Basic enE3\r\n", "X-Api-Key: \(apiKey)\r\n"][
                    number % 4]
                return "GET /generic-provider/status?paymentId=1 HTTP/1.1\r\nHost: a\r\n\(field)\r\n"
            },
            HostileClass("forged key", .refusal(401, "UNAUTHORIZED")) { number in
                let keys = [
                    "zq7hostile", String(apiKey.dropLast()), apiKey + "x", apiKey.uppercased(), " " + apiKey,
                    String(repeating: "k", count: 8000), apiKey + "," + apiKey,
                ]
                let key = keys[number % keys.count]
                return "GET /payment-methods HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(key)\r\n\r\n"
            },
            HostileClass("forged signature", rejected) { callback(event, secret: "zq7hostile\($0)") },
            HostileClass("replayed signature", rejected) { number in
                // Before and after what is tolerated: 300 seconds.
                callback(event, age: number % 2 == 0 ? 330 + Int64(number) : -330 - Int64(number))
            },
            HostileClass("signature of another body", rejected) { number in
                callback(event, signing: event.replacingOccurrences(of: "PAID", with: "DECLINED \(number)"))
            },
            HostileClass("ill-formed signature", rejected) { number in
                let values = [
                    "", "t=1", "v1=00", "t=x,v1=zz", "t=99999999999999999999,v1=00", "t=-9223372036854775808,v1=00",
                    "=,=,=",
                    String(repeating: "v1=00,", count: 1000),
                ]
                return "POST /generic-provider/callback HTTP/1.1\r\nHost: a\r\n"
                    + "X-Generic-Signature: \(values[number % values.count])\r\nContent-Length: 2\r\n\r\n{}"
            },
            HostileClass("signed and unreadable", .refusal(400, "INVALID_FIELD")) { number in
                callback(["{}", "[]", "", "zq7hostile", #"{"eventId":1}"#][number % 5])
            },
        ]
    }

    /// Connections that are used otherwise than one request, one answer.
    var connectionClasses: [HostileClass] {
        let good = get("/payment-methods")
        return [
            HostileClass("huge body", .refusal(413, "BODY_TOO_LARGE", closes: true)) { number in
                [.send(request(Array(repeating: 0x20, count: 262_145 + number)))]
            },
            HostileClass("huge body in chunks", .refusal(413, "BODY_TOO_LARGE", closes: true)) { _ in
                let chunk = Array("8000\r\n".utf8) + Array(repeating: 0x20, count: 0x8000) + Array("\r\n".utf8)
                let start = Array((head() + "Transfer-Encoding: chunked\r\n\r\n").utf8)
                return [.send(start)] + Array(repeating: .send(chunk), count: 9) + [.send(Array("0\r\n\r\n".utf8))]
            },
            HostileClass("huge body that is only announced", .refusal(413, "BODY_TOO_LARGE", closes: true)) { number in
                head() + "Expect: 100-continue\r\nContent-Length: \(262_145 + number * 1_000_000_000)\r\n\r\n"
            },
            HostileClass("garbage behind a request", .refusal(400, "INVALID_PARAMETER", closes: true).after(1)) {
                number in
                good + ["\u{1}\u{2}\u{3}", "zq7hostile\r\n\r\n", "GET / HTTP/1.1\r\nA b: c\r\n\r\n"][number % 3]
            },
            HostileClass("pipelined refusals", .refusal(404, "UNKNOWN_ROUTE").after(2)) { _ in
                good + good + get("/zq7hostile")
            },
            HostileClass("body cut off", .silence) { number in
                let whole = request(Array(Self.goodBody.utf8))
                return [.send(Array(whole.dropLast(1 + number % (Self.goodBody.utf8.count - 1)))), .abort]
            },
            HostileClass("head cut off", .silence) { number in
                let whole = Array(good.utf8)
                return [.send(Array(whole.dropLast(1 + number % (whole.count - 1)))), .abort]
            },
            HostileClass("end of sending before the end", .refusal(400, "INVALID_PARAMETER", closes: true)) { number in
                let whole = request(Array(Self.goodBody.utf8))
                return [.send(Array(whole.dropLast(1 + number % (Self.goodBody.utf8.count - 1)))), .endSending]
            },
        ]
    }

    /// Requests that never come to an end; each takes the server's whole patience.
    var slowClasses: [HostileClass] {
        let timeout = HostileClass.Expectation.refusal(408, "REQUEST_TIMEOUT", closes: true)
        let pause = readTimeout / 10
        return [
            HostileClass("idle connections", timeout, isSlow: true) { _ in [] },
            HostileClass("slow head", timeout, isSlow: true) { _ in [.drip(Array(head().utf8), every: pause)] },
            HostileClass("dripping body", timeout, isSlow: true) { _ in
                let start = Array((head() + "Content-Length: 1000\r\n\r\n").utf8)
                return [.send(start), .drip(Array(Self.goodBody.utf8), every: pause)]
            },
            HostileClass("dripping chunks", timeout, isSlow: true) { _ in
                let start = Array((head() + "Transfer-Encoding: chunked\r\n\r\n").utf8)
                return [.send(start), .drip(Array(String(repeating: "1\r\n \r\n", count: 20).utf8), every: pause)]
            },
            HostileClass("slow second head", timeout.after(1), isSlow: true) { _ in
                [.send(Array(get("/payment-methods").utf8)), .drip(Array(head().utf8), every: pause)]
            },
            HostileClass("body that is expected for ever", timeout, isSlow: true) { _ in
                [.send(Array((head() + "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n").utf8))]
            },
        ]
    }

    /// Every class.
    var classes: [HostileClass] { bodyClasses + headClasses + forgeryClasses + connectionClasses + slowClasses }
}
