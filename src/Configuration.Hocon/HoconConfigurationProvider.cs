using Microsoft.Extensions.Configuration;

namespace Kyberium.Configuration.Hocon;

/// <summary>Serves the values of a HOCON document, and where each was written.</summary>
internal sealed class HoconConfigurationProvider(Func<HoconDocument?> read) : ConfigurationProvider, IHoconOrigins
{
    private HoconDocument? _document;

    /// <summary>Reads the document; null from the reader is an optional file that is absent.</summary>
    public override void Load()
    {
        _document = read();
        Data = _document is null
            ? new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
            : new Dictionary<string, string?>(_document.Values, StringComparer.OrdinalIgnoreCase);
    }

    public bool TryGetOrigin(string configurationKey, out HoconOrigin origin)
    {
        origin = default;
        return _document?.TryGetOrigin(configurationKey, out origin) ?? false;
    }
}
