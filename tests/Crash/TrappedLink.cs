using Kyberium.Engine;
using Kyberium.Engine.AspNetCore;

namespace Kyberium.Crash;

/// <summary>The real link, with the trap around what carries handshakes and rekeys. docs/formats/envelope.md has the types.</summary>
internal sealed class TrappedLink(HttpPeerLink link, StepTrap trap) : IPeerLink
{
    private const byte RekeyCarrier = 4;
    private const byte Handshake1 = 16;
    private const byte Handshake2 = 17;

    public bool CanReach(string address) => link.CanReach(address);

    public async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> SendAsync(
        string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> returned = [];
        async ValueTask SendOnAsync() => returned = await link.SendAsync(address, envelopes, cancellationToken);
        if (envelopes.Any(envelope => envelope.Span[1] is Handshake1 or Handshake2))
        {
            await trap.RunAsync(StepKind.Handshake, SendOnAsync);
        }
        else if (envelopes.Any(envelope => envelope.Span[1] == RekeyCarrier))
        {
            await trap.RunAsync(StepKind.Rekey, SendOnAsync);
        }
        else
        {
            await SendOnAsync();
        }

        return returned;
    }

    public ValueTask StartAsync(IPeerLinkReceiver receiver, CancellationToken cancellationToken = default) =>
        link.StartAsync(receiver, cancellationToken);

    public ValueTask DisposeAsync() => link.DisposeAsync();
}
