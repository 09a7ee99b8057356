import Foundation

/// A place in a directory that one index at a time has, of this process or another one of this host.
///
/// The places are numbered, and the first free one is taken: a process that starts again gets its own file again, and
/// two workers in one directory have one each. A place is free as soon as its holder's process has ended, however it
/// ended.
final class JournalSlot: Sendable {
    /// Most indexes of one name in a directory at once.
    static let count = 64

    /// Path of the files of this place, to which their endings are added.
    let path: String
    private let descriptor: Int32

    /// Takes the first place that is free; the directory is made when it is not there.
    init(directory: String, name: String) throws(JournalDirectoryError) {
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .directoryNotUsable
        }
        for number in 0..<Self.count {
            let path = directory + "/" + name + "-\(number)"
            let descriptor = Foundation.open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw .directoryNotUsable }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                self.path = path
                self.descriptor = descriptor
                return
            }
            let isTaken = errno == EWOULDBLOCK
            close(descriptor)
            guard isTaken else { throw .directoryNotUsable }
        }
        throw .noSlot
    }

    deinit { close(descriptor) }
}
