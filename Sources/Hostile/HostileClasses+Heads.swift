extension HostileTarget {
    private static func malformed(_ code: String = "INVALID_PARAMETER") -> HostileClass.Expectation {
        .refusal(400, code, closes: true)
    }

    /// Request lines and headers that are not what they should be.
    var headClasses: [HostileClass] {
        [
            HostileClass("bad paths", .refusal(404, "UNKNOWN_ROUTE")) { number in
                let paths = [
                    "/..%2f..%2fetc/passwd", "/../../etc/passwd", "/%00", "/%c0%af/%c0%af", "//", "/generic-provider//",
                    "/zq7hostile", "/generic-provider/credit-cards/pay/", "/%2fgeneric-provider/pay/x/y", "/-/healthz/",
                ]
                return get(paths[number % paths.count])
            },
            HostileClass("unknown providers", .refusal(404, "UNKNOWN_PROVIDER")) { number in
                let names = [
                    "zq7hostile", "..%2f", "%00", "STRIPE", "stripe%20", "stripe;a=b", "%F0%9F%92%B3", "st%72ipe",
                ]
                return get("/\(names[number % names.count])/status?paymentId=1")
            },
            HostileClass("bad queries", .refusal(400, "INVALID_PARAMETER")) { number in
                let long = String(repeating: "x", count: 129)
                let queries = [
                    "", "?", "?paymentId=", "?paymentId=a&paymentID=b", "?paymentId=\(long)", "?paymentId=%00",
                    "?paymentId=%C3%A9", "?zq7hostile=1", "?paymentId=%0D%0A", "?&&==&", "?paymentId%00=1",
                ]
                return get("/generic-provider/status" + queries[number % queries.count])
            },
            HostileClass("bytes that no path has", Self.malformed()) { number in
                let bytes: [UInt8] = [0x00, 0x01, 0x7F, 0x0B, 0x1F]
                let path = Array("GET /generic-provider/".utf8) + [bytes[number % bytes.count]]
                return [.send(path + Array("zq7hostile HTTP/1.1\r\nHost: a\r\n\r\n".utf8))]
            },
            HostileClass("oversized header", Self.malformed()) { number in
                let field = "X-Big: " + String(repeating: "x", count: 17_000 + number * 100)
                return head() + field + "\r\nContent-Length: 0\r\n\r\n"
            },
            HostileClass("too many headers", Self.malformed()) { number in
                head() + (0..<(1001 + number)).map { "X\($0): zq7hostile\r\n" }.joined() + "\r\n"
            },
            HostileClass("ill-formed headers", Self.malformed()) { number in
                let fields: [String] = [
                    "A b: c", ": c", "no colon", "A\u{0}: b", "A: b\u{0}c", "A: b\rX: y", "A: b\r\n folded", "é: b",
                    "A : b",
                ]
                return head() + fields[number % fields.count] + "\r\nContent-Length: 0\r\n\r\n"
            },
            HostileClass("two lengths of a body", Self.malformed()) { number in
                let fields = [
                    "Content-Length: 2\r\nContent-Length: 3", "Content-Length: 2, 3", "Content-Length: -1",
                    "Content-Length: 99999999999999999999999", "Content-Length: 0x10", "Content-Length: 2 3",
                    "Content-Length: 2\r\nTransfer-Encoding: chunked",
                    "Transfer-Encoding: chunked\r\nContent-Length: 2",
                    "Content-Length: ",
                ]
                return head() + fields[number % fields.count] + "\r\n\r\n" + Self.goodBody
            },
            HostileClass("unknown transfer encodings", Self.malformed()) { number in
                let values = ["xchunked", "chunked, identity", "gzip", "chunked chunked", "\u{B}chunked"]
                return head() + "Transfer-Encoding: \(values[number % values.count])\r\n\r\n0\r\n\r\n"
            },
            HostileClass("ill-formed chunks", Self.malformed()) { number in
                let chunks = [
                    "zz\r\n", "-1\r\nx\r\n", "ffffffffffffffffff\r\n", "2\r\n{}x\r\n", "2;\u{0}\r\n{}\r\n", " \r\n",
                ]
                return head() + "Transfer-Encoding: chunked\r\n\r\n" + chunks[number % chunks.count]
            },
            HostileClass("unknown verb", Self.malformed()) { number in
                let verbs = [
                    "BREW", "get", "G", "POSTT", "zq7hostile", "GET\u{0}", "PUT PUT",
                    String(repeating: "A", count: 9000),
                ]
                return "\(verbs[number % verbs.count]) /-/healthz HTTP/1.1\r\nHost: a\r\n\r\n"
            },
            HostileClass("wrong method", .refusal(405, "METHOD_NOT_ALLOWED")) { number in
                let verbs = ["DELETE", "PUT", "TRACE", "OPTIONS", "PURGE", "PROPFIND", "LINK"]
                return get(Self.payPath, method: verbs[number % verbs.count])
            },
            HostileClass("other versions of HTTP", Self.malformed()) { number in
                let lines = [
                    "GET /", "GET / HTTP/9.9\r\n", "GET / HTTP/0.9\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n",
                    "GET / HTTP/1.1x\r\n",
                    "GET / ICE/1.0\r\n", "GET / HTTP/2.0\r\n",
                ]
                return lines[number % lines.count] + "\r\n\r\n"
            },
            HostileClass("TLS on the plain port", Self.malformed()) { number in
                let hello: [UInt8] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03]
                return [.send(hello + Array(repeating: UInt8(truncatingIfNeeded: number), count: 506))]
            },
            HostileClass("garbage", Self.malformed()) { number in
                var generator = Congruence(state: UInt64(number) + 1)
                return [.send([0x80] + (0..<500).map { _ in UInt8.random(in: .min ... .max, using: &generator) })]
            },
        ]
    }
}

/// Bytes that look random and are the same in every run.
private struct Congruence: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 31)
    }
}
