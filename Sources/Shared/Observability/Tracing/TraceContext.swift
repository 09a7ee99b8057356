import Synchronization

/// W3C trace context: which trace something belongs to and which span is its parent.
public struct TraceContext: Sendable, Hashable {
    /// The longest `tracestate` that is passed on, in bytes; a longer one is left out, as the specification allows.
    public static let stateBytesMax = 512

    /// High and low half of the trace id; never both zero.
    public let traceID: (high: UInt64, low: UInt64)
    /// The span that is the parent of whatever receives this; never zero.
    public let spanID: UInt64
    /// Flags; bit 0 says that the caller may have recorded the trace.
    public let flags: UInt8
    /// Data of tracing systems along the way, opaque here.
    public let traceState: String?

    private init(traceID: (high: UInt64, low: UInt64), spanID: UInt64, flags: UInt8, traceState: String?) {
        self.traceID = traceID
        self.spanID = spanID
        self.flags = flags
        self.traceState = traceState
    }

    /// A new trace, not sampled: nobody has recorded anything of it.
    public static func root() -> TraceContext {
        TraceContext(
            traceID: (newID(), newID()), spanID: newID(), flags: 0, traceState: nil)
    }

    /// The same trace with a new span, whose parent the receiver's span is.
    public func child() -> TraceContext {
        TraceContext(traceID: traceID, spanID: Self.newID(), flags: flags, traceState: traceState)
    }

    /// Reads the headers `traceparent` and `tracestate`; `nil` when the first is missing or not valid.
    ///
    /// A state that is too long or not printable is left out.
    public init?(traceParent: String?, traceState: String? = nil) {
        guard let traceParent else { return nil }
        let bytes = Array(traceParent.utf8.prefix(56))
        guard bytes.count >= 55, let version = Self.hexadecimal(bytes[0..<2]), version != 0xFF else { return nil }
        // Later versions may go on behind a further dash.
        guard bytes.count == 55 || (version > 0 && bytes[55] == UInt8(ascii: "-")) else { return nil }
        let dash = UInt8(ascii: "-")
        guard bytes[2] == dash, bytes[35] == dash, bytes[52] == dash else { return nil }
        guard
            let high = Self.hexadecimal(bytes[3..<19]), let low = Self.hexadecimal(bytes[19..<35]),
            let span = Self.hexadecimal(bytes[36..<52]), let flags = Self.hexadecimal(bytes[53..<55])
        else { return nil }
        guard high != 0 || low != 0, span != 0 else { return nil }
        // Flags that version 00 does not know are not passed on.
        self.init(
            traceID: (high, low), spanID: span, flags: UInt8(truncatingIfNeeded: flags) & 0x03,
            traceState: traceState.flatMap(Self.usable))
    }

    /// The header `traceparent`.
    public var traceParent: String {
        String(unsafeUninitializedCapacity: 55) { buffer in
            var text = HexadecimalText(buffer)
            text.append(0, digits: 2)
            text.appendDash()
            text.append(traceID.high, digits: 16)
            text.append(traceID.low, digits: 16)
            text.appendDash()
            text.append(spanID, digits: 16)
            text.appendDash()
            text.append(UInt64(flags), digits: 2)
            return text.count
        }
    }

    /// The trace id in 32 hexadecimal digits, as logs have it.
    public var traceIDText: String {
        String(unsafeUninitializedCapacity: 32) { buffer in
            var text = HexadecimalText(buffer)
            text.append(traceID.high, digits: 16)
            text.append(traceID.low, digits: 16)
            return text.count
        }
    }

    /// Whether the caller may have recorded the trace.
    public var isSampled: Bool { flags & 1 == 1 }

    /// Whether all four parts are the same.
    public static func == (left: TraceContext, right: TraceContext) -> Bool {
        left.traceID == right.traceID && left.spanID == right.spanID && left.flags == right.flags
            && left.traceState == right.traceState
    }

    /// Hashes trace and span.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(traceID.low)
        hasher.combine(spanID)
    }

    /// Random, and once only in this process: SplitMix64 (Steele, Lea and Flood, 2014) from a random beginning, because
    /// the system's random numbers cost a call of the kernel each and nobody has to be kept from guessing these.
    private static func newID() -> UInt64 {
        var id = seed.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        id = (id ^ id >> 30) &* 0xBF58_476D_1CE4_E5B9
        id = (id ^ id >> 27) &* 0x94D0_49BB_1331_11EB
        return max(1, id ^ id >> 31)
    }

    private static let seed = Atomic<UInt64>(UInt64.random(in: 0 ... .max))

    private static func usable(_ state: String) -> String? {
        let bytes = state.utf8
        guard !bytes.isEmpty, bytes.count <= stateBytesMax else { return nil }
        return bytes.allSatisfy { $0 >= 0x20 && $0 <= 0x7E } ? state : nil
    }

    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case 0x30...0x39: value = value << 4 | UInt64(digit &- 0x30)
            case 0x61...0x66: value = value << 4 | UInt64(digit &- 0x57)
            default: return nil
            }
        }
        return value
    }
}

/// Writes digits into the storage of a string; what does not fit is left out.
private struct HexadecimalText {
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    init(_ buffer: UnsafeMutableBufferPointer<UInt8>) {
        self.buffer = buffer
    }

    mutating func append(_ value: UInt64, digits: Int) {
        for place in (0..<digits).reversed() {
            let digit = UInt8(truncatingIfNeeded: (value >> UInt64(place * 4)) & 0xF)
            append(digit < 10 ? digit &+ 0x30 : digit &+ 0x57)
        }
    }

    mutating func appendDash() { append(UInt8(ascii: "-")) }

    private mutating func append(_ byte: UInt8) {
        guard count < buffer.count else { return }
        buffer[count] = byte
        count += 1
    }
}
