using System.Diagnostics;

namespace Kyberium.Tests.Support;

/// <summary>Where a process of a real program runs. Part of each test project that needs it.</summary>
/// <param name="Enter">A command that what is started is an argument of, such as one that enters a network namespace; empty: none.</param>
/// <param name="Programs">The folder the program lies in; null: beside the tests.</param>
internal sealed record ProcessPlace(IReadOnlyList<string> Enter, string? Programs = null)
{
    /// <summary>Gets the place where the tests run themselves.</summary>
    internal static ProcessPlace Here { get; } = new([]);

    /// <summary>Gives the path of a program of this repository.</summary>
    internal string PathOf(string program) => Path.Combine(Programs ?? AppContext.BaseDirectory, program);

    /// <summary>Says how to start a command there.</summary>
    internal ProcessStartInfo Command(params IEnumerable<string> command)
    {
        string[] words = [.. Enter, .. command];
        return new ProcessStartInfo(words[0], words[1..]);
    }
}
