using System.Collections.Concurrent;
using Kyberium.Engine;

namespace Kyberium.Measuring;

/// <summary>Sealing over all sessions of a sender; one envelope in many is kept and must open to what went in.</summary>
/// <param name="sender">The engine that seals.</param>
/// <param name="sessions">Its sessions.</param>
internal sealed class VolatileTraffic(SessionEngine sender, SessionName[] sessions)
{
    internal const int SampleEvery = 4_096;
    private const int SamplesMax = 64;      // the last ones: a session of one caller changes its keys every few seconds

    private readonly ConcurrentQueue<(SessionName Session, byte[] Envelope, int Size)> _samples = new();

    /// <summary>Gives a call that seals payloads of a size.</summary>
    internal Func<int, ValueTask> Of(int size)
    {
        var payload = Payload(size);
        return number =>
        {
            var session = sessions[Spread.Over(number, sessions.Length)];
            var sealing = sender.SealAsync(session.Peer, payload, session.Identity);
            if (sealing.IsCompletedSuccessfully)
            {
                Keep(number, session, sealing.Result, size);
                return ValueTask.CompletedTask;
            }

            return WaitAsync(sealing, number, session, size);
        };
    }

    /// <summary>Opens what was kept.</summary>
    /// <param name="receiver">The engine at the other end.</param>
    /// <param name="isThere">Says whose other end it is: others' samples are dropped.</param>
    /// <returns>How many were opened.</returns>
    /// <exception cref="InvalidOperationException">One opens to something else, or as another session's.</exception>
    internal async Task<int> CheckAsync(SessionEngine receiver, Func<SessionName, bool> isThere)
    {
        var opened = 0;
        while (_samples.TryDequeue(out var sample))
        {
            if (!isThere(sample.Session))
            {
                continue;
            }

            var envelope = await receiver.OpenAsync(sample.Envelope);
            if (envelope.Identity != sample.Session.Receiving || envelope.Peer != sample.Session.Origin
                || !envelope.Payload.Span.SequenceEqual(Payload(sample.Size)))
            {
                throw new InvalidOperationException($"an envelope for {sample.Session} opened to something else");
            }

            opened++;
        }

        return opened;
    }

    private async ValueTask WaitAsync(ValueTask<byte[]> sealing, int number, SessionName session, int size) =>
        Keep(number, session, await sealing, size);

    private void Keep(int number, SessionName session, byte[] envelope, int size)
    {
        if (number % SampleEvery == 0)
        {
            _samples.Enqueue((session, envelope, size));
            if (_samples.Count > SamplesMax)
            {
                _samples.TryDequeue(out _);
            }
        }
    }

    private static byte[] Payload(int size) => [.. Enumerable.Range(size, size).Select(value => (byte)value)];
}
