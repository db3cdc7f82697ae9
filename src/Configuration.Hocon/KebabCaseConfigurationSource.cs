using Microsoft.Extensions.Configuration;

namespace Kyberium.Configuration.Hocon;

/// <summary>Wraps another source, such as JSON or the command line, and normalises its keys.</summary>
internal sealed class KebabCaseConfigurationSource(IConfigurationSource inner) : IConfigurationSource
{
    public IConfigurationProvider Build(IConfigurationBuilder builder) =>
        new KebabCaseConfigurationProvider(inner.Build(builder));
}
