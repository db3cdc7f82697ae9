using System.Globalization;
using System.Runtime.CompilerServices;
using Kyberium.Host.Nodes;
using Kyberium.Host.Running;
using Kyberium.Pbm.Hosting;

namespace Kyberium.Host.Palettes;

/// <summary><c>node</c>: this process.</summary>
internal sealed class NodePalette(Node node, LogTail logs, StopRequest stop)
{
    private const int LinesDefault = 20;

    internal PbmPalette Make() => new("node", "Looks at this process, and ends it.",
    [
        new PbmCommand { Name = "info", Description = "Shows what runs here, on which store, and where it listens.", Items = "nodes", Run = PbmCommand.One(InfoAsync) },
        new PbmCommand
        {
            Name = "drain",
            Description = "Ends the process as a signal does: it takes no more, finishes what it accepted, writes a checkpoint.",
            Items = "nodes",
            Changes = true,
            Run = PbmCommand.One((_, _) =>
            {
                stop.Ask();     // the answer to this very call is among what is finished first
                return Task.FromResult(PbmItem.Card(("process", Environment.ProcessId), ("state", "draining")));
            }),
        },
        Log("log tail", "Shows the last lines of the log, then new ones as they come.", follows: true),
        Log("log peek", "Shows the last lines of the log.", follows: false),
    ]);

    private Task<PbmItem> InfoAsync(PbmCall call, CancellationToken cancellationToken)
    {
        var info = node.Describe();
        return Task.FromResult(PbmItem.Card(
            ("version", info.Version), ("process", info.Process), ("journal", info.Journal), ("keyring", info.Keyring), ("listen", info.Listen),
            ("residentPeers", node.Engine.ResidentPeers), ("shards", node.Engine.RunningShards.Count()), ("tailBytes", node.Engine.JournalTailBytes)));
    }

    private PbmCommand Log(string name, string description, bool follows) => new()
    {
        Name = name,
        Description = description,
        Items = "lines",
        Follows = follows,
        Switches = [new PbmSwitch("lines", PbmSwitchType.Number, $"How many of the last; left out: {LinesDefault}. At most {LogTail.KeptCountMax} are kept.", 'n')],
        Run = (call, cancellationToken) => TailAsync(call, follows, cancellationToken),
    };

    private async IAsyncEnumerable<PbmItem> TailAsync(PbmCall call, bool follows, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var count = call.Number("lines") ?? LinesDefault;
        if (count is < 0 or > LogTail.KeptCountMax)
        {
            throw HostErrors.Invalid($"--lines is {count}; it must be 0 to {LogTail.KeptCountMax}");
        }

        await foreach (var line in logs.ReadAsync((int)count, follows, cancellationToken))
        {
            var (at, level) = (line.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), line.Level.ToString().ToLowerInvariant());
            yield return PbmItem.Row(("at", at), ("level", level), ("category", line.Category), ("event", line.Event), ("text", line.Text));
        }
    }
}
