import Shared
import Testing

@Suite struct SettingsReaderTests {
    @Test func allProblemsAreReportedAtOnceWithoutValues() throws {
        var reader = SettingsReader(environment: [
            "HTTP_PORT": "forbidden-value-1", "HTTP_LIMIT": "99999", "DEBUG": "forbidden-value-2",
            "BASE_URL": "forbidden-value-3", "LOG_FORMAT": "forbidden-value-4", "EMPTY": "  ",
        ])
        let port = reader.integer("HTTP_PORT", default: 8080, in: 1...65535)
        #expect(port == 8080)
        let limit = reader.integer("HTTP_LIMIT", default: 10, in: 1...1000)
        #expect(limit == 10)
        let isDebugging = reader.boolean("DEBUG", default: true)
        #expect(isDebugging)
        let baseURL = reader.url("BASE_URL", default: "https://example.com")
        #expect(baseURL == "https://example.com")
        let format = reader.choice("LOG_FORMAT", default: "text", of: ["text", "json"])
        #expect(format == "text")
        let name = reader.requiredString("EMPTY", meaning: "a name")
        #expect(name == "")
        let key = reader.requiredSecret("API_KEY", meaning: "the key")
        #expect(key.exposed == "")
        let publicURL = reader.requiredURL("PUBLIC_URL", meaning: "where we are")
        #expect(publicURL == "")
        reader.report("A", "contradicts B")
        let error = #expect(throws: SettingsError.self) { try reader.finish() }
        let found = try #require(error)
        let problems = found.problems
        #expect(
            problems.map(\.name) == [
                "HTTP_PORT", "HTTP_LIMIT", "DEBUG", "BASE_URL", "LOG_FORMAT", "EMPTY", "API_KEY", "PUBLIC_URL", "A",
            ])
        let text = found.description
        #expect(!text.contains("forbidden-value"))
        #expect(!text.contains("99999"))
        #expect(text.split(separator: "\n").count == problems.count)
        #expect(text.contains("HTTP_PORT: must be a whole number from 1 to 65535"))
        #expect(text.contains("LOG_FORMAT: must be one of text, json"))
    }

    @Test func soundSettingsAreRead() throws {
        var reader = SettingsReader(environment: [
            "HTTP_PORT": " 9090 ", "TIMEOUT_SECONDS": "30", "DEBUG": "TRUE", "BASE_URL": "https://api.example.com/v1/",
            "LOG_FORMAT": "JSON", "NAME": " pgm ", "API_KEY": "k", "PROVIDERS": "stripe, ,generic-provider,",
        ])
        let port = reader.integer("HTTP_PORT", default: 8080, in: 1...65535)
        #expect(port == 9090)
        let timeout = reader.seconds("TIMEOUT_SECONDS", default: 1, in: 1...60)
        #expect(timeout == .seconds(30))
        let isDebugging = reader.boolean("DEBUG", default: false)
        #expect(isDebugging)
        let baseURL = reader.url("BASE_URL", default: "https://example.com")
        #expect(baseURL == "https://api.example.com/v1")
        let format = reader.choice("LOG_FORMAT", default: "text", of: ["text", "json"])
        #expect(format == "json")
        let name = reader.requiredString("NAME", meaning: "a name")
        #expect(name == "pgm")
        let key = reader.requiredSecret("API_KEY", meaning: "the key")
        #expect(key.exposed == "k")
        #expect(reader.optionalSecret("API_KEY")?.exposed == "k")
        #expect(reader.list("PROVIDERS") == ["stripe", "generic-provider"])
        #expect(throws: Never.self) { try reader.finish() }
    }

    @Test func whatIsUnsetHasItsDefault() throws {
        var reader = SettingsReader(environment: [:])
        #expect(reader.string("NAME", default: "pgm") == "pgm")
        #expect(reader.optionalString("NAME") == nil)
        #expect(reader.optionalSecret("KEY") == nil)
        #expect(reader.list("LIST").isEmpty)
        let port = reader.integer("PORT", default: 1, in: 1...2)
        #expect(port == 1)
        let isFlagged = reader.boolean("FLAG", default: false)
        #expect(!isFlagged)
        let url = reader.url("URL", default: "http://localhost:1/")
        #expect(url == "http://localhost:1")
        #expect(throws: Never.self) { try reader.finish() }
    }

    @Test(arguments: ["1.5", "0x10", "99999999999999999999", "1e3", "ten", "-1", "3"])
    func whatIsNoNumberInRangeIsAProblem(text: String) {
        var reader = SettingsReader(environment: ["N": text])
        let number = reader.integer("N", default: 1, in: 0...2)
        #expect(number == 1)
        #expect(throws: SettingsError.self) { try reader.finish() }
    }

    @Test(arguments: ["ftp://x", "https://", "example.com", "javascript:alert(1)", "http://a b", "https:///path"])
    func whatIsNoWebAddressIsAProblem(text: String) {
        var reader = SettingsReader(environment: ["U": text])
        _ = reader.url("U", default: "http://localhost")
        #expect(throws: SettingsError.self) { try reader.finish() }
    }

    @Test func variablesAreFoundByTheirPrefix() {
        let reader = SettingsReader(environment: ["KAFKA_A": "1", "KAFKA_": "2", "OTHER": "3"])
        #expect(reader.variables(withPrefix: "KAFKA_") == ["A": "1", "": "2"])
    }
}
