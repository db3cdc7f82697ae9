using System.Globalization;
using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm.Hosting.Serving;

/// <summary>Holds what a caller gives against what a command takes, so that no command has to.</summary>
internal static class SwitchValues
{
    /// <exception cref="PbmProtocolException"><see cref="PbmErrorCode.SwitchInvalid"/>.</exception>
    internal static void Check(string palette, PbmCommand command, IReadOnlyDictionary<string, string> values)
    {
        foreach (var (name, value) in values)
        {
            var one = command.Switches.FirstOrDefault(known => known.Name == name) ?? throw Invalid(palette, command, $"there is no switch --{name}");
            switch (one.Type)
            {
                case PbmSwitchType.Number when !long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _):
                    throw Invalid(palette, command, $"--{name} takes a whole number, not '{value}'");
                case PbmSwitchType.Flag when value.Length > 0:
                    throw Invalid(palette, command, $"--{name} takes no value");
                default:
                    break;
            }
        }

        if (command.Switches.FirstOrDefault(one => one.Required && !values.ContainsKey(one.Name)) is { } missing)
        {
            throw Invalid(palette, command, $"--{missing.Name} is missing");
        }
    }

    private static PbmProtocolException Invalid(string palette, PbmCommand command, string why) =>
        new(PbmErrorCode.SwitchInvalid, $"{why}; see '{palette} {command.Name} --help'");
}
