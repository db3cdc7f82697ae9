using Kyberium.Engine;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>A sender over SQLite, or another store, whose peers cannot be reached: nothing is sealed for a link and nothing leaves the outbox, so that only being durable is measured.</summary>
internal sealed class SenderAlone : IAsyncDisposable
{
    private readonly Pair _pair;
    private readonly byte[] _payload = new byte[256];
    private int _sent;

    private SenderAlone(Pair pair) => _pair = pair;

    internal static async Task<SenderAlone> StartAsync(
        LoadOptions options, AeadProviderChoice aead, Func<string, CancellationToken, Task<IJournal>>? openJournal = null)
    {
        var pair = await Pair.StartAsync(new PairOptions
        {
            Sessions = Math.Min(options.Peers, 1_000),
            Store = StoreKind.Disk,
            OpenJournal = openJournal,
            Connects = false,
            Aead = aead,
            Configure = WithoutCheckpoints,
        });
        await pair.Receiver.DisposeAsync();
        foreach (var session in pair.Sessions)
        {
            await pair.Sender.SetAddressesAsync(session.Peer, [], session.Identity);
        }

        return new SenderAlone(pair);
    }

    internal Task SendAsync(int number)
    {
        Interlocked.Increment(ref _sent);
        var session = _pair.Sessions[Spread.Over(number, _pair.Sessions.Length)];
        return _pair.Sender.SendAsync(session.Peer, _payload, new SendOptions(Identity: session.Identity));
    }

    /// <exception cref="InvalidOperationException">The outboxes do not hold what was sent.</exception>
    internal async Task CheckAsync()
    {
        var kept = 0;
        foreach (var session in _pair.Sessions)
        {
            kept += (await _pair.Sender.GetPeerAsync(session.Peer, session.Identity)).OutboxCount;
        }

        if (kept != _sent)
        {
            throw new InvalidOperationException($"the outboxes keep {kept} of {_sent} messages");
        }
    }

    public ValueTask DisposeAsync() => _pair.DisposeAsync();

    /// <summary>A checkpoint would write each message that waits as a row, and a second handshake attempt would come in between.</summary>
    private static void WithoutCheckpoints(EngineOptions options)
    {
        options.Journal.CheckpointInterval = TimeSpan.FromHours(1);
        options.Journal.TailBytesMax = 16L << 30;
        options.Handshake.RetryInitial = options.Handshake.RetryMax = TimeSpan.FromMinutes(5);
    }
}
