/// Random numbers that a seed decides (SplitMix64), so that a run can be repeated.
struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Begins a sequence; `stream` tells apart what shares a seed, such as the payments of a run.
    init(seed: UInt64, stream: UInt64 = 0) {
        state = seed
        if stream != 0 {
            state ^= stream &* 0xD1B5_4A32_D192_ED03
            state = next()
        }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Whether something happens that happens in this share of all cases.
    mutating func isChosen(_ share: Double) -> Bool {
        Double.random(in: 0..<1, using: &self) < share
    }
}
