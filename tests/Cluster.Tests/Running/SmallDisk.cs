using System.Diagnostics;
using System.Globalization;

namespace Kyberium.Cluster.Tests.Running;

/// <summary>A file system of a few megabytes for a database's tables, that can be filled and emptied. It is seen by those who are started within, and goes with this process.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const string Keeper = """
        chmod 755 "$1" && mkdir "$1/space" && mount -t tmpfs -o size=192m,mode=700 tmpfs "$1/space" && chown postgres "$1/space" && echo ready && read -r end
        """;

    private readonly string _root;
    private readonly Process _keeper;

    private SmallDisk(string root, Process keeper) => (_root, _keeper) = (root, keeper);

    /// <summary>Gets where it is, for those within.</summary>
    internal string Folder => Path.Combine(_root, "space");

    /// <summary>Gets a file that takes its room, as it is reached from outside.</summary>
    private string Ballast => string.Create(CultureInfo.InvariantCulture, $"/proc/{_keeper.Id}/root{Folder}/ballast");

    internal static async Task<SmallDisk> MakeAsync()
    {
        var root = Directory.CreateTempSubdirectory("kyberium-disk-").FullName;
        var start = new ProcessStartInfo("unshare", ["--mount", "bash", "-c", Keeper, "bash", root]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        var keeper = Process.Start(start)!;
        Assert.Equal("ready", await keeper.StandardOutput.ReadLineAsync().WaitAsync(ScratchNode.Patience));
        return new SmallDisk(root, keeper);
    }

    /// <summary>Gives a place where it is seen, that is otherwise the same.</summary>
    internal ProcessPlace Within(ProcessPlace place) =>
        place with { Enter = ["nsenter", string.Create(CultureInfo.InvariantCulture, $"--mount=/proc/{_keeper.Id}/ns/mnt"), "--", .. place.Enter] };

    /// <summary>Takes all the room that is left.</summary>
    internal async Task FillAsync()
    {
        await using var ballast = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            for (var block = new byte[64 << 10]; ;)
            {
                await ballast.WriteAsync(block);
            }
        }
        catch (IOException)
        {
            Assert.True(ballast.Length > 0, "there was no room before");
        }
    }

    internal void Free() => File.Delete(Ballast);

    public void Dispose()
    {
        _keeper.Kill();
        _keeper.WaitForExit();
        _keeper.Dispose();
        Directory.Delete(_root, recursive: true);
    }
}
