using System.Globalization;
using Kyberium.Engine;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Load;

/// <summary>What to measure, and how long.</summary>
/// <param name="Quick">Small sizes, one round: shows that nothing has rotted, measures nothing.</param>
/// <param name="Peers">Sessions between the two engines.</param>
/// <param name="Stored">Peers in the store over which starting is measured.</param>
/// <param name="Rounds">Rounds of each row, of which median, least and most are printed.</param>
/// <param name="Aead">The providers that seal, one after the other.</param>
/// <param name="Groups">The groups of rows to run; <see langword="null"/>: all.</param>
internal sealed record LoadOptions(bool Quick, int Peers, int Stored, int Rounds, IReadOnlyList<AeadProviderChoice> Aead, IReadOnlySet<string>? Groups)
{
    /// <exception cref="ArgumentException">An argument is not known.</exception>
    internal static LoadOptions Parse(string[] args)
    {
        string[] settings = ["--peers", "--stored", "--aead", "--rows"];
        for (var at = 0; at < args.Length; at++)
        {
            if (args[at] != "--quick" && (!settings.Contains(args[at]) || at + 1 == args.Length))
            {
                throw new ArgumentException($"'{args[at]}' is not known, or its value is missing");
            }

            at += args[at] == "--quick" ? 0 : 1;
        }

        var quick = args.Contains("--quick");
        return new LoadOptions(
            quick,
            int.Parse(Value(args, "--peers") ?? (quick ? "20" : "10000"), CultureInfo.InvariantCulture),
            int.Parse(Value(args, "--stored") ?? (quick ? "30" : "100000"), CultureInfo.InvariantCulture),
            quick ? 1 : 5,
            [.. (Value(args, "--aead") ?? (AeadProvider.Intrinsics is null ? "platform" : "platform,intrinsics")).Split(',').Select(name => Enum.Parse<AeadProviderChoice>(name, ignoreCase: true))],
            Value(args, "--rows")?.Split(',').ToHashSet(StringComparer.Ordinal));
    }

    private static string? Value(string[] args, string name) =>
        Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}
