using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm.Hosting.Serving;

/// <summary>What a process offers, found by name, and described.</summary>
internal sealed class Catalogue
{
    private readonly Dictionary<(string Palette, string Command), PbmCommand> _commands = [];

    /// <exception cref="Kyberium.Engine.EngineException"><see cref="Kyberium.Engine.EngineErrorCode.OptionsInvalid"/>: a name is there
    /// twice, or the description of all fits no frame.</exception>
    internal Catalogue(string program, IReadOnlyCollection<PbmPalette> palettes)
    {
        try
        {
            PbmNames.CheckList("the process", palettes.Select(palette => palette.Name), PbmLimits.PalettesMax);
            Palettes = [.. palettes.Select(PaletteDescription.Of)];
            _ = PbmCodec.Encode(new PbmMessage.Welcome(PbmLimits.Version, program, new string('x', PbmLimits.ProgramLengthMax), Palettes));
        }
        catch (Exception failure) when (failure is ArgumentException or PbmProtocolException)
        {
            throw PbmErrors.TooManyPalettes(failure.Message);
        }

        foreach (var palette in palettes)
        {
            foreach (var command in palette.Commands)
            {
                _commands.Add((palette.Name, command.Name), command);
            }
        }
    }

    internal IReadOnlyList<PaletteDescription> Palettes { get; }

    /// <exception cref="PbmProtocolException"><see cref="PbmErrorCode.CommandUnknown"/>.</exception>
    internal PbmCommand Find(string palette, string command) => _commands.GetValueOrDefault((palette, command))
        ?? throw new PbmProtocolException(PbmErrorCode.CommandUnknown, $"this process has no command '{palette} {command}'; see 'pbm --help'");
}
