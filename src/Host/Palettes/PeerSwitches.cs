using Kyberium.Engine;
using Kyberium.Host.Documents;
using Kyberium.Pbm.Hosting;

namespace Kyberium.Host.Palettes;

/// <summary>The switches that name a peer, and what they give.</summary>
internal static class PeerSwitches
{
    internal static PbmSwitch Peer { get; } = new("peer", PbmSwitchType.Text, "The peer's name.", 'p', Required: true);

    internal static PbmSwitch Identity { get; } = new("identity", PbmSwitchType.Text, "The identity that knows it; left out: default.", 'i');

    internal static PbmSwitch Limit(string what) =>
        new("limit", PbmSwitchType.Number, $"How many {what} at most; left out: {LimitDefault:N0}. Each is brought into memory.", 'n');

    internal const int LimitDefault = 1_000;

    internal static PeerReference ReferenceOf(PbmCall call) =>
        new(call.Text(Identity.Name) ?? IdentityName.Default.Value, call.RequiredText(Peer.Name));

    internal static int LimitOf(PbmCall call) => call.Number("limit") switch
    {
        null => LimitDefault,
        >= 1 and <= int.MaxValue and var number => (int)number,
        var number => throw HostErrors.Invalid($"--limit is {number}; it must be 1 to {int.MaxValue}"),
    };
}
