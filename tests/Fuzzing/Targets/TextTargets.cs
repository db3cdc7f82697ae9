using System.Text;
using Kyberium.Configuration.Hocon;
using Kyberium.Engine;
using Kyberium.Host;
using Kyberium.Host.Nodes;

namespace Kyberium.Fuzzing.Targets;

/// <summary>What people type: configuration and commands.</summary>
internal static class TextTargets
{
    private static readonly HoconReadOptions Reading = new()
    {
        Environment = name => name.Length % 2 == 0 ? "value" : null,     // nothing of this process
        Limits = new HoconLimits { ExpansionStepsMax = 100_000, ExpansionCharsMax = 1 << 20 },
    };

    private static readonly Terminal Silent = new(Stream.Null, Stream.Null, TextWriter.Null, new Dictionary<string, string>());

    private static readonly string[] CommandLines =
    [
        "serve\n--config\nnode.conf", "identity\ncreate\nalice\n--suite\nMLKEM768-P256", "identity\nshow\n--json", "peer\nadd\nbob\nbob.pub\n--address\nhttp://bob:5100",
        "peer\nreset-stream\nbob\n--identity\nalice", "send\nbob\n--text\nhello\n--expires\n5m", "receive\n--count\n3", "inspect\n--verify\n/data",
        "backup\n/copy", "restore\n/copy\n--accept", "demo\n--file\nalice.txt\n--kills\n3", "dead-letters\ndrop\nbob\n7", "--help", "[suggest:3]\nser", "@file",
    ];

    internal static FuzzTarget Hocon { get; } = new(
        "hocon",
        () => [.. Laws.Files("hocon", "*.conf"), .. Laws.Files("Vectors/hocon", "*.conf"), .. Laws.Files("Vectors/hocon", "*.json")],
        bytes =>
        {
            try
            {
                var read = HoconDocument.Parse(Encoding.UTF8.GetString(bytes), Reading);
                foreach (var value in read.Values.Values)
                {
                    _ = HoconDuration.TryParse(value, out _);
                    _ = HoconSize.TryParse(value, out _);
                    _ = HoconBoolean.TryParse(value, out _);
                }

                return true;
            }
            catch (HoconException)
            {
                return false;
            }
        });

    /// <summary>Arguments separated by line feeds: parsed, never run.</summary>
    internal static FuzzTarget CommandLine { get; } = new(
        "command-line",
        () => CommandLines.Select(Encoding.UTF8.GetBytes),
        bytes =>
        {
            var arguments = Encoding.UTF8.GetString(bytes).Split('\n');
            var parsed = Subcommands.Parse(Silent, arguments);
            foreach (var argument in arguments)
            {
                Read(argument);
            }

            return parsed.Errors.Count == 0;
        });

    private static void Read(string text)
    {
        try
        {
            _ = Names.Peer(text);
            _ = Names.Identity(text);
            _ = Names.Suite(text);
        }
        catch (EngineException)
        {
            // Refused with a code: what every text may expect.
        }
    }
}
