using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Kyberium.Engine.Sqlite;

/// <summary>Chooses the SQLite library once per process: the system's when it is newer than the one in the package, since
/// distributions patch theirs.</summary>
internal static class SqliteLibrary
{
    private const string BundledName = "e_sqlite3";
    private const string SystemNameOnLinux = "libsqlite3.so.0";

    private static readonly Lazy<string> Loaded = new(Load);

    /// <summary>Loads the library at the first call.</summary>
    /// <returns>Its version and origin, e.g. <c>SQLite 3.40.1 (libsqlite3.so.0 of the system)</c>.</returns>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.ProviderUnavailable"/>: it is not thread-safe.</exception>
    internal static string Ensure() => Loaded.Value;

    private static string Load()
    {
        var provider = typeof(SQLite3Provider_e_sqlite3).Assembly;
        var origin = "bundled";
        if (ChooseSystem(provider) is { } system)
        {
            origin = Redirect(provider, system) ? $"{SystemNameOnLinux} of the system" : "chosen by the host process";
        }

        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        var description = $"SQLite {raw.sqlite3_libversion().utf8_to_string()} ({origin})";
        return raw.sqlite3_threadsafe() != 0 ? description : throw SqliteErrors.NoThreadSafeLibrary(description);
    }

    private static IntPtr? ChooseSystem(Assembly provider)
    {
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryLoad(SystemNameOnLinux, out var system))
        {
            return null;
        }

        return NativeLibrary.TryLoad(BundledName, provider, null, out var bundled) && VersionOf(bundled) >= VersionOf(system)
            ? null
            : system;
    }

    /// <returns>Whether the redirection is ours; false when the host process has set its own.</returns>
    private static bool Redirect(Assembly provider, IntPtr system)
    {
        try
        {
            NativeLibrary.SetDllImportResolver(provider, (name, _, _) => name == BundledName ? system : IntPtr.Zero);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;   // a resolver can be set only once; the host's own choice stands, and Description shows it
        }
    }

    private static unsafe int VersionOf(IntPtr library) =>
        NativeLibrary.TryGetExport(library, "sqlite3_libversion_number", out var function)
            ? ((delegate* unmanaged[Cdecl]<int>)function)()
            : 0;
}
