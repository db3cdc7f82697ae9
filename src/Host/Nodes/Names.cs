using Kyberium.Engine;
using Kyberium.Engine.Templates;

namespace Kyberium.Host.Nodes;

/// <summary>Reads the names that requests carry.</summary>
internal static class Names
{
    internal static IdentityName Identity(string text) =>
        IdentityName.TryParse(text, out var identity) ? identity : throw HostErrors.NotAName("an identity", text);

    internal static PeerId Peer(string text) =>
        PeerId.TryParse(text, out var peer) ? peer : throw HostErrors.NotAName("a peer", text);

    internal static Suite Suite(string text) =>
        SuiteNames.Find(text.ToUpperInvariant()) ?? throw HostErrors.NoSuite(text, SuiteNames.All);
}
