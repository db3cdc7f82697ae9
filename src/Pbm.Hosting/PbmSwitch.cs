namespace Kyberium.Pbm.Hosting;

/// <summary>What the value of a switch is.</summary>
public enum PbmSwitchType
{
    /// <summary>Any text.</summary>
    Text = 0,

    /// <summary>A whole number of 64 bits, in decimal digits.</summary>
    Number = 1,

    /// <summary>No value: the switch is there or it is not.</summary>
    Flag = 2,
}

/// <summary>One switch of a command: <c>--name value</c>, or <c>-n value</c> when it has a short form.</summary>
/// <param name="Name">Without dashes: one word of <c>a–z 0–9 -</c>.</param>
/// <param name="Type">What its value is.</param>
/// <param name="Description">One sentence for help, at most 500 characters.</param>
/// <param name="Letter">A letter that stands for the name after one dash; none: it has no short form.</param>
/// <param name="Required">Whether a call without it is refused. Never for a flag.</param>
public sealed record PbmSwitch(string Name, PbmSwitchType Type, string Description, char? Letter = null, bool Required = false)
{
    internal void Check(string command)
    {
        PbmNames.Check(Name, wordsMax: 1);
        PbmNames.CheckDescription($"{command} --{Name}", Description);
        if (Letter is { } letter && !char.IsAsciiLetter(letter))
        {
            throw new ArgumentException($"'{command} --{Name}' has the short form '{letter}'; it must be a letter of a–z or A–Z.");
        }

        if (!Enum.IsDefined(Type) || (Required && Type == PbmSwitchType.Flag))
        {
            throw new ArgumentException($"'{command} --{Name}' is a required flag or of no known type.");
        }
    }
}
