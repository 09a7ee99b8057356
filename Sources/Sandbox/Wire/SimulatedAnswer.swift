/// What a simulator answers, before any fault is applied to it.
struct SimulatedAnswer: Sendable {
    /// The HTTP status.
    var status: Int
    /// Headers besides `Content-Length`, `Content-Type` among them.
    var headers: [FormField]
    /// The raw body.
    var body: [UInt8]

    /// An answer with a JSON body.
    static func json(_ status: Int, _ value: JSONValue, headers: [FormField] = []) -> SimulatedAnswer {
        SimulatedAnswer(
            status: status, headers: [FormField(name: "Content-Type", value: "application/json")] + headers,
            body: value.bytes)
    }

    /// An answer with a page for a browser.
    static func page(_ status: Int, _ html: String) -> SimulatedAnswer {
        SimulatedAnswer(
            status: status, headers: [FormField(name: "Content-Type", value: "text/html; charset=utf-8")],
            body: Array(html.utf8))
    }

    /// A redirect that makes the browser GET the address.
    static func seeOther(_ address: String) -> SimulatedAnswer {
        SimulatedAnswer(status: 303, headers: [FormField(name: "Location", value: address)], body: [])
    }

    /// An answer of the operator endpoints to a request they cannot serve; `code` is constant text.
    static func operatorError(_ status: Int, _ code: String, _ message: String) -> SimulatedAnswer {
        .json(status, ["error": ["code": .string(code), "message": .string(message)]])
    }
}
