namespace Kyberium.Engine.Keyring;

/// <summary>Keeps two processes from changing one file of a keyring at once: whoever holds <c>&lt;file&gt;.lock</c> open may. Ends with its process.</summary>
internal static class KeyringLock
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(10);

    /// <exception cref="EngineException"><see cref="EngineErrorCode.KeyringUnusable"/>: somebody else is changing it.</exception>
    internal static FileStream Take(string path)
    {
        try
        {
            return Open(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw KeyringErrors.Busy(path, e);
        }
    }

    /// <summary>Waits for whoever else is changing it: that takes a file's rewrite, unless that process stands still.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.KeyringUnusable"/>: somebody holds it for too long, or the lock cannot be opened.</exception>
    internal static async ValueTask<FileStream> WaitAsync(string path, EngineScheduler scheduler, CancellationToken cancellationToken)
    {
        var until = scheduler.MonotonicMillis + (long)Patience.TotalMilliseconds;
        while (true)
        {
            try
            {
                return Open(path);
            }
            catch (UnauthorizedAccessException e)
            {
                throw KeyringErrors.Unwritable(path + ".lock", e);
            }
            catch (IOException e) when (scheduler.MonotonicMillis >= until)
            {
                throw KeyringErrors.WitnessBusy(path, e);
            }
            catch (IOException)
            {
                await scheduler.DelayAsync(Again, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static FileStream Open(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path + ".lock", options);
    }
}
