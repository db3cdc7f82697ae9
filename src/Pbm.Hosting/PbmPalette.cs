namespace Kyberium.Pbm.Hosting;

/// <summary>Commands that belong together, such as <c>session</c> or <c>journal</c>. An operator types the palette's name, then a command's.</summary>
public sealed class PbmPalette
{
    /// <param name="name">What an operator types: 1 to 64 of <c>a–z 0–9 -</c>, a letter first.</param>
    /// <param name="description">One sentence for help, at most 500 characters.</param>
    /// <param name="commands">At most 64, each name once.</param>
    /// <exception cref="ArgumentException">A name has another form or is there twice, or there is too much of something.</exception>
    public PbmPalette(string name, string description, IReadOnlyList<PbmCommand> commands)
    {
        ArgumentNullException.ThrowIfNull(commands);
        PbmNames.Check(name, wordsMax: 1);
        PbmNames.CheckDescription(name, description);
        PbmNames.CheckList(name, commands.Select(command => command.Name), Protocol.PbmLimits.CommandsMax);
        foreach (var command in commands)
        {
            command.Check(name);
        }

        Name = name;
        Description = description;
        Commands = [.. commands];
    }

    /// <summary>Gets what an operator types.</summary>
    public string Name { get; }

    /// <summary>Gets the sentence for help.</summary>
    public string Description { get; }

    /// <summary>Gets the commands in the order in which help lists them.</summary>
    public IReadOnlyList<PbmCommand> Commands { get; }
}
