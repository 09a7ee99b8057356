import ServiceLifecycle

/// Waits that end early when the process is asked to stop.
public enum Pause {
    /// Waits this long.
    /// - Returns: `false` when the process is stopping or the task was cancelled before the time was over.
    public static func wait(for time: Duration) async -> Bool {
        do {
            try await cancelWhenGracefulShutdown { try await Task.sleep(for: time) }
            return !Task.isShuttingDownGracefully
        } catch {
            return false
        }
    }
}
