/// Sums of money in a currency's minor unit that stop at the largest value rather than trap.
enum MinorUnits {
    /// The sum, or the largest value when it does not fit.
    static func sum(_ first: Int, _ second: Int) -> Int {
        let (sum, overflow) = first.addingReportingOverflow(second)
        return overflow ? .max : sum
    }
}
