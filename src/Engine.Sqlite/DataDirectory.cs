namespace Kyberium.Engine.Sqlite;

/// <summary>A data directory held by this process: a lock file with an OS lock, which dies with the process however it ends.</summary>
internal sealed class DataDirectory : IDisposable
{
    internal const string LockFileName = "lock";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    internal string Path { get; }

    internal string JournalFile => System.IO.Path.Combine(Path, Schema.FileName);

    /// <exception cref="EngineException"><see cref="EngineErrorCode.DataDirectoryLocked"/> or
    /// <see cref="EngineErrorCode.DataDirectoryReadOnly"/>.</exception>
    internal static DataDirectory Take(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(full);
            }
            else
            {
                Directory.CreateDirectory(full, OwnerOnly);
            }

            // FileShare.None is an exclusive flock on Unix and a share mode on Windows.
            return new DataDirectory(full, new FileStream(
                System.IO.Path.Combine(full, LockFileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException cause)
        {
            throw SqliteErrors.ReadOnly(full, cause.Message, cause);
        }
        catch (IOException cause) when (IsSharingViolation(cause))
        {
            throw SqliteErrors.Locked(full, cause);
        }
        catch (IOException cause)
        {
            throw SqliteErrors.ReadOnly(full, cause.Message, cause);
        }
    }

    public void Dispose() => _lock.Dispose();

    // HResult is the errno of flock on Unix (EWOULDBLOCK: 11 on Linux, 35 on macOS) and ERROR_SHARING_VIOLATION on Windows.
    private static bool IsSharingViolation(IOException cause) =>
        cause.HResult is 11 or 35 || (cause.HResult & 0xffff) == 32;
}
