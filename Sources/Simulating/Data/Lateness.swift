import Foundation

/// How many records become readable late, and how late; milliseconds.
struct Lateness: Sendable {
    let share: Double
    let least: Int64
    let most: Int64
    let shape: SimulatorOptions.LateShape

    init(_ options: SimulatorOptions) {
        share = options.late
        least = options.lateMin.milliseconds
        most = options.lateMax.milliseconds
        shape = options.lateShape
    }

    /// A delay from 1 to `most` + 1, 0 where `most` is 0.
    ///
    /// - Parameters: two numbers in [0, 1).
    func delay(_ place: Double, _ other: Double) -> Int64 {
        guard most > 0 else { return 0 }
        let share =
            switch shape {
            case .uniform: place
            case .exponential: min(-log1p(-place) / 10, 1)
            case .longTail: other < 0.9 ? place * 0.05 : 0.9 + place * 0.1
            }
        return 1 + least + Int64(share * Double(most - least))
    }
}
