using System.Globalization;
using Kyberium.Engine;

namespace Kyberium.Load;

/// <summary>What to measure, and how long.</summary>
/// <param name="Quick">Small sizes, one round: shows that nothing has rotted, measures nothing.</param>
/// <param name="Peers">Sessions between the two engines.</param>
/// <param name="Rounds">Rounds of each row, of which median, least and most are printed.</param>
/// <param name="Aead">The providers that seal, one after the other.</param>
/// <param name="Rows">The groups to run; <see langword="null"/>: all.</param>
internal sealed record LoadOptions(bool Quick, int Peers, int Rounds, IReadOnlyList<AeadProviderChoice> Aead, IReadOnlySet<string>? Rows)
{
    internal static LoadOptions Parse(string[] args)
    {
        var quick = args.Contains("--quick");
        return new LoadOptions(
            quick,
            int.Parse(Value(args, "--peers") ?? (quick ? "20" : "1000"), CultureInfo.InvariantCulture),
            quick ? 1 : 5,
            [.. (Value(args, "--aead") ?? "platform,intrinsics").Split(',').Select(name => Enum.Parse<AeadProviderChoice>(name, ignoreCase: true))],
            Value(args, "--rows")?.Split(',').ToHashSet(StringComparer.Ordinal));
    }

    private static string? Value(string[] args, string name) =>
        Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}
