/// What a provider, its simulator or its fixture does wrong, as a sentence.
struct NotConforming: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Throws the sentence unless the condition holds.
func require(_ condition: Bool, _ sentence: @autoclosure () -> String) throws {
    if !condition { throw NotConforming(sentence()) }
}

extension Optional {
    /// The value, or the sentence as an error.
    func required(_ sentence: @autoclosure () -> String) throws -> Wrapped {
        guard let self else { throw NotConforming(sentence()) }
        return self
    }
}
