using System.Globalization;
using Kyberium.Engine;

namespace Kyberium.Curves;

/// <summary>What the command line asks for.</summary>
internal sealed record CurveOptions
{
    internal const string Usage = """
        Kyberium.Curves: throughput and latency of engines by load, sessions, message size, shards and cores, as curves.csv and SVG.
          --out FOLDER               where the files go (perf/results); rows measured there before, on this machine, are kept until measured anew
          --sessions 1,100,10000     session counts; 1000000 works too, volatile, on two cores: about 3 GB of disk, minutes of handshakes
          --aead platform,intrinsics --cores 1,2 --modes volatile,durable     which of them
          --seconds 0.8              how long each point runs
          --long                     5 seconds a point, and 1,000,000 sessions
          --quick                    tiny: shows that nothing has rotted, measures nothing
          --draw                     draws what the folder's curves.csv holds, and measures nothing
        """;

    private static readonly string[] Flags = ["--long", "--quick", "--draw", "--help"];
    private static readonly string[] Settings = ["--out", "--sessions", "--aead", "--cores", "--modes", "--seconds", "--measure"];

    internal bool IsQuick { get; private init; }

    internal bool DrawsOnly { get; private init; }

    internal bool AsksForHelp { get; private init; }

    internal string Folder { get; private init; } = "perf/results";

    internal IReadOnlyList<AeadProviderChoice> Aead { get; private init; } = [];

    internal IReadOnlyList<int> Cores { get; private init; } = [];

    internal IReadOnlyList<Mode> Modes { get; private init; } = [];

    internal IReadOnlyList<int> Sessions { get; private init; } = [];

    internal double Seconds { get; private init; }

    /// <summary>Gets what a child process measures; <see langword="null"/> in the process that starts them.</summary>
    internal Part? Part { get; private init; }

    /// <summary>Gets the count of sessions from which on they are made once for all providers, and most of them put away.</summary>
    internal int CrowdMin => IsQuick ? 40 : 100_000;

    internal IReadOnlyList<int> Sizes => IsQuick ? [64, 256] : [64, 256, 1_024, 4_096, 16_384, 65_536];

    internal IReadOnlyList<int> Shards => IsQuick ? [1, 64] : [1, 4, 16, 64];

    /// <exception cref="ArgumentException">An argument is not known, or its value makes no sense.</exception>
    internal static CurveOptions Parse(string[] arguments)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var flags = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < arguments.Length; at++)
        {
            if (Flags.Contains(arguments[at]))
            {
                flags.Add(arguments[at]);
            }
            else if (Settings.Contains(arguments[at]) && at + 1 < arguments.Length)
            {
                values[arguments[at]] = arguments[++at];
            }
            else
            {
                throw new ArgumentException($"'{arguments[at]}' is not known, or its value is missing");
            }
        }

        var (quick, isLong) = (flags.Contains("--quick"), flags.Contains("--long"));
        string Value(string name, string otherwise) => values.GetValueOrDefault(name, otherwise);
        IReadOnlyList<T> List<T>(string name, string otherwise, Func<string, T> read) => [.. Value(name, otherwise).Split(',').Select(read)];
        static int Count(string text) => int.TryParse(text, CultureInfo.InvariantCulture, out var count) && count > 0
            ? count : throw new ArgumentException($"'{text}' is not a count");
        return new CurveOptions
        {
            IsQuick = quick,
            DrawsOnly = flags.Contains("--draw"),
            AsksForHelp = flags.Contains("--help"),
            Folder = Value("--out", "perf/results"),
            Aead = List("--aead", System.Runtime.Intrinsics.X86.Aes.IsSupported && System.Runtime.Intrinsics.X86.Pclmulqdq.IsSupported ? "platform,intrinsics" : "platform", text => Enum.Parse<AeadProviderChoice>(text, ignoreCase: true)),
            Cores = List("--cores", "1,2", Count),
            Modes = List("--modes", "volatile,durable", text => Enum.Parse<Mode>(text, ignoreCase: true)),
            Sessions = List("--sessions", quick ? "1,4,40" : isLong ? "1,100,10000,1000000" : "1,100,10000", Count),
            Seconds = quick ? 0.05 : double.Parse(Value("--seconds", isLong ? "5" : "0.8"), CultureInfo.InvariantCulture),
            Part = values.TryGetValue("--measure", out var part) ? Curves.Part.Parse(part) : null,
        };
    }
}
