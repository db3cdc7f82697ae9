using Kyberium.Engine;
using Kyberium.Host.Configuration;

namespace Kyberium.Host.Running;

/// <summary>Gives a node the links that its configuration names.</summary>
internal static class NodeLinks
{
    internal static void Add(EngineParts parts, NodeConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (configuration.Host.Listen.Count > 0)
        {
            throw HostErrors.Invalid("kyberium.host.listen names addresses, and this build has no link to listen with");
        }
    }
}
