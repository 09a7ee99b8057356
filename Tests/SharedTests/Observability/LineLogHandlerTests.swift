import Logging
import Testing

@testable import Shared

@Suite struct LineLogHandlerTests {
    private static let forged =
        "ok\n2026-01-01T00:00:00.000Z INFO pgm: forged\r\u{85}\u{2028}\u{2029}\u{1B}[31m\u{7F}\u{9B}\u{0}"

    private func line(
        _ format: LogFormat, message: String, metadata: Logger.Metadata? = nil, own: Logger.Metadata = [:]
    ) -> String {
        var handler = LineLogHandler(label: "pgm", level: .info, format: format)
        handler.metadata = own
        let event = LogEvent(
            level: .warning, message: "\(message)", metadata: metadata, source: "Tests", file: #file,
            function: #function, line: #line)
        return String(decoding: handler.line(for: event), as: UTF8.self)
    }

    @Test func aTextLineHasItsPartsInOrder() {
        let line = line(.text, message: "hello", metadata: ["b": "2", "a": "1"], own: ["a": "0", "c": "3"])
        #expect(line.hasSuffix(" WARNING pgm: hello a=1 b=2 c=3\n"))
        #expect(line.prefix(24).hasSuffix("Z"))
    }

    @Test(arguments: LogFormat.allCases)
    func nobodyCanForgeALine(format: LogFormat) {
        let line = line(format, message: Self.forged, metadata: ["value": .string(Self.forged)], own: ["a": "1"])
        #expect(line.hasSuffix("\n"))
        let body = line.dropLast()
        #expect(!body.unicodeScalars.contains { $0.value < 0x20 })
        #expect(body.contains("forged"))
    }

    @Test func aTextLineHasNoControlCharacterAndNoUnicodeLineEnd() {
        let body = line(.text, message: Self.forged, metadata: ["value": .string(Self.forged)]).dropLast()
        let isHarmful: (Unicode.Scalar) -> Bool = {
            $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || $0.value == 0x2028 || $0.value == 0x2029
        }
        #expect(!body.unicodeScalars.contains(where: isHarmful))
        #expect(body.contains("\\u{a}"))
        #expect(body.contains("\\u{2028}"))
    }

    @Test func aJSONLineIsOneObjectWithTheValuesAsTheyWere() throws {
        let line = line(.json, message: Self.forged, metadata: ["value": .string(Self.forged), "list": ["a", "b"]])
        let value = try JSONCoding.decode(JSONValue.self, from: Array(line.utf8))
        #expect(value["message"]?.stringValue == Self.forged)
        #expect(value["value"]?.stringValue == Self.forged)
        #expect(value["level"]?.stringValue == "warning")
        #expect(value["logger"]?.stringValue == "pgm")
        #expect(value["time"]?.stringValue?.hasSuffix("Z") == true)
        #expect(value["list"] != nil)
    }

    @Test func metadataOfTheMessageWinsOverTheProvidersAndTheLoggers() {
        var handler = LineLogHandler(label: "pgm", level: .info, format: .text)
        handler[metadataKey: "a"] = "logger"
        handler[metadataKey: "b"] = "logger"
        handler.metadataProvider = Logger.MetadataProvider { ["a": "provider", "b": "provider"] }
        let event = LogEvent(
            level: .info, message: "m", metadata: ["a": "message"], source: "Tests", file: #file, function: #function,
            line: #line)
        #expect(String(decoding: handler.line(for: event), as: UTF8.self).hasSuffix(" m a=message b=provider\n"))
        #expect(handler[metadataKey: "b"] == "logger")
    }

    @Test func aSecretInMetadataStaysHidden() {
        let line = line(.json, message: "m", metadata: ["key": .stringConvertible(Secret("sk_live_1"))])
        #expect(!line.contains("sk_live_1"))
    }

    @Test func typedKeysAreSpeltOnce() {
        let metadata = Logger.Metadata.of([.provider: "stripe", .offset: "7"])
        #expect(metadata == ["provider": "stripe", "kafka.offset": "7"])
        var logger = Logger(label: "pgm") { LineLogHandler(label: $0, level: .info, format: .text) }
        logger[.commandID] = "x"
        #expect(logger[metadataKey: "command.id"] == "x")
        #expect(logger[.commandID] == "x")
        logger[.commandID] = nil
        #expect(logger[.commandID] == nil)
    }
}
