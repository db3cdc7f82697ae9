using Kyberium.Engine.Keyring;

namespace Kyberium.Lighthouse;

/// <summary>Keeps other processes from changing what is in a folder while it is read, changed and replaced. Ends with the process that holds it.</summary>
internal static class FolderLock
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(10);

    /// <summary>Waits for the folder's lock and takes it; disposing gives it back.</summary>
    /// <exception cref="Kyberium.Engine.EngineException"><see cref="Kyberium.Engine.EngineErrorCode.Overloaded"/>: somebody holds it for too long.</exception>
    internal static async ValueTask<FileStream> TakeAsync(string folder, TimeProvider time, CancellationToken cancellationToken)
    {
        PrivateFile.CreateFolder(folder);
        var path = Path.Combine(folder, "lock");
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(path, new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                });
            }
            catch (IOException held)
            {
                if (time.GetElapsedTime(began) > Patience)
                {
                    throw LighthouseErrors.FolderLocked(path, held);
                }

                await Task.Delay(Again, time, cancellationToken);
            }
        }
    }
}
