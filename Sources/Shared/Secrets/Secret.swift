/// A value that never shows itself: printed, logged, dumped or interpolated it is `***`.
public struct Secret<Value: Sendable>: Sendable {
    /// The value itself, for the one call that needs it.
    public let exposed: Value

    /// Hides a value.
    public init(_ value: Value) {
        self.exposed = value
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `***`.
    public var description: String { "***" }
    /// Always `***`.
    public var debugDescription: String { "***" }
    /// Has no children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension Secret: Equatable where Value: Equatable {}
extension Secret: Hashable where Value: Hashable {}
