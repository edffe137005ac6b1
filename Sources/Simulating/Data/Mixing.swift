/// SplitMix64's finaliser: spreads every input bit over the whole output.
///
/// Source: Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (2014).
func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
}

/// The same number in [0, 1) for the same bits.
func unit(_ bits: UInt64) -> Double {
    Double(bits >> 11) * 0x1p-53
}

/// A sequence of random numbers that is the same for the same seed.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = mixed(seed)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return mixed(state)
    }
}
