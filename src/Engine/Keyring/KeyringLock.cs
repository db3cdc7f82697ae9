namespace Kyberium.Engine.Keyring;

/// <summary>Keeps two processes from changing one keyring at once: whoever holds <c>&lt;keyring&gt;.lock</c> open may.</summary>
internal static class KeyringLock
{
    /// <exception cref="EngineException"><see cref="EngineErrorCode.KeyringUnusable"/>: somebody else is changing it.</exception>
    internal static FileStream Take(string keyringPath)
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

        try
        {
            return new FileStream(keyringPath + ".lock", options);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw KeyringErrors.Busy(keyringPath, e);
        }
    }
}
