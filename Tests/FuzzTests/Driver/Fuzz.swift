import Foundation
import Synchronization

/// Runs one fuzz target under libFuzzer: `Fuzz <target> [libFuzzer's options and corpora]`; alone it lists the targets.
@main
struct Fuzz {
    nonisolated(unsafe) private static var target = FuzzTargets.all[0]

    static func main() {
        guard CommandLine.arguments.count > 1 else {
            print(FuzzTargets.all.map(\.name).joined(separator: "\n"))
            return
        }
        guard let chosen = FuzzTargets.all.first(where: { $0.name == CommandLine.arguments[1] }) else {
            print("there is no target of that name")
            exit(64)
        }
        target = chosen
        // libFuzzer takes the place of the target's name as that of the program.
        var count = CommandLine.argc - 1
        var arguments = CommandLine.unsafeArgv + 1
        exit(
            runDriver(&count, &arguments) { start, length in
                Fuzz.execute(Array(UnsafeBufferPointer(start: start, count: length)))
                return 0
            })
    }

    /// One input; a finding ends the process, so that libFuzzer keeps the input.
    private static func execute(_ bytes: [UInt8]) {
        let outcome = Outcome()
        let chosen = target
        // The provider clients are asynchronous and libFuzzer is not; the pool is not this thread's, so it may wait.
        Task {
            do {
                try await chosen.run(bytes)
                outcome.finish(nil)
            } catch {
                outcome.finish("\(error)")
            }
        }
        guard let finding = outcome.wait() else { return }
        FileHandle.standardError.write(Data("finding in \(chosen.name): \(finding)\n".utf8))
        abort()
    }

    /// Carries the outcome of one input to libFuzzer's thread.
    private final class Outcome: Sendable {
        private let finished = DispatchSemaphore(value: 0)
        private let finding = Mutex<String?>(nil)

        func finish(_ text: String?) {
            finding.withLock { $0 = text }
            finished.signal()
        }

        func wait() -> String? {
            finished.wait()
            return finding.withLock { $0 }
        }
    }
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ input: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32
