using System.Globalization;
using Kyberium.Engine;

namespace Kyberium.Curves;

/// <summary>Whether messages are sealed for the caller to carry, or sent until acknowledged.</summary>
internal enum Mode
{
    /// <summary>A call is one awaited seal.</summary>
    Volatile,

    /// <summary>A call is one durable send until it is journalled, SQLite with synchronous=FULL; the other engine of the process receives and acknowledges.</summary>
    Durable,
}

/// <summary>What one child process measures: a provider, a mode, on so many cores, over so many sessions.</summary>
internal sealed record Part(AeadProviderChoice Aead, Mode Mode, int Cores, int Sessions)
{
    /// <summary>The text that <see cref="Parse"/> reads.</summary>
    internal string Text => FormattableString.Invariant($"{Aead}/{Mode}/{Cores}/{Sessions}").ToLowerInvariant();

    internal static Part Parse(string text) => text.Split('/') is [var aead, var mode, var cores, var sessions]
        ? new Part(
            Enum.Parse<AeadProviderChoice>(aead, ignoreCase: true), Enum.Parse<Mode>(mode, ignoreCase: true),
            int.Parse(cores, CultureInfo.InvariantCulture), int.Parse(sessions, CultureInfo.InvariantCulture))
        : throw new ArgumentException($"'{text}' names no part");
}
