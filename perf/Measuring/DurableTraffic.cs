using System.Collections.Concurrent;
using System.Diagnostics;
using Kyberium.Engine;

namespace Kyberium.Measuring;

/// <summary>Durable messages over all sessions of a pair, handled as they come: each must arrive once, whole and in order.</summary>
internal sealed class DurableTraffic : IAsyncDisposable
{
    private const int AcknowledgingMax = 8_192;
    private const int TouchingMax = 512;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Pair _pair;
    private readonly SemaphoreSlim _acknowledging = new(AcknowledgingMax);
    private readonly CancellationTokenSource _ends = new();
    private readonly ConcurrentDictionary<(IdentityName, PeerId, Guid), ulong> _last = new();
    private readonly Task _handling;
    private Exception? _failure;
    private long _sent, _handled, _refused;

    internal DurableTraffic(Pair pair)
    {
        _pair = pair;
        _handling = HandleAsync();
    }

    /// <summary>Gets how often a message found its peer's outbox full: the engine's way to push back, after which it is offered again.</summary>
    internal long Refused => Interlocked.Read(ref _refused);

    internal long Handled => Interlocked.Read(ref _handled);

    /// <summary>Gives a call that sends payloads of a size, spread over the sessions, and is answered when the message is durable.</summary>
    internal Func<int, ValueTask> Of(int size)
    {
        var payload = new byte[size];
        payload.AsSpan().Fill((byte)size);
        return number => new ValueTask(SendAsync(_pair.Sessions[Spread.Over(number, _pair.Sessions.Length)], payload));
    }

    /// <summary>Sends one message over each session, so that both sides have all of them in memory.</summary>
    internal async Task TouchAsync()
    {
        var payload = new byte[1];
        payload.AsSpan().Fill(1);
        await Parallel.ForEachAsync(_pair.Sessions, new ParallelOptions { MaxDegreeOfParallelism = TouchingMax }, async (session, _) => await SendAsync(session, payload));
        await DrainAsync();
    }

    /// <summary>Waits until all that was sent is handled, so that the next load does not begin with this one's rest.</summary>
    /// <exception cref="InvalidOperationException">A message came twice, out of order or changed, or did not come.</exception>
    internal async Task DrainAsync()
    {
        for (var began = Stopwatch.GetTimestamp(); Handled < Interlocked.Read(ref _sent) || _acknowledging.CurrentCount < AcknowledgingMax;)
        {
            if (Volatile.Read(ref _failure) is { } failure)
            {
                throw new InvalidOperationException("the receiver failed", failure);
            }

            if (Stopwatch.GetElapsedTime(began) > Patience)
            {
                throw new InvalidOperationException($"{Handled:N0} of {Interlocked.Read(ref _sent):N0} messages were handled after {Patience.TotalMinutes} minutes");
            }

            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ends.CancelAsync();
        await _handling;
        _ends.Dispose();
        _acknowledging.Dispose();
    }

    private async Task SendAsync(SessionName session, byte[] payload)
    {
        Interlocked.Increment(ref _sent);
        while (true)
        {
            try
            {
                await _pair.Sender.SendAsync(session.Peer, payload, new SendOptions(Identity: session.Identity, WaitsForRoom: true));
                return;
            }
            catch (EngineException full) when (full.Code == EngineErrorCode.OutboxFull)
            {
                Interlocked.Increment(ref _refused);
                await Task.Delay(1);        // the receiver sets the pace: what waits here counts as latency
            }
        }
    }

    private async Task HandleAsync()
    {
        try
        {
            await foreach (var message in _pair.Receiver.ReceiveAsync(_ends.Token))
            {
                Check(message);
                await _acknowledging.WaitAsync(_ends.Token);
                _ = AcknowledgeAsync(message.Id);
            }
        }
        catch (OperationCanceledException) when (_ends.IsCancellationRequested)
        {
            // the run is over
        }
#pragma warning disable CA1031 // Kept, and thrown where the messages are waited for.
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref _failure, failure, null);
        }
#pragma warning restore CA1031
    }

    private async Task AcknowledgeAsync(ReceivedMessageId message)
    {
        try
        {
            await _pair.Receiver.AcknowledgeAsync(message);
            Interlocked.Increment(ref _handled);
        }
#pragma warning disable CA1031 // As above.
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref _failure, failure, null);
        }
#pragma warning restore CA1031
        finally
        {
            _acknowledging.Release();
        }
    }

    private void Check(ReceivedMessage message)
    {
        var stream = (message.Id.Identity, message.Id.Peer, message.Id.Stream);
        var before = _last.GetValueOrDefault(stream);
        if (message.Attempt != 1 || (before != 0 && message.Id.Number != before + 1))
        {
            throw new InvalidOperationException($"message {message.Id} came after number {before}, at attempt {message.Attempt}");
        }

        if (message.Payload.Span.ContainsAnyExcept((byte)message.Payload.Length))
        {
            throw new InvalidOperationException($"message {message.Id} came with other bytes");
        }

        _last[stream] = message.Id.Number;
    }
}
