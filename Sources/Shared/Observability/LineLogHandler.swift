import Foundation
public import Logging

/// Form of a log line.
public enum LogFormat: String, Sendable, CaseIterable {
    /// `time level label message key=value …`
    case text
    /// One JSON object a line.
    case json
}

/// Writes one line a message to standard error, as text or JSON.
public struct LineLogHandler: LogHandler {
    /// Metadata of the logger.
    public var metadata: Logger.Metadata = [:]
    /// Lowest level that is written.
    public var logLevel: Logger.Level
    /// Metadata that the environment of a task adds.
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LogFormat

    /// Makes the handler of one logger.
    public init(label: String, level: Logger.Level, format: LogFormat) {
        self.label = label
        self.logLevel = level
        self.format = format
    }

    /// Reads and sets metadata of the logger.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes a line.
    public func log(event: LogEvent) {
        FileHandle.standardError.write(Data(line(for: event)))
    }

    /// The bytes of an event's line, its end included.
    func line(for event: LogEvent) -> [UInt8] {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        let time = WallClock.rfc3339(unixMilliseconds: WallClock.system.unixMilliseconds)
        var line: [UInt8]
        switch format {
        case .text: line = Array(text(event, time: time, metadata: all).utf8)
        case .json: line = json(event, time: time, metadata: all)
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    private func text(_ event: LogEvent, time: String, metadata: Logger.Metadata) -> String {
        let level = event.level.rawValue.uppercased()
        var line = "\(time) \(level) \(label): \(Self.oneLine("\(event.message)"))"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line += " \(key)=\(Self.oneLine("\(value)"))"
        }
        return line
    }

    private func json(_ event: LogEvent, time: String, metadata: Logger.Metadata) -> [UInt8] {
        var members: [String: JSONValue] = [
            "time": .string(time), "level": .string(event.level.rawValue), "logger": .string(label),
            "message": .string("\(event.message)"),
        ]
        for (key, value) in metadata { members[key] = .string("\(value)") }
        return (try? JSONCoding.encode(JSONValue.object(members))) ?? Array("{}".utf8)
    }

    /// Keeps a value on its line, so that nobody can forge a line of the log.
    private static func oneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var clean = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                clean += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                clean.unicodeScalars.append(scalar)
            }
        }
        return clean
    }

    /// Control characters of ASCII and Latin-1, and the two line ends of Unicode.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029: true
        default: false
        }
    }
}
