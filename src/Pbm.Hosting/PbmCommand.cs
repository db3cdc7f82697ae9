using System.Runtime.CompilerServices;

namespace Kyberium.Pbm.Hosting;

/// <summary>One thing an operator can ask of a process: what it is called, what it takes, and what runs it.</summary>
public sealed record PbmCommand
{
    /// <summary>Gets what an operator types after the palette's name: up to three words of <c>a–z 0–9 -</c>, one space between them.</summary>
    public required string Name { get; init; }

    /// <summary>Gets one sentence for help, at most 500 characters.</summary>
    public required string Description { get; init; }

    /// <summary>Gets what it takes, at most 32. Default: nothing.</summary>
    public IReadOnlyList<PbmSwitch> Switches { get; init; } = [];

    /// <summary>Gets what the items are, as a plural for the count at the end. Default <c>items</c>.</summary>
    public string Items { get; init; } = "items";

    /// <summary>Gets whether running it changes something. Such runs are logged with who asked, before and after.</summary>
    public bool Changes { get; init; }

    /// <summary>Gets whether it goes on until somebody cancels it, so that no time limit is set. The server's stop ends it at once.</summary>
    public bool Follows { get; init; }

    /// <summary>Gets what runs it. Items go out as they come, at the pace of whoever reads them.</summary>
    /// <remarks>An <see cref="Kyberium.Engine.EngineException"/> is told to the operator with its code and message; any other exception
    /// is logged, and the operator hears only that the command failed.</remarks>
    public required Func<PbmCall, CancellationToken, IAsyncEnumerable<PbmItem>> Run { get; init; }

    /// <summary>Makes a <see cref="Run"/> that gives one item.</summary>
    public static Func<PbmCall, CancellationToken, IAsyncEnumerable<PbmItem>> One(Func<PbmCall, CancellationToken, Task<PbmItem>> answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return (call, cancellationToken) => OneAsync(answer, call, cancellationToken);
    }

    internal void Check(string palette)
    {
        var name = $"{palette} {Name}";
        PbmNames.Check(Name, wordsMax: 3);
        PbmNames.CheckDescription(name, Description);
        PbmNames.Check(Items, wordsMax: 3);
        PbmNames.CheckList(name, Switches.Select(one => one.Name), Protocol.PbmLimits.SwitchesMax);
        PbmNames.CheckList(
            name, Switches.Where(one => one.Letter is not null).Select(one => one.Letter.ToString()!), Protocol.PbmLimits.SwitchesMax);
        foreach (var one in Switches)
        {
            one.Check(name);
        }
    }

    private static async IAsyncEnumerable<PbmItem> OneAsync(
        Func<PbmCall, CancellationToken, Task<PbmItem>> answer, PbmCall call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return await answer(call, cancellationToken).ConfigureAwait(false);
    }
}
