using System.Text;
using Kyberium.Host.Configuration;

namespace Kyberium.Host.Control;

/// <summary>Where a node's control socket lies.</summary>
/// <remarks>A socket's path is short by nature (104 bytes on macOS, 108 on Linux). When the data directory's is too long, the socket lies in
/// a private folder of its own and a file in the data directory names it: so only who may read the data directory decides where
/// commands go, never a stranger's socket in a shared folder.</remarks>
internal static class ControlSocket
{
    /// <summary>How long a socket's path may be on every system, in bytes of UTF-8.</summary>
    internal const int PathBytesMax = 103;

    private const string FileName = "control.sock";
    private const string PointerName = "control.path";

    /// <summary>Says where the socket is to be made, and leaves word where it is when that is elsewhere.</summary>
    internal static string Place(NodeConfiguration configuration, IReadOnlyDictionary<string, string> variables)
    {
        File.Delete(Pointer(configuration));
        if (Chosen(configuration) is { } chosen)
        {
            return chosen;
        }

        var parent = variables.TryGetValue("XDG_RUNTIME_DIR", out var runtime) && Directory.Exists(runtime) ? runtime : "/tmp";
        var folder = Path.Combine(parent, $"kyberium-{Guid.NewGuid():n}");
        var path = Path.Combine(folder, FileName);
        if (!Fits(path))
        {
            path = Path.Combine(folder = Path.Combine("/tmp", Path.GetFileName(folder)), FileName);
        }

        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(Pointer(configuration), path);
        return path;
    }

    /// <summary>Finds the socket of a running node; null when there cannot be one.</summary>
    internal static string? Find(NodeConfiguration configuration)
    {
        var path = Chosen(configuration);
        if (path is null && File.Exists(Pointer(configuration)))
        {
            using var pointer = new StreamReader(Pointer(configuration), Encoding.UTF8);
            var buffer = new char[PathBytesMax + 1];
            path = new string(buffer, 0, pointer.ReadBlock(buffer));
        }

        return path is not null && Fits(path) && Path.Exists(path) ? path : null;
    }

    /// <summary>Takes away what <see cref="Place"/> made.</summary>
    internal static void Remove(NodeConfiguration configuration, string path)
    {
        File.Delete(path);
        if (Chosen(configuration) is null)
        {
            File.Delete(Pointer(configuration));
            Directory.Delete(Path.GetDirectoryName(path)!);
        }
    }

    private static string? Chosen(NodeConfiguration configuration)
    {
        var path = configuration.Host.ControlSocket.Length > 0
            ? Path.GetFullPath(configuration.Host.ControlSocket)
            : Path.Combine(configuration.DataDirectory, FileName);
        return Fits(path) ? path : null;
    }

    private static string Pointer(NodeConfiguration configuration) => Path.Combine(configuration.DataDirectory, PointerName);

    private static bool Fits(string path) => Encoding.UTF8.GetByteCount(path) <= PathBytesMax;
}
