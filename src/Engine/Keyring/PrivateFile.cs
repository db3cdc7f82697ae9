using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Kyberium.Engine.Keyring;

/// <summary>Reads and replaces files that only their owner may touch.</summary>
/// <remarks>
/// Mode and owner are checked on the opened handle, so nothing can be exchanged between check and read. The owner is
/// checked on Linux, the mode on every Unix; on Windows the folder's access list is the operator's to set.
/// </remarks>
internal static partial class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode OwnerOnlyFolder = OwnerOnly | UnixFileMode.UserExecute;

    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private const UnixFileMode GroupAndOthers =
        Others | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;

    /// <summary>Reads a whole file; <see langword="null"/> when it or its folder is not there.</summary>
    /// <returns>The bytes, in a pinned array; the caller zeroes them if they are secret.</returns>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.KeyringUnusable"/>: open to others, owned by another user,
    /// too large or unreadable.</exception>
    internal static ValueTask<byte[]?> ReadAsync(string path, int sizeMax, CancellationToken cancellationToken) =>
        ReadAsync(path, sizeMax, CheckOwnerOnly, cancellationToken);

    /// <summary>Reads a file that the service manager provides: it may belong to root and to a group, not to everybody.</summary>
    internal static ValueTask<byte[]?> ReadCredentialAsync(string path, int sizeMax, CancellationToken cancellationToken) =>
        ReadAsync(path, sizeMax, CheckClosedToOthers, cancellationToken);

    /// <summary>Replaces a file in one step that survives a crash: afterwards it has the old bytes or the new ones.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.KeyringUnusable"/>: it cannot be written.</exception>
    internal static async ValueTask ReplaceAsync(
        string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var temporary = path + ".tmp";
        try
        {
            File.Delete(temporary);     // left by a crash; it was never looked at
            using (var file = CreateNew(temporary))
            {
                await RandomAccess.WriteAsync(file.SafeFileHandle, content, 0, cancellationToken).ConfigureAwait(false);
                RandomAccess.FlushToDisk(file.SafeFileHandle);
            }

            File.Move(temporary, path, overwrite: true);
            FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);     // a name alone lies in the working directory
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw KeyringErrors.Unwritable(path, e);
        }
    }

    /// <summary>Makes a folder, and those above it, that only this user may enter. An existing one stays as it is.</summary>
    internal static void CreateFolder(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(path);
            }
            else if (!Directory.Exists(path))
            {
                Directory.CreateDirectory(path, OwnerOnlyFolder);
                FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);     // a name alone lies in the working directory
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw KeyringErrors.Unwritable(path, e);
        }
    }

    private static async ValueTask<byte[]?> ReadAsync(
        string path, int sizeMax, Action<SafeFileHandle, string> check, CancellationToken cancellationToken)
    {
        try
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            check(handle, path);
            var size = RandomAccess.GetLength(handle);
            if (size > sizeMax)
            {
                throw KeyringErrors.TooLarge(path, size, sizeMax);
            }

            var content = GC.AllocateUninitializedArray<byte>((int)size, pinned: true);
            await FillAsync(handle, content, cancellationToken).ConfigureAwait(false);
            return content;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw KeyringErrors.Unreadable(path, e);
        }
    }

    private static async ValueTask FillAsync(SafeFileHandle handle, Memory<byte> content, CancellationToken cancellationToken)
    {
        var filled = 0;
        while (filled < content.Length)
        {
            var read = await RandomAccess.ReadAsync(handle, content[filled..], filled, cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                CryptographicOperations.ZeroMemory(content.Span);
                throw new EndOfStreamException("the file became shorter while it was read");
            }

            filled += read;
        }
    }

    private static FileStream CreateNew(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return new FileStream(path, options);
    }

    private static void CheckOwnerOnly(SafeFileHandle handle, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var mode = File.GetUnixFileMode(handle);
        if (OperatingSystem.IsLinux() && ReadOwner(handle) is var owner && owner != GetEffectiveUserId())
        {
            throw KeyringErrors.OwnedByAnother(path, owner, GetEffectiveUserId());
        }

        if ((mode & GroupAndOthers) != 0)
        {
            throw KeyringErrors.ReadableByOthers(path, mode);
        }
    }

    private static void CheckClosedToOthers(SafeFileHandle handle, string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(handle) & Others) != 0)
        {
            throw KeyringErrors.CredentialReadableByAll(path);
        }
    }

    // A rename is durable only once its folder is, and the platform offers no call for that.
    private static void FlushFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = OpenFolder(path, flags: 0);    // O_RDONLY is 0 everywhere
        if (descriptor < 0)
        {
            throw NativeFailure($"folder '{path}' cannot be opened to flush it");
        }

        using var folder = new SafeFileHandle(descriptor, ownsHandle: true);
        if (Flush(folder) != 0)
        {
            throw NativeFailure($"folder '{path}' cannot be flushed");
        }
    }

    // The owner is not exposed by the platform; statx has one layout on every architecture.
    private static uint ReadOwner(SafeFileHandle handle)
    {
        const int EmptyPath = 0x1000;       // AT_EMPTY_PATH: the descriptor itself
        const uint WantOwner = 0x8;         // STATX_UID
        const int OwnerOffset = 20;
        Span<byte> status = stackalloc byte[256];
        return Status(handle, string.Empty, EmptyPath, WantOwner, status) == 0
            ? MemoryMarshal.Read<uint>(status[OwnerOffset..])
            : throw NativeFailure("its owner cannot be read");
    }

    private static IOException NativeFailure(string what) =>
        new($"{what}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenFolder(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Flush(SafeFileHandle descriptor);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Status(SafeFileHandle descriptor, string path, int flags, uint mask, Span<byte> status);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial uint GetEffectiveUserId();
}
