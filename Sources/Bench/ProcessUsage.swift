import Foundation

/// Processor time and memory of a process, as Linux tells them in `/proc`; zero elsewhere.
struct ProcessUsage {
    /// User and system time since the process started.
    var cpuMicroseconds: Double = 0
    /// Most memory that was resident.
    var peakMemoryMebibytes: Double = 0
    /// Memory that is resident.
    var memoryMebibytes: Double = 0

    init(pid: Int32) {
        if let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")")
        {
            let fields = stat[end...].split(separator: " ")
            // Behind the name: state is field 3, user and system time are 14 and 15, in ticks of 10 ms.
            if fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) {
                cpuMicroseconds = (user + system) * 10_000
            }
        }
        if let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8) {
            for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") || line.hasPrefix("VmRSS:") {
                let fields = line.split { $0 == " " || $0 == "\t" }
                let mebibytes = (fields.dropFirst().first.flatMap { Double($0) } ?? 0) / 1024
                if line.hasPrefix("VmRSS:") { memoryMebibytes = mebibytes } else { peakMemoryMebibytes = mebibytes }
            }
        }
    }
}
