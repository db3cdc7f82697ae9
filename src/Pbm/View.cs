using System.Globalization;

namespace Kyberium.Pbm;

/// <summary>How answers are shown: the options that go with every command, wherever they stand.</summary>
/// <param name="Json">Whether as documents for machines, one a line.</param>
/// <param name="Every">How often the command is repeated; nothing: it runs once.</param>
/// <param name="Times">How often in all; nothing: until it is interrupted.</param>
/// <param name="WantsHelp">Whether help is asked for instead.</param>
internal sealed record View(bool Json = false, TimeSpan? Every = null, int? Times = null, bool WantsHelp = false)
{
    private static readonly TimeSpan EveryMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan EveryMax = TimeSpan.FromDays(1);

    internal static bool IsOption(string argument) => argument is "--json" or "--every" or "--times" or "--help" or "-h";

    internal static bool TakesValue(string argument) => argument is "--every" or "--times";

    /// <summary>Takes these options out of the words.</summary>
    /// <exception cref="PbmFailure">One lacks its value, or has one that cannot be.</exception>
    internal static (View View, IReadOnlyList<string> Words) Take(IEnumerable<string> words)
    {
        var (view, others) = (new View(), new List<string>());
        var remaining = new Queue<string>(words);
        while (remaining.TryDequeue(out var word))
        {
            switch (word)
            {
                case "--json":
                    view = view with { Json = true };
                    break;
                case "--help" or "-h":
                    view = view with { WantsHelp = true };
                    break;
                case "--every":
                    var text = Arguments.Value(word, remaining);
                    view = Arguments.Duration(text) is { } every && every >= EveryMin && every <= EveryMax
                        ? view with { Every = every } : throw PbmFailures.Usage($"--every takes 100ms to 24h, such as 2s, not '{text}'");
                    break;
                case "--times":
                    text = Arguments.Value(word, remaining);
                    view = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var times) && times > 0
                        ? view with { Times = times } : throw PbmFailures.Usage($"--times takes a whole number above 0, not '{text}'");
                    break;
                default:
                    others.Add(word);
                    break;
            }
        }

        return view.Times is null || view.Every is not null ? (view, others) : throw PbmFailures.Usage("--times goes with --every");
    }
}
