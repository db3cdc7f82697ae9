using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Kyberium.Cluster.Tests.Running;

/// <summary>One call of a sender at one node.</summary>
/// <param name="Node">Which node was asked.</param>
/// <param name="Text">What was to be sent.</param>
/// <param name="Began">When, by this process's monotonic clock.</param>
/// <param name="Ended">When it was answered.</param>
/// <param name="Failure">What the node said; null: it took the message.</param>
internal sealed partial record Attempt(string Node, string Text, long Began, long Ended, string? Failure)
{
    /// <summary>Gets who sent.</summary>
    internal string Sender => Text.Split(' ')[0];

    /// <summary>Gets how long it took.</summary>
    internal TimeSpan Took => Stopwatch.GetElapsedTime(Began, Ended);

    /// <summary>Gets whether it failed although there was a node to answer, with a code that does not say "try again".</summary>
    internal bool IsRefusal => Failure is not null && !TryAgain().IsMatch(Failure) && !NotThere().IsMatch(Failure);

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"'{Text}' at {Node}: {Took.TotalMilliseconds:0} ms, {Failure?.Split('\n')[0] ?? "taken"}");

    [GeneratedRegex("^KY3[0-9]{3}: ")]
    private static partial Regex TryAgain();

    /// <summary>What a command says of a node that does not run.</summary>
    [GeneratedRegex("does not run on this data directory")]
    private static partial Regex NotThere();
}
