using Kyberium.Engine;
using Kyberium.Engine.Cryptography;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>Seals and opens in turn, for an open loop of one or two threads: each gets numbers of which every other pair seals. What a call gave is checked.</summary>
internal sealed class AwaitedCalls(Pair pair, byte[] payload, EnvelopeSlab slab)
{
    // A buffer for each of the loop's threads; a call that waits keeps it, and the next one has another.
    private readonly byte[][] _buffers = [.. Enumerable.Range(0, 2).Select(_ => Buffer(payload.Length))];

    /// <summary>Into arrays of their own.</summary>
    internal ValueTask Fresh(int number) => Seals(number) ? SealAsync(Own(number)) : OpenAsync(Own(number));

    /// <summary>Into the caller's memory.</summary>
    internal ValueTask Into(int number)
    {
        ref var buffer = ref _buffers[number & 1];
        var done = Seals(number) ? SealIntoAsync(Own(number), buffer) : OpenIntoAsync(Own(number), buffer);
        if (!done.IsCompleted)
        {
            buffer = Buffer(payload.Length);
        }

        return done;
    }

    /// <summary>No engine: a lock and the provider's call over as many keys, with a header's length of associated data.</summary>
    internal static Func<int, ValueTask> Bare(AeadKey[] keys, byte[] payload)
    {
        var buffers = Enumerable.Range(0, 2).Select(_ => Buffer(payload.Length)).ToArray();
        return number =>
        {
            var key = keys[Spread.Over(number, keys.Length)];
            var buffer = buffers[number & 1].AsSpan();
            Span<byte> nonce = stackalloc byte[AeadKey.NonceSize];
            BitConverter.TryWriteBytes(nonce, number);
            lock (key)
            {
                key.Seal(nonce, payload.AsSpan(0, 44), payload, buffer[..payload.Length], buffer.Slice(payload.Length, AeadKey.TagSize));
            }

            return ValueTask.CompletedTask;
        };
    }

    private static bool Seals(int number) => (number & 2) == 0;

    private static int Own(int number) => ((number >> 2) << 1) | (number & 1);      // 0, 1, 2, … of seals, and of opens

    private static byte[] Buffer(int payloadLength) => new byte[payloadLength + SessionEngine.EnvelopeOverhead];

    private ValueTask SealAsync(int number)
    {
        var session = pair.Sessions[Spread.Over(number, pair.Sessions.Length)];
        var sealing = pair.Sender.SealAsync(session.Peer, payload, session.Identity);
        return sealing.IsCompletedSuccessfully ? Whole(sealing.Result.Length) : WaitAsync(sealing);

        async ValueTask WaitAsync(ValueTask<byte[]> sealing) => await Whole((await sealing).Length);
    }

    private ValueTask SealIntoAsync(int number, byte[] buffer)
    {
        var session = pair.Sessions[Spread.Over(number, pair.Sessions.Length)];
        var sealing = pair.Sender.SealIntoAsync(session.Peer, payload, buffer, session.Identity);
        return sealing.IsCompletedSuccessfully ? Whole(sealing.Result) : WaitAsync(sealing);

        async ValueTask WaitAsync(ValueTask<int> sealing) => await Whole(await sealing);
    }

    private ValueTask OpenAsync(int number) => Checked(pair.Receiver.OpenAsync(slab[number]));

    private ValueTask OpenIntoAsync(int number, byte[] buffer) => Checked(pair.Receiver.OpenIntoAsync(slab[number], buffer));

    private ValueTask Checked(ValueTask<OpenedEnvelope> opening)
    {
        return opening.IsCompletedSuccessfully ? Same(opening.Result) : WaitAsync(opening);

        async ValueTask WaitAsync(ValueTask<OpenedEnvelope> opening) => await Same(await opening);
    }

    private ValueTask Whole(int length) => length == payload.Length + SessionEngine.EnvelopeOverhead
        ? ValueTask.CompletedTask : throw new InvalidOperationException("an envelope was not sealed whole");

    private ValueTask Same(in OpenedEnvelope opened) => opened.Payload.Span.SequenceEqual(payload)
        ? ValueTask.CompletedTask : throw new InvalidOperationException("an envelope did not open to what went in");
}
