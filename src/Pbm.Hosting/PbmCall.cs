using System.Globalization;
using Kyberium.Engine;

namespace Kyberium.Pbm.Hosting;

/// <summary>One run of a command: who asked, and with which switches. The values were checked against the command's description.</summary>
public sealed class PbmCall
{
    private readonly IReadOnlyDictionary<string, string> _values;

    internal PbmCall(PbmCommand command, IReadOnlyDictionary<string, string> values, CallerContext caller)
    {
        Command = command;
        _values = values;
        Caller = caller;
    }

    /// <summary>Gets the command.</summary>
    public PbmCommand Command { get; }

    /// <summary>Gets who asks, to be handed to the engine: its audit events then name the operator.</summary>
    public CallerContext Caller { get; }

    /// <summary>Gets a switch's text; <see langword="null"/> when it was not given.</summary>
    /// <param name="name">The switch's name, without dashes.</param>
    /// <exception cref="ArgumentException">The command has no such switch of this type.</exception>
    public string? Text(string name) => Value(name, PbmSwitchType.Text);

    /// <summary>Gets the text of a switch that is required.</summary>
    /// <inheritdoc cref="Text"/>
    public string RequiredText(string name) =>
        Text(name) ?? throw new ArgumentException($"'{Command.Name}' does not require --{name}.", nameof(name));

    /// <summary>Gets a switch's number; <see langword="null"/> when it was not given.</summary>
    /// <inheritdoc cref="Text"/>
    public long? Number(string name) =>
        Value(name, PbmSwitchType.Number) is { } text ? long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : null;

    /// <summary>Gets whether a flag was given.</summary>
    /// <inheritdoc cref="Text"/>
    public bool Flag(string name) => Value(name, PbmSwitchType.Flag) is not null;

    private string? Value(string name, PbmSwitchType type) =>
        Command.Switches.Any(one => one.Name == name && one.Type == type)
            ? _values.GetValueOrDefault(name)
            : throw new ArgumentException($"'{Command.Name}' has no switch --{name} that is a {type}.", nameof(name));
}
