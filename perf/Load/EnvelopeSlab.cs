using Kyberium.Engine;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>Envelopes to be opened, all in one array: 600,000 arrays that live until then would be copied by the collector while calls are timed.</summary>
internal sealed class EnvelopeSlab(int count, int payloadSize)
{
    private readonly int _size = payloadSize + SessionEngine.EnvelopeOverhead;
    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(count * (payloadSize + SessionEngine.EnvelopeOverhead));

    internal ReadOnlyMemory<byte> this[int number] => _bytes.AsMemory(number * _size, _size);

    /// <summary>Seals one of each place, each for the session that the place's number spreads to.</summary>
    internal async Task FillAsync(Pair pair, byte[] payload)
    {
        for (var number = 0; number < count; number++)
        {
            var session = pair.Sessions[Spread.Over(number, pair.Sessions.Length)];
            (await pair.Sender.SealAsync(session.Peer, payload, session.Identity)).CopyTo(_bytes.AsSpan(number * _size));
        }
    }
}
