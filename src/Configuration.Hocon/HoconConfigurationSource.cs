using Microsoft.Extensions.Configuration;

namespace Kyberium.Configuration.Hocon;

/// <summary>A HOCON document as a configuration source. Made by <see cref="HoconConfigurationExtensions"/>.</summary>
internal sealed class HoconConfigurationSource(Func<HoconDocument?> read) : IConfigurationSource
{
    public IConfigurationProvider Build(IConfigurationBuilder builder) => new HoconConfigurationProvider(read);
}
