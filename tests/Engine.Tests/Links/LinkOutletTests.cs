using System.Threading.Channels;
using Kyberium.Engine.Links;
using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Tests.Links;

public sealed class LinkOutletTests
{
    [Fact]
    public async Task The_address_that_worked_is_tried_first_from_then_on()
    {
        var link = new HalfDeadLink();
        await using var outlet = new LinkOutlet(new ThreadPoolScheduler(TimeProvider.System), new EngineOptions().ToSettings().Links, [link]);
        var peer = new PeerKey(IdentityName.Default, new PeerId("bob"));
        for (var envelope = 0; envelope < 3; envelope++)
        {
            outlet.Enqueue(peer, ["dead", "alive"], new byte[44], 44);
            while (await link.Tried.Reader.ReadAsync() != "alive")
            {
            }
        }

        Assert.Equal(1, link.Failures);
    }

    private sealed class HalfDeadLink : IPeerLink
    {
        internal Channel<string> Tried { get; } = Channel.CreateUnbounded<string>();

        internal int Failures { get; private set; }

        public bool CanReach(string address) => true;

        public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> SendAsync(
            string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, CancellationToken cancellationToken = default)
        {
            Tried.Writer.TryWrite(address);
            if (address == "dead")
            {
                Failures++;
                throw new EngineException(EngineErrorCode.PeerUnreachable, "nobody is there");
            }

            return new([]);
        }

        public ValueTask StartAsync(IPeerLinkReceiver receiver, CancellationToken cancellationToken = default) => default;

        public ValueTask DisposeAsync() => default;
    }
}
