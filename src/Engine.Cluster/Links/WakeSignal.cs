using System.Threading.Channels;

namespace Kyberium.Engine.Cluster.Links;

/// <summary>Wakes the one loop that waits, however often it is told while that is busy.</summary>
internal sealed class WakeSignal
{
    private readonly Channel<byte> _told = Channel.CreateBounded<byte>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    internal void Wake() => _told.Writer.TryWrite(0);

    internal ValueTask<byte> WaitAsync(CancellationToken cancellationToken) => _told.Reader.ReadAsync(cancellationToken);
}
