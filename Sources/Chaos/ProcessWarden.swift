import Foundation
import Synchronization

/// Kills the processes of this run when the harness ends without having stopped them, whatever ended it.
///
/// A shell that reads the ids of running processes from a pipe: the pipe's end is the harness's end.
final class ProcessWarden: Sendable {
    private let shell: Mutex<Process>
    private let input: Mutex<FileHandle>

    private static let script = """
        trap '' INT TERM HUP
        ids=' '
        while read -r sign id; do
          case "$sign" in
            +) ids="$ids$id " ;;
            -) ids="${ids%% $id *} ${ids#* $id }" ;;
          esac
        done
        for id in $ids; do kill -KILL "$id" 2>/dev/null; done
        """

    init() throws {
        let pipe = Pipe()
        // No other child may hold the end that the shell waits for.
        _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", Self.script]
        process.standardInput = pipe.fileHandleForReading
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        shell = Mutex(process)
        input = Mutex(pipe.fileHandleForWriting)
    }

    /// Takes charge of a process.
    func add(_ id: Int32) { write("+ \(id)\n") }

    /// Forgets a process that has ended.
    func remove(_ id: Int32) { write("- \(id)\n") }

    /// Ends the warden, which kills whatever it still knows.
    func end() {
        input.withLock { try? $0.close() }
        shell.withLock { $0.waitUntilExit() }
    }

    private func write(_ line: String) {
        input.withLock { try? $0.write(contentsOf: Data(line.utf8)) }
    }
}
